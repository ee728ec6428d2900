// The two pages before the queue: log in, and change a one-time password.

import {api} from "./api.js";
import {h, replace} from "./dom.js";
import {problemText, texts} from "./texts.js";

function field(label, attributes) {
	const input = h("input", {required: true, maxlength: 256, ...attributes});
	return [h("label", {class: "field"}, h("span", {}, label), input), input];
}

class Card extends HTMLElement {
	show(title, note, fields, button, submit) {
		this.error = h("p", {class: "error", role: "alert"});
		const send = h("button", {class: "primary", type: "submit"}, button);
		const form = h("form", {
			class: "card", onsubmit: async (event) => {
				event.preventDefault();
				send.disabled = true;
				this.error.textContent = "";
				try {
					this.dispatchEvent(new CustomEvent("session", {detail: await submit()}));
				} catch (problem) {
					this.error.textContent = problem.error ? problemText(problem) : problem.message;
					send.disabled = false;
				}
			},
		},
		h("img", {src: "/ui/logo.svg", alt: "", width: 56, height: 56}),
		h("h1", {}, texts.app), h("p", {class: "tagline"}, texts.tagline),
		h("h2", {}, title), note && h("p", {class: "note"}, note),
		fields, this.error, send, h("p", {class: "note small"}, texts.login_notice));
		replace(this, h("main", {class: "center"}, form));
		form.querySelector("input:not([hidden])").focus();
	}
}

customElements.define("hd-login", class extends Card {
	connectedCallback() {
		const [nameField, name] = field(texts.name, {name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false"});
		const [passwordField, password] = field(texts.password, {name: "password", type: "password", autocomplete: "current-password"});
		this.show(texts.login, null, [nameField, passwordField], texts.login, () => api.login(name.value.trim(), password.value));
		if (this.getAttribute("why"))
			this.error.textContent = this.getAttribute("why");
	}
});

customElements.define("hd-password", class extends Card {
	connectedCallback() {
		const [oldField, old] = field(texts.old_password, {name: "old", type: "password", autocomplete: "current-password"});
		const [freshField, fresh] = field(texts.new_password, {name: "new", type: "password", autocomplete: "new-password"});
		const [repeatField, repeat] = field(texts.repeat_password, {name: "repeat", type: "password", autocomplete: "new-password"});
		const rule = h("p", {class: "note small"}, texts.password_rule);
		const name = h("input", {hidden: true, name: "name", autocomplete: "username", value: this.getAttribute("name")});
		this.show(texts.change_password, texts.change_password_why, [name, oldField, freshField, repeatField, rule], texts.change_password, () => {
			if (fresh.value !== repeat.value)
				throw new Error(texts.passwords_differ);
			return api.changePassword(old.value, fresh.value);
		});
	}
});
