"""haidang-correlator against a second reading of the Sigma specification: random rules on random events,
the same seed each run. The evaluator here is plain and slow; it shares nothing with the program."""
import base64
import ipaddress
import json
import random
import re
import subprocess

import pytest
from conftest import program

DASHES = "-/–—―"
WORDS = ["cmd", "evil", "Evil.exe", "a*b", "x?y", "c:\\dir\\", "\\\\host\\", "-enc", "/enc", "–enc", "key -enc now", "10.1.2.3", "192.168.0.9", "2001:db8::1",
         "80", "443", "1.50", "đập", "ĐẬP nước", "", " ", "true", "Kelvin", "ab\nCD", "100%", "foobar", "Zm9vYmFy", "xZm9vYmFyx", "*", "\\*"]
EVENT_WORDS = [*WORDS, "c\0m\0d\0", "YwBtAGQA", "AGMAbQBk"]
FIELDS = ["a", "b", "n", "o.p", "o.q.r", "l", "m.k"]


# ---- the second reading -------------------------------------------------------

def tokens(text):
    """A value as characters and wildcards: ("c", char), ("*",), ("?",)."""
    out, i = [], 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] in "*?\\":
            out.append(("c", text[i + 1]))
            i += 1
        elif text[i] in "*?":
            out.append((text[i],))
        else:
            out.append(("c", text[i]))
        i += 1
    return out


def windash(value):
    def word(t):
        return t is not None and t[0] == "c" and (t[1].isalnum() or t[1] == "_")
    out = []
    for i, t in enumerate(value):
        opens = t[0] == "c" and t[1] in DASHES and not (i > 0 and word(value[i - 1])) and word(value[i + 1] if i + 1 < len(value) else None)
        out.append(("-",) if opens else t)
    return out


def to_regex(value, cased):
    parts = {"*": ".*", "?": ".", "-": f"[{DASHES}]"}
    pattern = "".join(re.escape(t[1] if cased else lower(t[1])) if t[0] == "c" else parts[t[0]] for t in value)
    return re.compile(pattern, re.S)


def lower(text):
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def text_of(leaf):
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    return leaf if isinstance(leaf, str) else json.dumps(leaf)


def number_of(leaf):
    if isinstance(leaf, bool) or leaf is None:
        return None
    if isinstance(leaf, str):
        return float(leaf) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", leaf) else None
    return float(leaf)


def encodings(value, modifiers):
    plain = ["".join(t[1] for t in value)]
    found = [p.encode() for p in plain]
    for m in modifiers:
        if m in ("wide", "utf16le"):
            found = [b.decode().encode("utf-16le") for b in found]
        elif m == "utf16be":
            found = [b.decode().encode("utf-16be") for b in found]
        elif m == "base64":
            found = [base64.b64encode(b) for b in found]
        elif m == "base64offset":
            found = [base64.b64encode(b" " * i + b)[(0, 2, 3)[i]:(None, -3, -2)[(len(b) + i) % 3]] for b in found for i in range(3)]
    return [[("c", c) for c in b.decode("latin-1")] for b in found]


def text_matches(leaf, value, modifiers):
    if leaf is None:
        return False
    encoded = [m for m in modifiers if m in ("wide", "utf16le", "utf16be", "base64", "base64offset")]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    read = tokens(text_of(value))
    if "windash" in modifiers:
        read = windash(read)
    cased, text = "cased" in modifiers, text_of(leaf)
    opens = [m for m in modifiers if m in ("contains", "startswith", "endswith")]
    if number and not opens and not encoded and not isinstance(leaf, (str, bool)):
        return float(leaf) == float(value)
    for one in encodings(read, encoded) if encoded else [read]:
        if any(m in ("contains", "endswith") for m in opens):
            one = [("*",)] + one
        if any(m in ("contains", "startswith") for m in opens):
            one = one + [("*",)]
        if to_regex(one, cased).fullmatch(text if cased else lower(text)):
            return True
    return False


def field_matches(leaf, other, modifiers):
    if leaf is None or other is None:
        return False
    numbers = not isinstance(leaf, (str, bool)) and not isinstance(other, (str, bool))
    fold = (lambda t: t) if "cased" in modifiers else lower
    one, two = fold(text_of(leaf)), fold(text_of(other))
    if "contains" in modifiers:
        return two in one
    if "startswith" in modifiers:
        return one.startswith(two)
    if "endswith" in modifiers:
        return one.endswith(two)
    return float(leaf) == float(other) if numbers else one == two


def in_block(text, block):
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(block)
    except ValueError:
        return False


def leaf_matches(event, leaf, value, modifiers):
    if "fieldref" in modifiers:
        return any(field_matches(leaf, o, modifiers) for o in look_up(event, value)[1])
    if "re" in modifiers:
        flags = sum(f for m, f in (("i", re.I), ("m", re.M), ("s", re.S)) if m in modifiers)
        return leaf is not None and re.search(value, text_of(leaf), flags) is not None
    if "cidr" in modifiers:
        return isinstance(leaf, str) and in_block(leaf, value)
    for m, compare in (("lte", lambda x: x <= value), ("lt", lambda x: x < value), ("gte", lambda x: x >= value), ("gt", lambda x: x > value)):
        if m in modifiers:
            return number_of(leaf) is not None and compare(number_of(leaf))
    return text_matches(leaf, value, modifiers)


def leaves(value):
    if isinstance(value, list):
        return [x for v in value for x in leaves(v)]
    if isinstance(value, dict):
        return [x for v in value.values() for x in leaves(v)]
    return [value]


def look_up(event, name):
    """Whether the field is there, and all its single values."""
    if not name:
        return True, leaves(event)
    def walk(at, steps):
        if not steps:
            return True, leaves(at)
        if isinstance(at, list):
            found = [walk(v, steps) for v in at]
            return any(f for f, _ in found), [x for _, v in found for x in v]
        if not isinstance(at, dict):
            return False, []
        for i in range(1, len(steps) + 1):
            key = ".".join(steps[:i])
            if key in at and walk(at[key], steps[i:])[0]:
                return walk(at[key], steps[i:])
        return False, []
    return walk(event, name.split("."))


def item_holds(event, key, values):
    name, *modifiers = key.split("|")
    there, found = look_up(event, name)
    values = values if isinstance(values, list) else [values]
    if "exists" in modifiers:
        return there == values[0]
    def one(value):
        if value is None:
            return not there or None in found
        if not name and not any(m in modifiers for m in ("re", "cidr", "gt", "gte", "lt", "lte")):
            return any(text_matches(leaf, value, [*modifiers, "contains"]) for leaf in found)
        return any(leaf_matches(event, leaf, value, modifiers) for leaf in found)
    result = (all if "all" in modifiers else any)(one(v) for v in values)
    return there and not result if "neq" in modifiers else result


def search_holds(event, search):
    if isinstance(search, dict):
        return all(item_holds(event, k, v) for k, v in search.items())
    if isinstance(search, list):
        return any(search_holds(event, s) for s in search)
    return item_holds(event, "", search)


def condition_holds(event, detection):
    searches = {k: v for k, v in detection.items() if k != "condition"}
    def names(pattern):
        if pattern == "them":
            return [n for n in searches if not n.startswith("_")]
        return [n for n in searches if re.fullmatch(pattern.replace("*", ".*"), n) and (not n.startswith("_") or pattern.startswith("_"))]
    def value(text):
        words = re.sub(r"\b(1|all) of ([\w*]+)",
                       lambda m: str((any if m[1] == "1" else all)(search_holds(event, searches[n]) for n in names(m[2]))), text)
        words = re.sub(r"\b(?!and\b|or\b|not\b|True\b|False\b)[a-z_]\w*", lambda m: str(search_holds(event, searches[m[0]])), words)
        return eval(words, {"__builtins__": {}})  # only True, False, and, or, not and brackets are left
    conditions = detection["condition"]
    return any(value(c) for c in (conditions if isinstance(conditions, list) else [conditions]))


# ---- random rules and events --------------------------------------------------

class Random(random.Random):
    def text(self):
        word = self.choice(WORDS)
        return self.choice([word, word.upper(), word[:3], self.choice(WORDS) + word, "*" + word, word + "*"])

    def leaf(self):
        return self.choice([self.choice(EVENT_WORDS), self.choice(EVENT_WORDS).upper(), self.choice(WORDS) + self.choice(WORDS), 80, 443, 1.5, -3, 80.0, True, False, None])

    def event(self):
        event = {}
        for name in FIELDS:
            if self.random() < 0.6:
                value = [self.leaf() for _ in range(self.randint(0, 3))] if self.random() < 0.2 else self.leaf()
                *path, last = name.split(".") if self.random() < 0.7 else [name]
                at = event
                for step in path:
                    at = at.setdefault(step, {}) if isinstance(at.get(step, {}), dict) else at
                at[last] = value
        if self.random() < 0.1:
            event["m"] = [{"k": self.leaf()}, {"k": self.leaf()}, {"z": 1}]
        return event

    def item(self):
        name, kind = self.choice(FIELDS), self.random()
        many = self.random() < 0.4
        def pick(make):
            return [make() for _ in range(self.randint(1, 4))] if many else make()
        neq = self.choice(["", "", "", "|neq"])
        if kind < 0.45:
            extra = self.choice(["", "|contains", "|startswith", "|endswith", "|contains|cased", "|cased", "|windash|contains", "|contains|windash", "|endswith|cased"])
            return name + extra + (self.choice(["", "|all"]) if many else "") + neq, pick(self.text)
        if kind < 0.55:
            return name + neq, pick(lambda: self.choice([80, 443, 1.5, "80", None, "", True, "true"]))
        if kind < 0.65:
            return f"{name}|{self.choice(['lt', 'lte', 'gt', 'gte'])}", pick(lambda: self.choice([80, 1.5, -3, 100]))
        if kind < 0.72:
            return name + "|cidr" + neq, pick(lambda: self.choice(["10.0.0.0/8", "10.1.2.0/25", "2001:db8::/32", "0.0.0.0/0", "192.168.0.9"]))
        if kind < 0.8:
            return name + "|re" + self.choice(["", "|i", "|m", "|s", "|i|s"]), pick(lambda: self.choice(["^ev.l", "(evil|cmd)", "[0-9]+$", "b.CD", "^CD", "e.i.*exe", "EVIL|FOO", "enc\\b", "a\\*b"]))
        if kind < 0.86:
            return name + "|exists", self.choice([True, False])
        if kind < 0.93:
            return name + self.choice(["|base64", "|base64|contains", "|base64offset|contains", "|wide|base64offset|contains", "|wide|contains", "|utf16be|base64"]), pick(lambda: self.choice(["foobar", "cmd", "oba", "x"]))
        return name + "|fieldref" + self.choice(["", "|contains", "|endswith", "|startswith", "|cased"]) + neq, self.choice(FIELDS)

    def search(self):
        kind = self.random()
        if kind < 0.12:
            return self.choice([[self.text() or "x" for _ in range(self.randint(1, 3))], {"|all": [self.text() or "x", self.text() or "y"]}])
        if kind < 0.25:
            return [dict([self.item()]) for _ in range(self.randint(1, 3))]
        return dict(self.item() for _ in range(self.randint(1, 3)))

    def detection(self):
        detection = {n: self.search() for n in ("sel_a", "sel_b", "filter", "_hidden")}
        detection["condition"] = self.choice(["sel_a", "sel_a and sel_b", "sel_a or sel_b", "sel_a and not filter", "not sel_a", "1 of sel_*", "all of sel_*", "1 of them", "all of them",
                                              "not (sel_a or filter) and sel_b", "sel_a or sel_b and not filter", "(sel_a or sel_b) and not 1 of filter*", "_hidden or not sel_b and filter",
                                              ["sel_a and sel_b", "filter"], "1 of _hid* and sel_a", "not not sel_a"])
        return detection


@pytest.mark.parametrize("seed", range(2))
def test_detections_match_as_a_second_reading_says(tmp_path, seed):
    rng = Random(seed)
    detections = [rng.detection() for _ in range(120)]
    events = [rng.event() for _ in range(100)]
    rules = "\n---\n".join(json.dumps({"title": f"r{i}", "detection": d}) for i, d in enumerate(detections))
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "events.ndjson").write_text("\n".join(json.dumps(e) for e in events) + "\n")
    done = subprocess.run([program("correlator"), "test", "--raw", tmp_path / "rules.yml", tmp_path / "events.ndjson"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    found = {(m["rule"], m["line"]) for m in map(json.loads, done.stdout.splitlines())}
    expected = {(f"r{i}", line) for i, d in enumerate(detections) for line, e in enumerate(events, 1) if condition_holds(e, d)}
    wrong = sorted(found ^ expected)
    assert not wrong, [(w, w in found, detections[int(w[0][1:])], events[w[1] - 1]) for w in wrong[:3]]
    assert len(expected) > 1500
