"""Who gets which alert: routes as data, what becomes of an alert, and what may never go to the police."""
import json
import pathlib
import signal
import subprocess
import threading

import pytest
import yaml

import alerts
from conftest import program, wait_for
from courier_setup import command, config, receive, secret_file  # noqa: F401 (fixtures)

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def routes(folder):
    def write(*rows, **more):
        path = folder / "routes.yaml"
        path.write_text(yaml.safe_dump({**more, "routes": list(rows)}, allow_unicode=True))
        return str(path)
    return write


def change(body, number, state, **more):
    """The alert as the console sends it on after an analyst's change."""
    standing = {"change": number, "at": "2026-11-23T08:30:00.000000+00:00", "state": state,
                "disposition": "", "reason": "", "incident": "", **more}
    return {**body, "standing": standing}


def put_change(redis, body):
    redis.client.xadd("changes:{console}", {"a": json.dumps(body, ensure_ascii=False)})


def test_each_alert_goes_where_its_route_says(redis, receive, config, spawn, routes):
    soc, duty, dams = receive(), receive(), receive()
    settings = config(soc=soc.url, duty=duty.url, dams=dams.url)
    settings["courier"]["routes"] = routes(
        {"name": "soc", "min_level": "high", "domains": ["network", "bridge"], "to": ["soc"]},
        {"name": "scans", "tags": ["attack.t1046*"], "agencies": ["pa05"], "to": ["duty", "soc"]},
        {"name": "dams", "domains": ["information"], "places": ["dam:*"], "to": ["dams"]})
    spawn("courier", settings)
    scan = alerts.alert(1, level="low", owner="pa05")
    high = alerts.alert(2)
    low = alerts.alert(3, level="low")
    dam = alerts.alert(4, domain="information", events=[{"article": {"places": ["dam:song-tranh-2"]}}])
    other = alerts.alert(5, domain="information", events=[{"article": {"places": ["vn48-20900"]}}])
    for body in (low, other, scan, high, dam):
        alerts.put(redis, body)
    wait_for(lambda: set(soc.taken) == {alerts.key(scan), alerts.key(high)})
    wait_for(lambda: set(duty.taken) == {alerts.key(scan)})
    wait_for(lambda: set(dams.taken) == {alerts.key(dam)})


RAISED = [
    ("2026-11-23T00:29:59Z", False),  # Monday 07:29:59 in Viet Nam
    ("2026-11-23T00:30:00Z", True),   # 07:30
    ("2026-11-23T09:59:59Z", True),   # 16:59:59
    ("2026-11-23T10:00:00Z", False),  # 17:00
    ("2026-11-21T03:00:00Z", False),  # Saturday
    ("2026-11-24T03:00:00Z", False),  # Tuesday, a holiday
]


def test_hours_are_those_of_viet_nam(command, config, routes):
    for raised, fits in RAISED:
        settings = config(centre="https://example.com/")
        settings["courier"]["routes"] = routes(
            {"name": "office", "to": ["centre"],
             "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:30", "to": "17:00", "holidays": "without"}]},
            holidays=["2026-11-24"])
        said = command("route", "-", config=settings, stdin=json.dumps(alerts.alert(1, timestamp=raised)))
        assert said.returncode == 0 and ("centre" in said.stdout) == fits, said


def test_hours_over_midnight_belong_to_the_day_they_begin(command, config, routes):
    settings = config(centre="https://example.com/")
    settings["courier"]["routes"] = routes(
        {"name": "night", "to": ["centre"], "hours": [{"days": ["fri"], "from": "22:00", "to": "06:00"}]})
    for raised, fits in (("2026-11-27T15:00:00Z", True), ("2026-11-27T22:59:00Z", True),
                         ("2026-11-27T23:00:00Z", False), ("2026-11-26T22:00:00Z", False)):
        said = command("route", "-", config=settings, stdin=json.dumps(alerts.alert(1, timestamp=raised)))
        assert ("centre" in said.stdout) == fits, raised


WRONG_ROUTES = [
    ({"to": ["nobody"]}, 4, "to: found 'nobody', expected a name of courier.targets"),
    ({"to": ["centre"], "min_level": "huge"}, 2, "min_level: found 'huge', expected one of informational"),
    ({"to": ["centre"], "colour": "red"}, 2, "a route has no field 'colour'"),
    ({"to": []}, 3, "to: found a list, expected a list that is not empty"),
    ({"name": "x"}, 2, "needs a 'to'"),
    ({"to": ["centre"], "hours": [{"from": "7:30"}]}, 3, "hours.from: found '7:30', expected a time of day"),
    ({"to": ["centre"], "hours": [{"days": ["sunday"]}]}, 4, "hours.days: found 'sunday', expected one of sun"),
    ({"to": ["centre"], "escalate": {"to": ["centre"], "after": "soon"}}, 3, "escalate.after: found 'soon'"),
    ({"to": ["centre"], "escalate": {"to": ["centre"]}}, 3, "escalate: both"),
]


def test_a_wrong_route_is_refused_with_file_line_and_field(command, config, routes):
    for route, line, words in WRONG_ROUTES:
        settings = config(centre="https://example.com/")
        settings["courier"]["routes"] = routes({"name": "a", **route})
        said = command("--check", config=settings)
        assert said.returncode == 2 and words in said.stderr and f"routes.yaml:{line}:" in said.stderr, said.stderr


def test_the_police_get_of_the_information_side_only_four_classes(redis, receive, config, command, spawn, routes):
    police = receive()
    settings = config(pa05={"url": police.url, "recipient": "police"})
    for route in ({}, {"domains": ["information"]}, {"tags": ["haidang.phishing"]}):
        settings["courier"]["routes"] = routes({"name": "all", "to": ["pa05"], **route})
        said = command("--check", config=settings)
        assert said.returncode == 2 and "may go to the police" in said.stderr
    settings["courier"]["routes"] = ""
    assert "a target of the police needs courier.routes" in command("--check", config=settings).stderr
    recorded = [row[b"what"] for _, row in redis.client.xrange("audit:{courier}")]
    assert recorded == [b"route_refused"] * 4

    settings["courier"]["routes"] = routes({"name": "frauds", "classes": ["phishing", "impersonation"], "to": ["pa05"]},
                                           {"name": "network", "domains": ["network"], "to": ["pa05"]})
    spawn("courier", settings)
    rumour = alerts.alert(1, domain="information")
    fraud = alerts.alert(2, domain="information")
    fraud["rule"]["tags"] = ["attack.t1566.002"]
    network = alerts.alert(3)
    redis.client.xadd("to:{pa05}", {"a": json.dumps(rumour)})  # not even when somebody puts it there
    for body in (rumour, fraud, network):
        alerts.put(redis, body)
    put_change(redis, change(rumour, 1, "closed"))
    put_change(redis, change(fraud, 1, "closed"))
    wait_for(lambda: set(police.taken) == {alerts.key(fraud), alerts.key(network), alerts.key(fraud) + "-s1"})


def test_what_becomes_of_an_alert_follows_to_those_who_got_it(redis, receive, config, spawn, routes):
    got, never = receive(), receive()
    settings = config(got=got.url, never=never.url)
    settings["courier"]["routes"] = routes({"name": "high", "min_level": "high", "to": ["got"]},
                                           {"name": "info", "domains": ["information"], "to": ["never"]})
    spawn("courier", settings)
    body = alerts.alert(1)
    alerts.put(redis, body)
    wait_for(lambda: got.taken)
    lower = alerts.alert(1, revision=2, level="low")  # no route fits any more
    alerts.put(redis, lower)
    put_change(redis, change(lower, 1, "acknowledged"))
    put_change(redis, change(lower, 2, "closed", disposition="false_positive", reason="Máy quét của chính mình."))
    key = alerts.key(body)[:-2]
    wait_for(lambda: set(got.taken) == {f"{key}-1", f"{key}-2", f"{key}-2-s1", f"{key}-2-s2"})
    types = {r["id"]: r["event"]["type"] for r in got.requests}
    assert types[f"{key}-2-s1"] == "vn.haidang.alert.state" and types[f"{key}-2-s2"] == "vn.haidang.alert.retracted"
    assert got.requests[-1]["event"]["data"]["standing"]["reason"] == "Máy quét của chính mình."
    assert [r["id"] for r in got.requests] == sorted(types), "in the order in which it came about"
    assert never.requests == []


def test_a_retraction_waits_for_the_alert_that_it_retracts(redis, receive, config, spawn, routes):
    up = threading.Event()
    receiver = receive(lambda number, request: 204 if up.is_set() else 503)
    settings = config(centre=receiver.url)
    settings["courier"]["routes"] = routes({"name": "high", "min_level": "high", "to": ["centre"]})
    spawn("courier", settings)
    body, lower = alerts.alert(1), alerts.alert(1, revision=2, level="low")
    alerts.put(redis, body)
    wait_for(lambda: receiver.requests)
    alerts.put(redis, lower)
    put_change(redis, change(lower, 1, "closed", disposition="false_positive"))
    wait_for(lambda: all(g["lag"] == 0 for g in redis.client.xinfo_groups("changes:{console}")), what="the reading of the change")
    up.set()
    key = alerts.key(body)[:-2]
    wait_for(lambda: set(receiver.taken) == {f"{key}-1", f"{key}-2", f"{key}-2-s1"})
    assert [r["id"] for r in receiver.requests][-2:] == [f"{key}-2", f"{key}-2-s1"]


def test_the_routes_shipped_are_good(command, config):
    names = set()
    for route in yaml.safe_load((ROOT / "rules/routes.yaml").read_text())["routes"]:
        names |= {*route["to"], *route.get("escalate", {}).get("to", [])}
    settings = config(**{name: {"url": "https://example.com/", "recipient": "police" if name == "pa05" else "other"}
                         for name in names})
    settings["courier"]["routes"] = str(ROOT / "rules/routes.yaml")
    said = command("--check", config=settings)
    assert said.returncode == 0, said.stderr


def haidang(*args, config_file):
    return subprocess.run([program("ctl"), "courier", args[0], "--config", config_file, *args[1:]],
                          capture_output=True, text=True, timeout=20, check=False)


def test_dead_letters_are_shown_tried_again_and_dropped_with_a_reason(redis, receive, config, command, spawn, folder):
    refusing = [True]
    receiver = receive(lambda number, request: 422 if refusing[0] else 204)
    settings = config(centre={"url": receiver.url, "refused_max": 1})
    bodies = [alerts.alert(n) for n in range(3)]
    for body in bodies:
        alerts.put(redis, body)
    spawn("courier", settings)
    wait_for(lambda: redis.client.xlen("dead:{centre}") == 3)
    command("--check", config=settings)
    conf = folder / "command.yaml"
    said = haidang("dead", "centre", config_file=conf).stdout
    assert all(alerts.key(body) in said for body in bodies) and "3 dead letters" in said
    assert "Quét cổng 1" in said and "refused 1 times: HTTP 422: it refuses the request" in said
    letters = redis.client.xrange("dead:{centre}")
    ids, dropped = [entry.decode() for entry, _ in letters], alerts.key(json.loads(letters[0][1][b"a"]))

    assert haidang("drop", "centre", ids[0], config_file=conf).returncode == 2
    said = haidang("drop", "centre", ids[0], "--reason", "bản sao cũ", config_file=conf)
    assert said.returncode == 0 and "1 dead letters dropped" in said.stdout
    assert haidang("drop", "centre", ids[0], "--reason", "x", config_file=conf).returncode == 1
    refusing[0] = False
    said = haidang("retry", "centre", "all", config_file=conf)
    assert said.returncode == 0 and "2 dead letters retried" in said.stdout
    wait_for(lambda: set(receiver.taken) == {alerts.key(body) for body in bodies} - {dropped})
    assert redis.client.xlen("dead:{centre}") == 0
    wait_for(lambda: redis.client.xlen("to:{centre}") == 0)
    rows = [(r[b"what"].decode(), r[b"id"].decode(), r[b"reason"].decode()) for _, r in redis.client.xrange("audit:{courier}")]
    assert rows[0] == ("dropped", ids[0], "bản sao cũ") and [r[0] for r in rows] == ["dropped", "dropped", "retried", "retried"]
    assert "0 dead letters" in haidang("dead", config_file=conf).stdout


def test_the_status_command_tells_of_circuits(redis, receive, config, command, spawn, folder):
    good, bad = receive(), receive(lambda number, request: 503)
    settings = config(good=good.url, bad={"url": bad.url, "retry_max": "30s"})
    for n in range(5):
        alerts.put(redis, alerts.alert(n))
    courier = spawn("courier", settings)
    wait_for(lambda: "takes no alerts" in courier.said())
    command("--check", config=settings)
    wait_for(lambda: "open" in haidang("status", config_file=folder / "command.yaml").stdout)
    rows = {line.split()[0]: line.split() for line in haidang("status", config_file=folder / "command.yaml").stdout.splitlines()[1:]}
    assert rows["good"][1:5] == ["closed", "5", "0", "0"] and rows["bad"][2:5] == ["0", "5", "0"], rows
    assert "failing since" in " ".join(rows["bad"])
    assert haidang("secret", config_file=folder / "command.yaml").returncode == 2


def test_sighup_takes_new_routes_and_keeps_the_old_ones_when_they_are_wrong(redis, receive, config, spawn, routes):
    first, second = receive(), receive()
    settings = config(first=first.url, second=second.url)
    settings["courier"]["routes"] = path = routes({"name": "a", "to": ["first"]})
    courier = spawn("courier", settings)
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: first.taken)
    pathlib.Path(path).write_text("routes:\n- {name: a, to: [nobody]}\n")
    courier.process.send_signal(signal.SIGHUP)
    wait_for(lambda: f"{path}:2: to: found 'nobody'" in courier.said())
    alerts.put(redis, alerts.alert(2))
    wait_for(lambda: len(first.taken) == 2)
    routes({"name": "a", "to": ["second"]})
    courier.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "Configuration reloaded" in courier.said())
    alerts.put(redis, alerts.alert(3))
    wait_for(lambda: second.taken)
    assert list(second.taken) == [alerts.key(alerts.alert(3))] and len(first.taken) == 2
