// The console's API: fetch with the session's token against forged requests, and problems as
// errors; the live stream, which comes back by itself.

let csrf = "";

export class Problem extends Error {
	constructor(status, body) {
		super(body.error);
		this.status = status;
		this.error = body.error;
		this.detail = body.detail;
	}
}

// Whole numbers that a double cannot hold stay as they were written: flow ids have 64 bits.
function parse(text) {
	return JSON.parse(text, (key, value, context) =>
		typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
			? context.source : value);
}

async function call(method, path, body) {
	const headers = {};
	if (method !== "GET" && csrf)
		headers["X-CSRF-Token"] = csrf;
	if (body)
		headers["Content-Type"] = "application/json";
	let response, text;
	try {
		response = await fetch(`/api/v1/${path}`, {method, headers, body: body && JSON.stringify(body), cache: "no-store"});
		text = await response.text();
	} catch {
		throw new Problem(0, {error: "network"});
	}
	let answer = null;
	try {
		answer = text ? parse(text) : null;
	} catch {
		throw new Problem(response.status, {error: String(response.status)});
	}
	if (response.ok)
		return answer;
	const problem = new Problem(response.status, answer?.error ? answer : {error: String(response.status)});
	if (problem.error === "not_logged_in" || problem.error === "password_change_required")
		dispatchEvent(new CustomEvent("session-over", {detail: problem}));
	throw problem;
}

async function session(promise) {
	const who = await promise;
	csrf = who.csrf;
	return who;
}

const id = encodeURIComponent;

export const api = {
	who: () => session(call("GET", "session")),
	login: (name, password) => session(call("POST", "session", {name, password})),
	changePassword: (old, fresh) => session(call("POST", "session/password", {old, new: fresh})),
	logout: () => call("DELETE", "session"),
	alerts: (query) => call("GET", `alerts?${new URLSearchParams(query)}`),
	alert: (alert) => call("GET", `alerts/${id(alert)}`),
	acknowledge: (alert) => call("POST", `alerts/${id(alert)}/acknowledge`),
	comment: (alert, text) => call("POST", `alerts/${id(alert)}/comment`, {text}),
	incident: (alert, severity, reason) => call("POST", `alerts/${id(alert)}/incident`, {severity, reason}),
	close: (alert, disposition, reason) => call("POST", `alerts/${id(alert)}/close`, {disposition, reason}),
	reopen: (alert, reason) => call("POST", `alerts/${id(alert)}/reopen`, {reason}),
	status: () => call("GET", "status"),
};

const SILENCE_MS = 12000; // the server beats every 5 s
const RETRY_MS = 3000;

// Calls on.alert(summary), on.reset() and on.state("live" | "offline") until stop() is called.
export class Live {
	constructor(change, on) {
		this.change = change;
		this.on = on;
		this.open();
		this.watch = setInterval(() => {
			if (Date.now() - this.heard > SILENCE_MS)
				this.again();
		}, 2000);
	}

	open() {
		this.heard = Date.now();
		this.source = new EventSource(`/api/v1/stream?after=${this.change}`);
		const hear = (event) => {
			this.heard = Date.now();
			if (event.lastEventId)
				this.change = event.lastEventId;
		};
		this.source.addEventListener("open", (event) => {
			hear(event);
			this.on.state("live");
		});
		this.source.addEventListener("beat", hear);
		this.source.addEventListener("alert", (event) => {
			hear(event);
			this.on.alert(JSON.parse(event.data));
		});
		this.source.addEventListener("reset", (event) => {
			hear(event);
			this.on.reset();
		});
		this.source.addEventListener("error", () => {
			this.on.state("offline");
			if (this.source.readyState === EventSource.CLOSED)
				this.again();
		});
	}

	// A refusal ends an EventSource for good: the session may be over, or the server coming up.
	again() {
		this.source.close();
		this.heard = Date.now();
		this.on.state("offline");
		clearTimeout(this.retry);
		this.retry = setTimeout(async () => {
			try {
				await api.status(); // unlike who(), no sign of somebody at the screen
			} catch (problem) {
				if (problem.error === "not_logged_in")
					return;
				this.again();
				return;
			}
			this.open();
		}, RETRY_MS);
	}

	stop() {
		clearInterval(this.watch);
		clearTimeout(this.retry);
		this.source.close();
	}
}
