// The strip on top: alerts of the last day by level, how each program is, and whether what is on
// the screen is live. Silence is shown, never left out.

import {api} from "./api.js";
import {h, replace} from "./dom.js";
import {count, time} from "./format.js";
import {texts} from "./texts.js";

const EVERY_MS = 10000;

customElements.define("hd-strip", class extends HTMLElement {
	levels = new Set(); // the queue's

	connectedCallback() {
		this.counts = h("div", {class: "counts", role: "group", "aria-label": texts.last_day});
		this.programs = h("ul", {class: "programs", "aria-label": texts.programs});
		this.state = h("span", {class: "live connecting", role: "status"}, texts.connecting);
		replace(this, h("span", {class: "caption"}, texts.last_day), this.counts, this.programs, this.state);
		this.timer = setInterval(() => this.load(), EVERY_MS);
	}

	disconnectedCallback() {
		clearInterval(this.timer);
		clearTimeout(this.soon);
	}

	setLive(state) {
		this.state.className = `live ${state}`;
		this.state.textContent = texts[state];
	}

	// Alerts come in bursts: one question for all of a burst.
	loadSoon() {
		clearTimeout(this.soon);
		this.soon = setTimeout(() => this.load(), 700);
	}

	async load() {
		let status;
		try {
			status = await api.status();
		} catch {
			return; // the live sign tells that the server is away
		}
		this.status = status;
		this.render();
	}

	render() {
		const focused = this.counts.contains(document.activeElement) && document.activeElement.dataset.level;
		const {levels_24h: levels, programs, redis} = this.status;
		this.counts.replaceChildren(...Object.keys(texts.level).map((level) => h("button", {
			type: "button", class: "level", "data-level": level, "aria-pressed": String(this.levels.has(level)),
			title: texts.filter_level(texts.level[level]),
			onclick: () => this.dispatchEvent(new CustomEvent("level", {detail: level})),
		}, h("strong", {}, count(levels[level])), h("span", {}, texts.level[level]))));
		if (focused)
			this.counts.querySelector(`[data-level="${focused}"]`).focus();
		if (!redis) {
			this.programs.replaceChildren(h("li", {class: "silent"}, texts.unknown_health));
			return;
		}
		const silentFirst = [...programs].sort((a, b) => b.silent - a.silent);
		this.programs.replaceChildren(...silentFirst.map((program) => {
			const name = texts.program[program.program] ?? program.program;
			const tip = [`${program.program}.${program.instance}`, program.silent ? texts.silent : program.status, program.version].filter(Boolean).join(" · ");
			return h("li", {class: program.silent ? "silent" : "working", title: tip},
				h("span", {class: "sign", "aria-hidden": "true"}), name, program.silent
					? h("strong", {}, ` ${program.instance} ${texts.silent}`) : h("span", {class: "unseen"}, ` ${texts.working}`));
		}));
	}
});
