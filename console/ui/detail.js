// The chosen alert: why it was raised, what to do first, the evidence, and what people did.

import {api, Problem} from "./api.js";
import {askClose, askComment, askIncident, askReopen} from "./dialogs.js";
import {h, replace} from "./dom.js";
import {count, span, time} from "./format.js";
import {problemText, texts} from "./texts.js";

const TIMES = new Set(["timestamp", "article.published", "tls.notafter", "tls.notbefore", "flow.start", "flow.end"]);
// Shown last, if at all: they name the event rather than tell about it.
const IDENTIFIERS = ["sensor", "in_iface", "flow_id", "community_id", "event_id"];
const ENDPOINTS = ["src_ip", "src_port", "dest_ip", "dest_port"];
const MAIN = ["timestamp", "event_type", "source", "destination"];

const label = (field) => texts.field[field] ?? field;

function plain(value) {
	if (Array.isArray(value))
		return value.map(plain).join(", ");
	return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function flatten(object, prefix = "", into = {}) {
	for (const [key, value] of Object.entries(object)) {
		if (typeof value === "object" && value !== null && !Array.isArray(value))
			flatten(value, `${prefix}${key}.`, into);
		else
			into[prefix + key] = value;
	}
	return into;
}

function endpoint(ip, port) {
	if (ip === undefined)
		return undefined;
	return port === undefined ? ip : String(ip).includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function eventRow(event) {
	const row = flatten(event);
	row.source = endpoint(row.src_ip, row.src_port);
	row.destination = endpoint(row.dest_ip, row.dest_port);
	for (const field of ENDPOINTS)
		delete row[field];
	return row;
}

function columns(rows) {
	const seen = new Set(rows.flatMap((row) => Object.keys(row).filter((field) => row[field] !== undefined)));
	const known = (field) => seen.delete(field);
	const first = MAIN.filter(known), last = IDENTIFIERS.filter(known);
	return [...first, ...seen, ...last];
}

function cell(field, row, matched) {
	const value = row[field];
	if (value === undefined)
		return h("td", {});
	const shown = TIMES.has(field) ? time(value) : plain(value);
	const hit = matched.has(plain(value)) || (field === "source" && matched.has(plain(value).replace(/:\d+$/, "")));
	const kind = IDENTIFIERS.includes(field) ? "identifier" : field === "source" || field === "destination" ? "endpoint" : null;
	return h("td", {class: kind}, hit ? h("mark", {}, shown) : shown);
}

function evidence(alert) {
	const rows = alert.events.map(eventRow);
	if (!rows.length)
		return h("p", {class: "note"}, texts.no_events);
	const shown = columns(rows);
	const matched = new Set(Object.values(alert.group).map(plain));
	return [h("div", {class: "table", tabindex: 0, role: "region", "aria-label": texts.evidence}, h("table", {},
		h("thead", {}, h("tr", {}, shown.map((field) => h("th", {scope: "col", title: field}, label(field))))),
		h("tbody", {}, rows.map((row) => h("tr", {}, shown.map((field) => cell(field, row, matched))))))),
	h("p", {class: "note small"}, texts.events_shown(rows.length))];
}

function fact(name, ...value) {
	return [h("dt", {}, name), h("dd", {}, value)];
}

function why(alert, summary) {
	const group = Object.entries(alert.group);
	return h("section", {class: "why"}, h("h3", {}, texts.why),
		h("p", {class: "lead"}, alert.explanation.vi || alert.explanation.en),
		h("dl", {class: "facts"},
			alert.count > 0 && fact(texts.counted, h("strong", {}, count(alert.count)),
				alert.threshold > 1 && h("span", {class: "note"}, ` (${texts.threshold(count(alert.threshold), alert.timespan_s && span(alert.timespan_s))})`)),
			fact(texts.first_seen, time(alert.first_seen)),
			fact(texts.last_seen, time(alert.last_seen)),
			summary.owner && fact(texts.owner, summary.owner),
			summary.assignee && fact(texts.assignee, summary.assignee),
			summary.revision > 1 && fact(texts.revision, summary.revision),
			group.length > 0 && fact(texts.matched, h("ul", {class: "matched"}, group.map(([field, value]) =>
				h("li", {}, h("span", {title: field}, label(field)), " ", h("mark", {}, plain(value))))))),
		h("details", {}, h("summary", {}, texts.rule, ": ", alert.rule.title),
			h("dl", {class: "facts"},
				fact("id", alert.rule.id), alert.rule.file && fact("file", alert.rule.file),
				alert.rule.author && fact(texts.author, `${alert.rule.author}${alert.rule.license ? ` (${alert.rule.license})` : ""}`),
				alert.attack.length > 0 && fact(texts.attack, alert.attack.join(", ")))));
}

function historyItem(entry) {
	return h("li", {},
		h("span", {class: "who"}, entry.actor), " ", texts.history_action[entry.action] ?? entry.action,
		entry.detail.incident && h("span", {class: "pill"}, texts.severity[entry.detail.incident]),
		entry.detail.disposition && h("span", {class: "pill"}, texts.disposition[entry.detail.disposition]),
		" ", h("span", {class: "note small"}, time(entry.at)),
		entry.detail.note && h("p", {}, entry.detail.note));
}

// What the alert's state permits, with its key.
const ACTIONS = [
	{key: "a", name: "acknowledge", states: ["new"], primary: true, start: (view) => view.act((id) => api.acknowledge(id))},
	{key: "c", name: "comment", states: ["new", "acknowledged", "closed"], start: (view) => askComment((text) => view.act((id) => api.comment(id, text)))},
	{key: "i", name: "incident", states: ["new", "acknowledged"], start: (view) => askIncident((severity, reason) => view.act((id) => api.incident(id, severity, reason)))},
	{key: "e", name: "close", states: ["new", "acknowledged"], start: (view) => askClose((disposition, reason) => view.act((id) => api.close(id, disposition, reason)))},
	{key: "r", name: "reopen", states: ["closed"], start: (view) => askReopen((reason) => view.act((id) => api.reopen(id, reason)))},
];

customElements.define("hd-detail", class extends HTMLElement {
	mayAct = false;

	connectedCallback() {
		this.clear();
	}

	clear() {
		this.shown = null;
		replace(this, h("p", {class: "choose"}, texts.choose));
	}

	async show(id) {
		const turn = this.turn = {};
		try {
			const answer = await api.alert(id);
			if (turn === this.turn)
				this.render(answer);
		} catch (problem) {
			if (turn === this.turn && problem instanceof Problem)
				replace(this, h("p", {class: "choose error", role: "alert"}, problemText(problem)));
		}
	}

	// The alert changed, by whoever: only what is in sight is fetched again.
	refresh(summary) {
		if (summary.id === this.shown?.summary.id && !this.acting)
			this.show(summary.id);
	}

	render({summary, alert, history}) {
		const again = this.shown?.summary.id === summary.id;
		const top = again ? this.querySelector(".body")?.scrollTop : 0;
		this.shown = {summary, alert, history};
		this.error = h("p", {class: "error", role: "alert"});
		replace(this,
			h("header", {}, h("div", {class: "line"},
				h("span", {class: "badge", "data-level": summary.level}, texts.level[summary.level]),
				h("span", {class: `pill ${summary.state}`}, texts.state[summary.state]),
				summary.incident && h("span", {class: "pill", title: time(summary.incident_at)}, texts.is_incident, ": ", texts.severity[summary.incident]),
				summary.disposition && h("span", {class: "pill"}, texts.disposition[summary.disposition]),
				h("span", {class: `domain ${summary.domain}`}, texts.domain[summary.domain]),
				h("span", {class: "note small id"}, summary.id)),
			h("h2", {}, summary.title), h("p", {class: "entity"}, summary.entity),
			this.mayAct && h("div", {class: "buttons"}, ACTIONS.filter((action) => action.states.includes(summary.state)).map((action) =>
				h("button", {type: "button", class: action.primary ? "primary" : null, "data-act": action.name, onclick: () => this.start(action)},
					texts[action.name], h("kbd", {"aria-hidden": "true"}, action.key)))),
			this.error),
			h("div", {class: "body"},
				why(alert, summary),
				h("section", {class: "advice"}, h("h3", {}, texts.advice), h("p", {}, alert.advice.vi || alert.advice.en || texts.no_advice)),
				h("section", {}, h("h3", {}, texts.evidence), evidence(alert)),
				h("section", {class: "history"}, h("h3", {}, texts.history), history.length
					? h("ol", {}, history.map(historyItem)) : h("p", {class: "note"}, texts.no_history))));
		this.querySelector(".body").scrollTop = top ?? 0;
	}

	async start(action) {
		try {
			await action.start(this);
		} catch (problem) {
			this.error.textContent = problemText(problem);
		}
	}

	// True when the key was one of an action that is possible now.
	key(key) {
		const action = ACTIONS.find((each) => each.key === key && each.states.includes(this.shown?.summary.state));
		if (!action || !this.mayAct)
			return false;
		this.start(action);
		return true;
	}

	async act(send) {
		const id = this.shown.summary.id;
		this.acting = true;
		try {
			const answer = await send(id);
			if (this.shown?.summary.id === id)
				this.render(answer);
			this.dispatchEvent(new CustomEvent("acted", {detail: answer.summary}));
		} catch (problem) {
			if (problem.error === "wrong_state")
				await this.show(id);
			throw problem;
		} finally {
			this.acting = false;
		}
	}
});
