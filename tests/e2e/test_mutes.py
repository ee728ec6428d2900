"""Alerts that are muted, silenced by others, or told again: on Redis, with the correlator and `haidang mutes`."""
import collections
import json
import os
import random
import subprocess
import time

import pytest

from conftest import ROOT, program, wait_for
from test_correlator import Producer

RULES = """
title: A visit
id: visit
level: medium
logsource: {category: tls}
detection: {selection: {event_type: tls}, condition: selection}
haidang: {group_by: [src_ip], owner: ioc, suppress: 1h, raise: {high: 40}, notify: [pa05]}
---
title: Something grave
id: grave
level: critical
logsource: {category: http}
detection: {selection: {event_type: http}, condition: selection}
haidang: {group_by: [src_ip], owner: pa05, inhibits: {rules: [visit], same: src_ip, for: 1h}}
"""


@pytest.fixture
def haidang(redis):
    def run(*args):
        return subprocess.run([program("ctl"), "mutes", *map(str, args), "--redis", redis.address], capture_output=True,
                              text=True, timeout=20, env={**os.environ, "TZ": "UTC"})
    return run


@pytest.fixture
def correlate(redis, spawn, shared, folder):
    """Gives events to a running correlator and returns all alerts so far."""
    (folder / "rules.yml").write_text(RULES)
    producer = Producer(redis.client, ["ev:{net.s.0}"])
    spawn("correlator", {**shared, "correlator": {"rules": [str(folder / "rules.yml")], "assets": str(ROOT / "rules/assets.yaml")}})

    def give(events):
        producer.send("ev:{net.s.0}", events)
        wait_for(lambda: not redis.client.xlen("ev:{net.s.0}"), 15, "the stream empty")
        return [json.loads(fields[b"a"]) for bucket in range(16) for _, fields in redis.client.xrange(f"al:{{b{bucket:02d}}}")]
    return give


def visit(source, kind="tls"):
    return {"event_type": kind, "src_ip": source, "dest_ip": "192.0.2.1"}


def mute(haidang, *args):
    said = haidang("add", "--owner", "ioc", "--reason", "known scanner, ticket 12", "--for", "1h", *args)
    assert said.returncode == 0, said.stderr
    return said.stdout.split()[0]


def test_a_mute_holds_back_what_fits_and_counts_it(haidang, correlate, redis):
    mute_id = mute(haidang, "--rule", "visit", "--network", "10.1.0.0/16")
    correlate([visit("10.9.0.9")])
    wait_for(lambda: b"mutes" in (redis.client.get("mute:{all}") or b""), 5, "the list")
    time.sleep(1.2)  # workers look each second
    found = correlate([visit("10.1.0.1"), visit("10.1.0.2"), visit("10.2.0.1"), visit("10.1.0.1", "http")])
    assert sorted((a["rule"]["id"], a["group"]["src_ip"]) for a in found) == [
        ("grave", "10.1.0.1"), ("visit", "10.2.0.1"), ("visit", "10.9.0.9")]
    wait_for(lambda: redis.client.hget("mute:{all}:counts", mute_id) == b"2", 5, "the counter")
    said = haidang("list")
    assert mute_id in said.stdout and "muted 2" in said.stdout and "known scanner" in said.stdout
    assert haidang("remove", "--id", mute_id).returncode == 0
    time.sleep(1.2)
    found = correlate([visit("10.1.0.3")])
    assert ("visit", "10.1.0.3") in [(a["rule"]["id"], a["group"]["src_ip"]) for a in found]
    assert [json.loads(line)["what"] for line in haidang("log").stdout.splitlines()] == ["add", "remove"]


def test_a_dry_run_shows_what_would_have_been_muted(haidang, correlate):
    correlate([visit("10.1.0.1"), visit("10.2.0.1"), visit("10.3.0.1", "http")])
    said = haidang("dry-run", "--network", "10.1.0.0/16")
    assert said.returncode == 0 and "1 of 3 alerts would have been muted" in said.stdout and "A visit: 10.1.0.1" in said.stdout
    said = haidang("dry-run", "--network", "10.3.0.0/16")
    assert "0 of 3 alerts would have been muted; 1 more only with --critical" in said.stdout
    assert "1 of 3" in haidang("dry-run", "--network", "10.3.0.0/16", "--critical").stdout


@pytest.mark.parametrize("args, said", [
    (["--rule", "visit", "--owner", "ioc", "--reason", "short", "--for", "1h"], "a reason of 10 letters"),
    (["--rule", "visit", "--reason", "long enough a reason", "--for", "1h"], "needs an owner"),
    (["--rule", "visit", "--owner", "ioc", "--reason", "long enough a reason"], "needs an end"),
    (["--rule", "visit", "--owner", "ioc", "--reason", "long enough a reason", "--for", "91d"], "90 days"),
    (["--owner", "ioc", "--reason", "long enough a reason", "--for", "1h"], "needs a rule"),
    (["--network", "10.0.0.0/4", "--owner", "ioc", "--reason", "long enough a reason", "--for", "1h"], "too wide"),
])
def test_a_mute_without_owner_reason_end_or_aim_is_refused(haidang, redis, args, said):
    done = haidang("add", *args)
    assert done.returncode == 2 and said in done.stderr
    assert redis.client.get("mute:{all}") is None


def test_an_alert_silences_others_about_the_same(correlate):
    found = correlate([visit("10.1.0.1", "http"), visit("10.1.0.1"), visit("10.2.0.1")])
    found += correlate([visit("10.1.0.1")])
    assert sorted({(a["rule"]["id"], a["group"]["src_ip"]) for a in found}) == [("grave", "10.1.0.1"), ("visit", "10.2.0.1")]


def test_a_storm_is_one_alert_with_revisions_and_a_rise_is_told(correlate):
    found = correlate([visit("10.1.0.1") for _ in range(200)])
    assert len({a["alert_id"] for a in found}) == 1
    assert [(a["revision"], a["count"], a["rule"]["level"], a["revised_for"]) for a in sorted(found, key=lambda a: a["revision"])] == [
        (1, 1, "medium", ""), (2, 10, "medium", "count"), (3, 40, "high", "level"), (4, 160, "high", "count")]
    last = found[-1]
    assert [o["id"] for o in last["notify"]] == ["ioc", "pa05"] and last["matched"] == {"event_type": "tls"}


def test_revisions_are_exact_while_workers_are_killed(redis, spawn, shared, folder):
    (folder / "rules.yml").write_text(RULES)
    config = {**shared, "correlator": {"rules": [str(folder / "rules.yml")], "batch": 4, "lease": "1s"}}
    rng, sources = random.Random(3), [f"10.5.0.{n}" for n in range(40)]
    events = [visit(source) for source in sources for _ in range(60)]
    rng.shuffle(events)
    producer, kills, worker = Producer(redis.client, ["ev:{net.s.0}"]), 0, spawn("correlator", config)
    for at in range(0, len(events), 300):  # in parts, so that a fast machine is killed as often
        producer.send("ev:{net.s.0}", events[at:at + 300])
        time.sleep(rng.uniform(0.02, 0.08))
        worker.kill()
        worker = spawn("correlator", config)
        kills += 1
    while redis.client.xlen("ev:{net.s.0}") and kills < 40:
        time.sleep(rng.uniform(0.02, 0.08))
        worker.kill()
        worker = spawn("correlator", config)
        kills += 1
    wait_for(lambda: not redis.client.xlen("ev:{net.s.0}"), 20, "the stream empty")
    found = collections.Counter()
    for bucket in range(16):
        for _, fields in redis.client.xrange(f"al:{{b{bucket:02d}}}"):
            alert = json.loads(fields[b"a"])
            found[alert["group"]["src_ip"], alert["revision"], alert["count"], alert["rule"]["level"]] += 1
    wanted = ((1, 1, "medium"), (2, 10, "medium"), (3, 40, "high"))
    assert found == collections.Counter((source, *w) for source in sources for w in wanted)
    assert kills >= 3
