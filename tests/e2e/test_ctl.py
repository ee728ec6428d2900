"""The `haidang` command: state, alerts in words, rules, fields."""
import json
import os
import pathlib
import subprocess
import time

import pytest

import alerts
from conftest import ROOT, program, wait_for


@pytest.fixture
def haidang():
    def run(*args, **kwargs):
        return subprocess.run([program("ctl"), *map(str, args)], capture_output=True, text=True, timeout=20,
                              env={**os.environ, "TZ": "Asia/Ho_Chi_Minh"}, **kwargs)
    return run


def report(redis, name, instance, status="fine", **metrics):
    """What a program writes about itself every few seconds."""
    key = f"health:{name}.{instance}"
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime())
    redis.client.set(key, json.dumps({"program": name, "instance": instance, "pid": 1, "version": "1.2.3", "started": now,
                                      "updated": now, "status": status, "metrics": metrics}), ex=30)
    redis.client.sadd("health:index", key)


def test_status_is_0_when_all_runs(haidang, redis):
    report(redis, "correlator", "k1", haidang_correlator_rules=18)
    report(redis, "courier", "c1", **{'haidang_courier_delivered_total{target="a"}': 3,
                                      'haidang_courier_delivered_total{target="b"}': 4})
    alerts.put(redis, alerts.alert(1, level="critical"))
    alerts.put(redis, alerts.alert(2, level="high"))
    said = haidang("status", "--redis", redis.address)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "fine: rules 18\n" in said.stdout and "fine: delivered 7\n" in said.stdout
    assert "critical 1, high 1, medium 0" in said.stdout and "All is well." in said.stdout
    said = haidang("status", "--redis", redis.address, "--json")
    state = json.loads(said.stdout)
    assert said.returncode == 0 and state["ok"] is True and state["alerts_24h"]["critical"] == 1
    assert [(p["program"], p["instance"], p["state"]) for p in state["programs"]] == [
        ("correlator", "k1", "running"), ("courier", "c1", "running")]
    assert state["programs"][1]["figures"]["delivered"] == 7


def test_status_is_1_when_a_program_is_silent(haidang, redis):
    report(redis, "probe", "s1")
    redis.client.delete("health:probe.s1")
    said = haidang("status", "--redis", redis.address)
    assert said.returncode == 1 and "SILENT" in said.stdout and "PROBLEM: probe s1 is silent" in said.stdout
    state = json.loads(haidang("status", "--redis", redis.address, "--json").stdout)
    assert state["ok"] is False and state["programs"][0] == {"program": "probe", "instance": "s1", "state": "silent"}


@pytest.mark.parametrize("status, metrics, problem", [
    ("degraded: centre: HTTP 503", {}, "degraded: centre: HTTP 503"),
    ("delivering", {"haidang_courier_targets_failing": 1}, "targets failing 1"),
    ("degraded: \x1b]0;evil\x07", {}, "degraded: ]0;evil"),
])
def test_status_is_1_when_a_program_says_so(haidang, redis, status, metrics, problem):
    report(redis, "courier", "c1", status, **metrics)
    said = haidang("status", "--redis", redis.address)
    assert said.returncode == 1 and problem in said.stdout and "\x1b" not in said.stdout


def test_status_is_1_without_redis_or_programs(haidang, redis, folder):
    assert haidang("status", "--redis", redis.address).returncode == 1
    said = haidang("status", "--redis", f"unix:{folder}/none.sock")
    assert said.returncode == 1 and "none.sock" in said.stderr


@pytest.mark.parametrize("args", [["--nonsense"], ["status", "--nonsense"], ["status", "extra"], ["alerts", "--since", "soon"],
                                  ["alerts", "--level", "loud"], ["alerts", "--lang", "fr"], ["alerts", "--limit", "0"], ["rules"],
                                  ["rules", "chekc"], ["courier"], ["courier", "test"], ["rules", "check", "--x"], ["fields", "x"], ["version", "x"], ["nothing"],
                                  [], ["status", "--redis", ""], ["status", "--config", "/nonexistent.yaml"]])
def test_bad_use_is_2_with_a_message(haidang, args):
    said = haidang(*args)
    assert said.returncode == 2 and said.stderr.startswith("haidang") and said.stdout == ""


def test_an_alert_is_shown_in_words(haidang, redis):
    alerts.put(redis, alerts.alert(1))
    said = haidang("alerts", "--redis", redis.address)
    assert said.returncode == 0
    assert said.stdout == (
        "15:00:00 23/11/2026  [cao] Quét cổng 1\n"
        "    Đối tượng: 10.1.0.5\n"
        "    Máy 10.1.0.5 dò 25 cổng.\n"
        "    Việc làm trước: Cô lập máy.\n"
        "    Luật: 5c3a0b7e-0000-4000-8000-000000000001 (Hải Đăng) · T1046 · 25 lần trong 60 s · "
        + alerts.alert(1)["alert_id"] + "\n")
    english = haidang("alerts", "--redis", redis.address, "--lang", "en").stdout
    assert "[high] Port scan 1" in english and "10.1.0.5 tried 25 ports." in english and "First: Isolate the host." in english


def test_hostile_text_does_not_reach_the_terminal(haidang, redis):
    evil = "a\x1b[2J\x1b]0;title\x07\u009b31mb\u202ec\u2066\u200bd\x00\r\ne\U000e0041"
    body = alerts.alert(1, entity=evil, explanation={"vi": evil, "en": evil})
    body["rule"]["title_vi"] = body["rule"]["author"] = evil
    alerts.put(redis, body)
    said = haidang("alerts", "--redis", redis.address).stdout
    assert "a[2J]0;title31mbcd  e" in said
    assert len(said.splitlines()) == 5
    raw = haidang("alerts", "--redis", redis.address, "--json").stdout
    for text in (said, raw):
        assert not set(text) & set("\x00\x07\x1b\r\u009b\u202e\u2066\u200b\U000e0041")
    assert json.loads(raw) == body


def test_alerts_come_oldest_first_from_all_streams_and_can_be_narrowed(haidang, redis):
    for number in range(40):
        alerts.put(redis, alerts.alert(number, level=["low", "high", "critical"][number % 3]), bucket=number % 16)
        time.sleep(0.002)

    def numbers(*args):
        said = haidang("alerts", "--redis", redis.address, "--json", *args)
        assert said.returncode == 0
        return [int(json.loads(line)["rule"]["title"].split()[-1]) for line in said.stdout.splitlines()], said.stderr

    assert numbers()[0] == list(range(40))
    assert numbers("--level", "critical")[0] == list(range(2, 40, 3))
    newest, said = numbers("--limit", "5")
    assert newest == list(range(35, 40)) and "only the newest 5" in said
    assert numbers("--since", "0s")[0] == []


def test_more_than_a_page_of_alerts_is_shown(haidang, redis):
    for number in range(450):
        alerts.put(redis, alerts.alert(number), bucket=1)
    said = haidang("alerts", "--redis", redis.address, "--json").stdout
    assert len(said.splitlines()) == 450


def test_what_is_no_alert_is_counted(haidang, redis):
    alerts.put(redis, "{", bucket=0)
    alerts.put(redis, alerts.alert(1), bucket=0)
    said = haidang("alerts", "--redis", redis.address)
    assert said.returncode == 0 and "Quét cổng 1" in said.stdout and "no alert: 1" in said.stderr


def test_follow_shows_alerts_as_they_come(redis, folder):
    alerts.put(redis, alerts.alert(1))
    with open(folder / "out", "wb") as out:
        following = subprocess.Popen([program("ctl"), "alerts", "--follow", "--redis", redis.address], stdout=out, stderr=subprocess.PIPE)

    def shown():
        return (folder / "out").read_text()

    try:
        wait_for(lambda: "Quét cổng 1\n" in shown())
        for number in range(2, 6):
            alerts.put(redis, alerts.alert(number))
            wait_for(lambda: f"Quét cổng {number}\n" in shown())
        redis.kill()
        time.sleep(0.4)
        redis.start()
        alerts.put(redis, alerts.alert(6))
        wait_for(lambda: "Quét cổng 6\n" in shown())
        assert shown().count("Quét cổng") == 6
    finally:
        following.kill()
        following.wait()


def test_redis_and_language_come_from_the_configuration(haidang, redis, folder):
    alerts.put(redis, alerts.alert(1))
    (folder / "haidang.yaml").write_text(f"redis: {{address: '{redis.address}'}}\nctl: {{lang: en}}\nprobe: {{sensor: s1}}\n")
    assert "Port scan 1" in haidang("alerts", "--config", folder / "haidang.yaml").stdout


def test_fields_is_the_document_of_events(haidang):
    said = haidang("fields")
    assert said.returncode == 0 and said.stdout.startswith("# ") and "| `src_ip` |" in said.stdout
    documented = ROOT / "docs" / "events.md"
    if documented.exists():
        assert said.stdout == documented.read_text()


def test_version(haidang):
    assert haidang("version").stdout == haidang("--version").stdout


def test_the_pack_of_rules_passes(haidang):
    said = haidang("rules", "check", ROOT / "rules" / "sigma")
    assert said.returncode == 0, said.stderr


def test_a_rule_without_test_events_is_named(haidang, folder):
    rule = ROOT / "rules" / "sigma" / "network" / "port_scan.yml"
    (folder / "alone.yml").write_text(rule.read_text())
    said = haidang("rules", "check", folder)
    assert said.returncode == 1
    assert "alone.match.ndjson is missing" in said.stderr and "alone.nomatch.ndjson is missing" in said.stderr
    (folder / "alone.yml").write_text("title: [")
    assert haidang("rules", "check", folder).returncode == 2
    said = haidang("rules", "check", folder / "nothing-here")
    assert said.returncode == 2
