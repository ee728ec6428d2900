// The queue: filters, the list, its live changes, and which alert is chosen.

import {api} from "./api.js";
import {h, replace} from "./dom.js";
import {ago, count, time} from "./format.js";
import {texts} from "./texts.js";

const PAGE = 100;
const OPEN = "new,acknowledged";
const SHOWN_MAX = 500; // a flood of alerts must not make the page slow; the others come with "more"
const SEARCH_PAUSE_MS = 250;
const SEARCH_AGAIN_MS = 1000;

function select(label, choices, onchange) {
	return h("select", {"aria-label": label, onchange}, choices.map(([value, text]) => h("option", {value}, text)));
}

customElements.define("hd-queue", class extends HTMLElement {
	alerts = new Map(); // id → summary
	levels = new Set();
	more = false;
	room = SHOWN_MAX;
	chosen = null;

	connectedCallback() {
		const changed = () => this.load();
		this.search = h("input", {type: "search", placeholder: texts.search, "aria-label": texts.search, maxlength: 200, oninput: () => {
			clearTimeout(this.pause);
			this.pause = setTimeout(changed, SEARCH_PAUSE_MS);
		}});
		this.states = select(texts.state_filter, [[OPEN, texts.states_open], ...Object.entries(texts.state), ["", texts.states_all]], changed);
		this.domains = select(texts.domain_filter, [["", texts.domains_all], ...Object.entries(texts.domain)], changed);
		this.total = h("span", {class: "total", "aria-live": "polite"});
		this.list = h("ol", {class: "alerts", "aria-label": texts.queue});
		this.moreButton = h("button", {type: "button", class: "more", hidden: true, onclick: () => this.loadMore()}, texts.more);
		replace(this,
			h("div", {class: "filters"}, this.search, this.states, this.domains, this.total),
			h("div", {class: "scroll"}, this.list, this.moreButton));
		this.clock = setInterval(() => this.refreshAges(), 15000);
	}

	disconnectedCallback() {
		clearInterval(this.clock);
		clearTimeout(this.again);
		cancelAnimationFrame(this.frame);
	}

	query(before) {
		const query = {limit: PAGE};
		const set = (name, value) => value && (query[name] = value);
		set("status", this.states.value);
		set("domain", this.domains.value);
		set("level", [...this.levels].join(","));
		set("q", this.search.value.trim());
		set("before", before);
		return query;
	}

	// Gives the number of the last change the list holds; the live stream goes on from there.
	async load() {
		const turn = this.turn = {}, late = this.late = []; // changes that the answer may not hold
		const answer = await api.alerts(this.query()).finally(() => {
			if (this.late === late)
				this.late = null;
		});
		if (turn !== this.turn)
			return answer.change; // a later question was asked meanwhile
		this.alerts = new Map(answer.alerts.map((alert) => [alert.id, alert]));
		this.more = answer.alerts.length === PAGE;
		this.room = SHOWN_MAX;
		for (const alert of late)
			this.place(alert);
		this.render();
		return answer.change;
	}

	async loadMore() {
		const last = [...this.alerts.values()].at(-1);
		const answer = await api.alerts(this.query(last?.seq));
		for (const alert of answer.alerts)
			this.alerts.set(alert.id, alert);
		this.room = Math.max(SHOWN_MAX, this.alerts.size);
		this.more = answer.alerts.length === PAGE;
		this.render();
	}

	fits(alert) {
		return (!this.states.value || this.states.value.split(",").includes(alert.state)) &&
			(!this.domains.value || alert.domain === this.domains.value) &&
			(!this.levels.size || this.levels.has(alert.level));
	}

	// A change that came over the live stream.
	update(alert) {
		if (this.search.value.trim()) {
			this.again ??= setTimeout(() => {
				this.again = null;
				this.load();
			}, SEARCH_AGAIN_MS);
			return;
		}
		this.late?.push(alert);
		this.place(alert);
		// Changes come in bursts: one drawing for all of a burst.
		this.frame ??= requestAnimationFrame(() => {
			this.frame = null;
			this.render();
		});
	}

	place(alert) {
		const known = this.alerts.has(alert.id);
		if (!this.fits(alert)) {
			if (known && alert.id !== this.chosen)
				this.alerts.delete(alert.id);
			else if (known)
				this.alerts.set(alert.id, alert); // stays in sight while it is chosen
		} else if (known) {
			this.alerts.set(alert.id, alert);
		} else if (!this.more || alert.seq > ([...this.alerts.values()].at(-1)?.seq ?? 0)) { // older ones come with "more"
			alert.fresh = true;
			this.alerts.set(alert.id, alert);
			const sorted = [...this.alerts].sort((a, b) => b[1].seq - a[1].seq);
			this.more ||= sorted.length > this.room;
			this.alerts = new Map(sorted.slice(0, this.room));
		}
	}

	toggleLevel(level) {
		if (!this.levels.delete(level))
			this.levels.add(level);
		this.load();
	}

	row(alert) {
		const chosen = alert.id === this.chosen;
		const button = h("button", {
			type: "button", class: `alert ${alert.state}${alert.fresh ? " fresh" : ""}`, "data-level": alert.level,
			"data-id": alert.id, "aria-current": chosen ? "true" : null, tabindex: chosen ? 0 : -1, onclick: () => this.choose(alert.id),
		},
		h("span", {class: "badge", "data-level": alert.level}, texts.level[alert.level]),
		h("span", {class: "title"}, alert.title),
		h("span", {class: "age", "data-at": alert.received}, ago(alert.received)),
		h("span", {class: "entity"}, alert.entity),
		h("span", {class: "facts"},
			h("span", {class: "state"}, texts.state[alert.state]),
			alert.assignee && h("span", {}, alert.assignee),
			h("span", {class: `domain ${alert.domain}`}, texts.domain[alert.domain]),
			alert.count > 1 && h("span", {class: "count"}, texts.times(count(alert.count)))));
		return h("li", {}, button);
	}

	render() {
		const focused = this.list.contains(document.activeElement);
		const shown = this.alerts.size;
		const empty = this.search.value || this.levels.size || this.domains.value || this.states.value !== OPEN ? texts.none : texts.none_open;
		this.list.replaceChildren(...[...this.alerts.values()].map((alert) => this.row(alert)));
		if (!shown)
			this.list.append(h("li", {class: "empty"}, empty));
		else if (!this.list.querySelector("[tabindex='0']"))
			this.list.querySelector("button").tabIndex = 0;
		this.moreButton.hidden = !this.more;
		this.total.textContent = (this.more ? texts.shown_more : texts.shown)(count(shown));
		if (focused)
			this.list.querySelector("[aria-current]")?.focus({preventScroll: true});
	}

	refreshAges() {
		for (const age of this.list.querySelectorAll(".age"))
			age.textContent = ago(age.dataset.at);
	}

	choose(id) {
		const before = this.alerts.get(this.chosen);
		this.chosen = id;
		if (before && before.id !== id && !this.search.value && !this.fits(before))
			this.alerts.delete(before.id);
		const alert = this.alerts.get(id);
		if (alert)
			alert.fresh = false;
		this.render();
		const button = this.list.querySelector("[aria-current]");
		button?.scrollIntoView({block: "nearest"});
		button?.focus({preventScroll: true});
		this.dispatchEvent(new CustomEvent("chosen", {detail: id}));
	}

	step(by) {
		const ids = [...this.alerts.keys()];
		if (!ids.length)
			return;
		const at = ids.indexOf(this.chosen);
		this.choose(ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))]);
	}
});
