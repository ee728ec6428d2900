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

export function askClose(act) {
	const [field, input] = noteField(texts.close_reason);
	const choices = Object.entries(texts.disposition).map(([value, label], i) =>
		h("label", {class: "choice"}, h("input", {type: "radio", name: "disposition", value, required: true, id: `disposition-${i}`}), label));
	const group = h("fieldset", {}, h("legend", {}, texts.close_disposition), h("div", {class: "choices"}, choices));
	const chosen = () => group.querySelector("input:checked").value;
	return ask(texts.close_title, [group, field, h("p", {class: "note small"}, texts.reason_help)], texts.close, () => act(chosen(), input.value));
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
