"""The rule pack as a whole, and what `haidang rules` says of it."""
import json
import subprocess

import pytest

import alerts
from conftest import ROOT, program

RULE = """
title: {title}
id: a-rule
name: a_rule
logsource: {{product: haidang, service: article}}
detection:
    selection: {{article.topics: {topic}}}
    condition: selection
falsepositives: [none known]
level: low
haidang:
    title_vi: Luật
    owner: ioc
    entity: "{{article.subject}}"
    {extra}
    explanation: {{vi: "vì {{article.title}}", en: "because {{article.title}}"}}
    advice: {{vi: "làm", en: "do"}}
"""


def rules(*args):
    return subprocess.run([program("ctl"), "rules", *map(str, args)], capture_output=True, text=True, timeout=60, cwd=ROOT)


def pack(folder, **changes):
    folder = folder / "pack"
    folder.mkdir()
    (folder / "r.yml").write_text(RULE.format(**{"title": "T", "topic": "harm.scam", "extra": "", **changes}))
    event = {"timestamp": "2026-11-20T00:00:00Z", "event_type": "article", "article": {"topics": [changes.get("topic", "harm.scam")], "story_id": "s"}}
    (folder / "r.match.ndjson").write_text(json.dumps(event) + "\n")
    (folder / "r.nomatch.ndjson").write_text(json.dumps({**event, "event_type": "dns"}) + "\n")
    return folder


def test_the_pack_is_as_large_as_promised_and_every_rule_passes():
    for domain, least in ("network", 60), ("information", 25), ("bridge", 10):
        assert len(list((ROOT / "rules/sigma" / domain).glob("*.yml"))) >= least
    said = rules("test")
    assert said.returncode == 0, [line for line in said.stdout.splitlines() if not line.startswith("ok")]
    assert rules("check").returncode == 0


@pytest.mark.parametrize("word", ["tin giả", "bịa đặt", "xuyên tạc", "phản động", "fake news"])
def test_no_rule_says_that_somebody_lies(word):
    assert [p.name for p in ROOT.glob("rules/sigma/*/*.yml") if word in p.read_text().lower()] == []


def test_a_rule_that_explains_itself_passes(folder):
    said = rules("test", pack(folder))
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("changes, said", [
    ({"topic": "ioc.egov"}, "topics of feedback need a value_count of 5 or more"),
    ({"topic": "env.pollution"}, "topics of feedback need a value_count of 5 or more"),
])
def test_feedback_raises_no_single_alert(folder, changes, said):
    done = rules("test", pack(folder, **changes))
    assert done.returncode == 1 and said in done.stdout


@pytest.mark.parametrize("gone, said", [
    ("    title_vi: Luật\n", "haidang.title_vi is missing"),
    ("    advice: {vi: \"làm\", en: \"do\"}\n", "haidang.advice.vi is missing"),
    ("falsepositives: [none known]\n", "falsepositives are missing"),
    ("level: low\n", "level is missing"),
])
def test_a_rule_that_does_not_explain_itself_is_refused(folder, gone, said):
    path = pack(folder)
    (path / "r.yml").write_text((path / "r.yml").read_text().replace(gone, ""))
    done = rules("test", path)
    assert done.returncode == 1 and said in done.stdout


@pytest.mark.parametrize("extra, said", [
    ("raise: {loud: 5}", "raise: expected a level"),
    ("raise: {high: 1}", "a count of 2 or more"),
    ("notify: ioc", "expected a list"),
    ("inhibits: {rules: [x], for: 1h}", "inhibits: expected"),
    ("inhibits: {rules: [x], same: a, for: soon}", "for: expected a duration"),
    ("inhibits: {rules: [nobody], same: a, for: 1h}", "no such rule"),
])
def test_what_a_rule_says_of_its_alerts_must_make_sense(folder, extra, said):
    done = rules("check", pack(folder, extra=extra))
    assert done.returncode == 2 and said in done.stderr


def test_the_list_names_every_rule_that_raises_alerts():
    said = rules("list")
    assert said.returncode == 0
    for path in (ROOT / "rules/sigma").glob("*/*.yml"):
        assert f"| `{path.stem}` |" in said.stdout


def test_stats_count_alerts_and_what_analysts_said(redis):
    def standing(body, change, state, disposition=""):
        redis.client.xadd("changes:{console}", {"a": json.dumps({**body, "standing": {
            "change": change, "at": "2026-11-23T08:00:00.000000+00:00", "state": state, "disposition": disposition, "reason": "r"}})})
    bodies = [alerts.alert(n) for n in range(4)]
    for body in bodies:
        alerts.put(redis, body)
    alerts.put(redis, {**bodies[0], "revision": 2})
    standing(bodies[0], 1, "acknowledged")
    standing(bodies[0], 2, "closed", "false_positive")
    standing(bodies[1], 1, "closed", "confirmed")
    standing(bodies[2], 1, "closed", "false_positive")
    standing(bodies[2], 2, "new")
    said = subprocess.run([program("ctl"), "rules", "stats", "--redis", redis.address, "--json"], capture_output=True, text=True, timeout=20)
    assert said.returncode == 0, said.stderr
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(r["alerts"], r["revisions"], r["closed"], r["false_positives"]) for r in rows] == [(4, 5, 2, 1)]
    said = subprocess.run([program("ctl"), "rules", "stats", "--redis", redis.address], capture_output=True, text=True, timeout=20)
    assert "50 %" in said.stdout
