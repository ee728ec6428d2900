"""Nobody acts: alerts that are not acknowledged go on, and legal clocks are brought to mind before they end."""
import datetime
import json
import threading
import time

import pytest

import alerts
from conftest import wait_for
from courier_setup import command, config, receive, secret_file  # noqa: F401 (fixtures)
from test_courier_routes import change, put_change, routes  # noqa: F401 (fixtures)


def ago(**span):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).isoformat()


def fresh(number, **changes):
    return alerts.alert(number, timestamp=ago(), **changes)


def nearly_due(number):
    """Of one that is escalated a second after it was raised."""
    return alerts.alert(number, timestamp=ago(seconds=0.8))


@pytest.fixture
def two(receive, config, routes):
    """First and second receiver, and a configuration that escalates from one to the other after a second."""
    first, second = receive(), receive()
    settings = config(first=first.url, second=second.url)
    settings["courier"]["routes"] = routes({"name": "all", "to": ["first"], "min_level": "high",
                                            "escalate": {"to": ["second"], "after": "1s"}})
    return first, second, settings


def test_what_nobody_acknowledges_goes_on_once(redis, two, spawn):
    first, second, settings = two
    courier = spawn("courier", settings)
    left, taken, closed, low = fresh(1), fresh(2), fresh(3), fresh(4, level="low")
    for body in (left, taken, closed, low):
        alerts.put(redis, body)
    put_change(redis, change(taken, 1, "acknowledged"))
    put_change(redis, change(closed, 1, "closed"))
    key = alerts.key(left) + "-nescalation"
    wait_for(lambda: key in second.taken)
    event = second.requests[0]["event"]
    assert event["type"] == "vn.haidang.alert.escalated" and "chưa ai tiếp nhận" in event["data"]["notice"]["vi"]
    alerts.put(redis, {**left, "revision": 2, "count": 99})  # it goes on, but nobody is called twice
    put_change(redis, change(left, 1, "closed"))
    wait_for(lambda: alerts.key(left) + "-s1" in second.taken, what="the end of it at who got it by escalation")
    courier.stop()
    spawn("courier", settings)
    time.sleep(0.5)
    assert [k for k in second.taken if "escalation" in k] == [key]
    assert not any(k.startswith(alerts.key(b)) for k in second.taken for b in (taken, closed, low))


def test_an_escalation_due_while_the_courier_was_away_is_made_up_for(redis, two, spawn):
    _, second, settings = two
    courier = spawn("courier", settings)
    body = fresh(1)
    alerts.put(redis, body)
    wait_for(lambda: redis.client.zcard("watch:{courier}"))
    courier.kill()
    time.sleep(1.2)
    assert second.requests == []
    spawn("courier", settings)
    wait_for(lambda: second.taken == {alerts.key(body) + "-nescalation": 1})


def test_what_was_acknowledged_while_the_courier_was_away_is_not_escalated(redis, two, spawn):
    first, second, settings = two
    courier = spawn("courier", settings)
    taken, left = fresh(1), fresh(2)
    for body in (taken, left):
        alerts.put(redis, body)
    wait_for(lambda: redis.client.hlen("watch:{courier}:alerts") == 2)
    courier.kill()
    put_change(redis, change(taken, 1, "acknowledged"))
    time.sleep(1.2)
    spawn("courier", settings)
    wait_for(lambda: alerts.key(left) + "-nescalation" in second.taken and alerts.key(taken) + "-s1" in first.taken)
    assert second.taken == {alerts.key(left) + "-nescalation": 1}


def test_the_end_follows_to_who_is_yet_to_get_the_escalation(redis, receive, config, spawn, routes):
    up = threading.Event()
    first, second = receive(), receive(lambda number, request: 204 if up.is_set() else 503)
    settings = config(first=first.url, second=second.url)
    settings["courier"]["routes"] = routes({"name": "all", "to": ["first"], "escalate": {"to": ["second"], "after": "1s"}})
    courier = spawn("courier", settings)
    body = nearly_due(1)
    alerts.put(redis, body)
    wait_for(lambda: second.requests)
    put_change(redis, change(body, 1, "closed", disposition="false_positive"))
    wait_for(lambda: alerts.key(body) + "-s1" in first.taken)
    courier.kill()
    up.set()
    spawn("courier", settings)
    wait_for(lambda: list(second.taken) == [alerts.key(body) + "-nescalation", alerts.key(body) + "-s1"])


def test_a_reopened_alert_waits_anew(redis, two, spawn):
    _, second, settings = two
    spawn("courier", settings)
    body = fresh(1)
    alerts.put(redis, body)
    put_change(redis, change(body, 1, "closed"))
    put_change(redis, change(body, 2, "new", at=ago(seconds=0.8)))
    wait_for(lambda: alerts.key(body) + "-s2-nescalation" in second.taken)
    assert alerts.key(body) + "-nescalation" not in second.taken


def test_alerts_of_last_week_are_not_escalated_by_a_new_courier(redis, two, spawn):
    first, second, settings = two
    old, new = alerts.alert(1, timestamp=ago(days=3)), nearly_due(2)
    alerts.put(redis, old)
    alerts.put(redis, new)
    spawn("courier", settings)
    wait_for(lambda: len(first.taken) == 2 and len(second.taken) == 1)
    assert list(second.taken) == [alerts.key(new) + "-nescalation"]


@pytest.mark.parametrize("gravity, since, reminded", [
    ("at_once", {"minutes": 1}, {"0h"}),
    ("serious", {"minutes": 1}, set()),
    ("serious", {"hours": 22, "minutes": 30}, {"24h"}),
    ("ordinary", {"hours": 22, "minutes": 30}, set()),
    ("ordinary", {"hours": 70, "minutes": 1}, {"72h"}),
])
def test_a_clock_warns_before_it_ends(redis, receive, config, spawn, gravity, since, reminded):
    receiver = receive()
    settings = config(centre=receiver.url)
    body = fresh(1)
    alerts.put(redis, body)
    put_change(redis, change(body, 1, "acknowledged", incident=gravity, incident_at=ago(**since)))
    spawn("courier", settings)
    wanted = {alerts.key(body), alerts.key(body) + "-s1"} | {f"{alerts.key(body)}-s1-n{clock}" for clock in reminded}
    wait_for(lambda: set(receiver.taken) == wanted)
    time.sleep(0.5)
    assert set(receiver.taken) == wanted
    for request in receiver.requests:
        if "-n" in request["id"]:
            notice = request["event"]["data"]["notice"]
            assert request["event"]["type"] == "vn.haidang.alert.reminder" and "NĐ 331/2026" in notice["vi"]
            assert notice["due"] > ago() or gravity == "at_once"


def test_a_reminder_goes_to_who_got_the_alert_by_escalation_too(redis, two, spawn):
    _, second, settings = two
    spawn("courier", settings)
    body = nearly_due(1)
    alerts.put(redis, body)
    wait_for(lambda: alerts.key(body) + "-nescalation" in second.taken)
    put_change(redis, change(body, 1, "acknowledged", incident="at_once", incident_at=ago(minutes=1)))
    wait_for(lambda: alerts.key(body) + "-s1-n0h" in second.taken)


def test_a_rule_may_say_that_it_is_an_incident_and_closing_ends_the_clocks(redis, receive, config, spawn):
    receiver = receive()
    spawn("courier", config(centre=receiver.url))
    running, ended = fresh(1), fresh(2)
    for body in (running, ended):
        body["rule"]["tags"] = ["haidang.incident-at-once"]
    put_change(redis, change(ended, 1, "closed"))
    wait_for(lambda: receiver.taken)
    for body in (ended, running):
        alerts.put(redis, body)
    wait_for(lambda: alerts.key(running) + "-n0h" in receiver.taken)
    assert not any("-n" in k for k in receiver.taken if k.startswith(ended["alert_id"]))
    assert json.loads(redis.client.hget("watch:{courier}:alerts", ended["alert_id"]))["standing"]["state"] == "closed"
