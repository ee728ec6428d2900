// Puts the page together: who is logged in, the queue beside the chosen alert, the live stream
// between them, and the keys.

import {api, Live, Problem} from "./api.js";
import {showHelp} from "./dialogs.js";
import "./detail.js";
import {h, replace} from "./dom.js";
import "./login.js";
import {problemText, texts} from "./texts.js";
import "./queue.js";
import "./strip.js";

let live = null;
let onKey = null;

function leave() {
	live?.stop();
	live = null;
	if (onKey)
		removeEventListener("keydown", onKey);
	onKey = null;
	for (const dialog of document.querySelectorAll("dialog"))
		dialog.remove();
}

function showLogin(why) {
	leave();
	const login = h("hd-login", {why});
	login.addEventListener("session", (event) => enter(event.detail));
	replace(document.body, login);
}

function enter(who) {
	leave();
	if (!who.must_change_password) {
		showQueue(who);
		return;
	}
	const password = h("hd-password", {name: who.name});
	password.addEventListener("session", (event) => enter(event.detail));
	replace(document.body, password);
}

function topBar(who, strip) {
	return h("header", {class: "top"},
		h("img", {src: "/ui/logo.svg", alt: "", width: 28, height: 28}), h("h1", {}, texts.app), strip,
		h("div", {class: "who"},
			h("span", {title: `${who.name}, ${texts.role[who.role]}`}, who.name),
			h("button", {type: "button", title: texts.help, "aria-label": texts.help, onclick: showHelp}, "?"),
			h("button", {type: "button", onclick: async () => {
				await api.logout().catch(() => {});
				showLogin();
			}}, texts.logout)));
}

function typing(target) {
	return target instanceof Element && target.closest("input, textarea, select, dialog") !== null;
}

function keys(queue, detail) {
	return (event) => {
		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.key === "Escape" && event.target === queue.search)
			queue.search.blur();
		if (typing(event.target) || document.querySelector("dialog[open]"))
			return;
		const act = {
			j: () => queue.step(1), k: () => queue.step(-1), "?": showHelp, "/": () => queue.search.focus(),
		}[event.key] ?? (queue.contains(event.target) && {ArrowDown: () => queue.step(1), ArrowUp: () => queue.step(-1)}[event.key]);
		if (act) {
			event.preventDefault();
			act();
		} else if (detail.key(event.key)) {
			event.preventDefault();
		}
	};
}

// Somebody at the keyboard or mouse keeps the session; a screen nobody touches does not.
function keepSession() {
	let last = Date.now();
	return () => {
		if (Date.now() - last < 60000)
			return;
		last = Date.now();
		api.who().catch(() => {});
	};
}

async function follow(queue, detail, strip) {
	const reload = async () => queue.load();
	const change = await queue.load();
	live = new Live(change, {
		alert: (summary) => {
			queue.update(summary);
			detail.refresh(summary);
			strip.loadSoon();
		},
		reset: reload,
		state: (state) => strip.setLive(state),
	});
}

async function showQueue(who) {
	const strip = h("hd-strip"), queue = h("hd-queue"), detail = h("hd-detail");
	detail.mayAct = who.permissions.includes("act");
	strip.levels = queue.levels;
	queue.addEventListener("chosen", (event) => {
		history.replaceState(null, "", `#${event.detail}`);
		detail.show(event.detail);
	});
	detail.addEventListener("acted", (event) => queue.update(event.detail));
	strip.addEventListener("level", (event) => {
		queue.toggleLevel(event.detail);
		strip.render();
	});
	replace(document.body, topBar(who, strip), h("main", {class: "panes"}, queue, detail));
	onKey = keys(queue, detail);
	addEventListener("keydown", onKey);
	strip.load();
	try {
		await follow(queue, detail, strip);
	} catch (problem) {
		if (problem.error !== "not_logged_in")
			replace(detail, h("p", {class: "choose error", role: "alert"}, problemText(problem)));
		return;
	}
	if (/^#al-[0-9a-f]{24}$/.test(location.hash))
		queue.choose(location.hash.slice(1));
}

addEventListener("session-over", (event) => {
	if (document.querySelector("hd-queue"))
		showLogin(problemText(event.detail));
});

// What was asked in the background and refused; where a person waits for it, it is shown there.
addEventListener("unhandledrejection", (event) => {
	if (!(event.reason instanceof Problem))
		return;
	event.preventDefault();
	if (event.reason.error === "not_logged_in")
		return;
	const flash = h("p", {class: "flash", role: "status"}, problemText(event.reason));
	document.body.append(flash);
	setTimeout(() => flash.remove(), 6000);
});

const keep = keepSession();
addEventListener("keydown", () => document.querySelector("hd-queue") && keep());
addEventListener("pointerdown", () => document.querySelector("hd-queue") && keep());

api.who().then(enter, (problem) => showLogin(problem.error === "not_logged_in" ? "" : problemText(problem)));
