// Dialogs that ask for a note or a conclusion before an action, and the table of keys.

import {h} from "./dom.js";
import {problemText, texts} from "./texts.js";

// Shows `fields` in a dialog; `act` is called with it still open, so that a refusal is seen in it.
function ask(title, fields, button, act) {
	return new Promise((resolve) => {
		const error = h("p", {class: "error", role: "alert"});
		const send = h("button", {class: "primary", type: "submit"}, button);
		const dialog = h("dialog", {"aria-label": title, onclose: () => {
			dialog.remove();
			resolve(dialog.returned);
		}},
		h("form", {onsubmit: async (event) => {
			event.preventDefault();
			send.disabled = true;
			error.textContent = "";
			try {
				dialog.returned = await act();
				dialog.close();
			} catch (problem) {
				error.textContent = problemText(problem);
				send.disabled = false;
			}
		}},
		h("h2", {}, title), fields, error,
		h("div", {class: "buttons"}, h("button", {type: "button", onclick: () => dialog.close()}, texts.cancel), send)));
		document.body.append(dialog);
		dialog.showModal();
		dialog.querySelector("textarea, select, input")?.focus();
	});
}

function noteField(label) {
	const input = h("textarea", {required: true, rows: 4, maxlength: 2000, name: "note"});
	return [h("label", {class: "field"}, h("span", {}, label), input), input];
}

export function askComment(act) {
	const [field, input] = noteField(texts.comment_label);
	return ask(texts.comment_title, [field], texts.save, () => act(input.value));
}

export function askReopen(act) {
	const [field, input] = noteField(texts.close_reason);
	return ask(texts.reopen_title, [field, h("p", {class: "note small"}, texts.reason_help)], texts.reopen, () => act(input.value));
}

// One of several choices and a reason.
function askChoice({title, legend, choices, button, help}, act) {
	const [field, input] = noteField(texts.close_reason);
	const options = Object.entries(choices).map(([value, label], i) =>
		h("label", {class: "choice"}, h("input", {type: "radio", name: "choice", value, required: true, id: `choice-${i}`}), label));
	const group = h("fieldset", {}, h("legend", {}, legend), h("div", {class: "choices"}, options));
	const chosen = () => group.querySelector("input:checked").value;
	return ask(title, [group, field, h("p", {class: "note small"}, help)], button, () => act(chosen(), input.value));
}

export function askClose(act) {
	return askChoice({title: texts.close_title, legend: texts.close_disposition, choices: texts.disposition, button: texts.close,
		help: texts.reason_help}, act);
}

export function askIncident(act) {
	return askChoice({title: texts.incident_title, legend: texts.incident_severity, choices: texts.severity, button: texts.incident,
		help: texts.incident_help}, act);
}

export function showHelp() {
	if (document.querySelector("dialog[open]"))
		return;
	const dialog = h("dialog", {"aria-label": texts.help, onclose: () => dialog.remove()},
		h("h2", {}, texts.help),
		h("dl", {class: "keys"}, texts.help_keys.map(([keys, meaning]) => [
			h("dt", {}, keys.split("  ").map((key) => h("kbd", {}, key))), h("dd", {}, meaning)])),
		h("div", {class: "buttons"}, h("button", {class: "primary", type: "button", onclick: () => dialog.close()}, texts.done)));
	document.body.append(dialog);
	dialog.showModal();
}
