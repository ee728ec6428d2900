// Times and numbers as people here read them: UTC+7, with UTC in the tooltip.

import {h} from "./dom.js";
import {texts} from "./texts.js";

const zone = "Asia/Ho_Chi_Minh";
const clock = new Intl.DateTimeFormat("vi-VN", {timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false});
const day = new Intl.DateTimeFormat("vi-VN", {timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric"});
const number = new Intl.NumberFormat("vi-VN");

export function time(iso) {
	const at = new Date(iso);
	if (Number.isNaN(at.getTime()))
		return h("span", {}, String(iso));
	const text = day.format(at) === day.format(new Date()) ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
	return h("time", {datetime: iso, title: texts.utc(at.toISOString().slice(0, 19).replace("T", " "))}, text);
}

export function ago(iso) {
	const minutes = Math.max(0, Math.floor((Date.now() - new Date(iso).getTime()) / 60000));
	if (minutes < 1)
		return texts.ago.now;
	if (minutes < 60)
		return texts.ago.minutes(minutes);
	if (minutes < 48 * 60)
		return texts.ago.hours(Math.floor(minutes / 60));
	return texts.ago.days(Math.floor(minutes / 1440));
}

export function span(seconds) {
	if (seconds % 86400 === 0)
		return texts.span.days(seconds / 86400);
	if (seconds % 3600 === 0)
		return texts.span.hours(seconds / 3600);
	if (seconds % 60 === 0)
		return texts.span.minutes(seconds / 60);
	return texts.span.seconds(seconds);
}

export function count(n) {
	return number.format(n);
}
