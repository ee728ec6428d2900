"""What analysts do reaches the courier: every step once, in order, whatever is killed in between."""
import json
import time

from conftest import wait_for
from console_client import alert, alert_id, console, lan, publish  # noqa: F401 (fixtures)


def changes(redis):
    return [json.loads(fields[b"a"]) for _, fields in redis.client.xrange("changes:{console}")]


def test_each_step_is_told_with_the_alert_and_its_standing(redis, console, lan):
    body = alert(1, later_field={"kept": True})
    publish(redis, body)
    wait_for(lambda: lan.alerts())
    one = f"alerts/{alert_id(1)}"
    assert lan.post(one + "/incident", {"severity": "huge", "reason": "x"}, expect=400)["error"] == "unknown_severity"
    lan.post(one + "/acknowledge")
    lan.post(one + "/comment", {"text": "Đang gọi."})
    done = lan.post(one + "/incident", {"severity": "serious", "reason": "Máy chủ bị chiếm."})
    assert done["summary"]["incident"] == "serious" and done["summary"]["state"] == "acknowledged"
    lan.post(one + "/close", {"disposition": "false_positive", "reason": "Diễn tập của đơn vị."})
    lan.post(one + "/reopen", {"reason": "Không phải."})
    told = wait_for(lambda: len(changes(redis)) == 4 and changes(redis), what="the changes")
    standings = [t.pop("standing") for t in told]
    assert told == [body] * 4
    assert [(s["change"], s["state"], s["disposition"], s["incident"], s["reason"]) for s in standings] == [
        (1, "acknowledged", "", "", ""), (2, "acknowledged", "", "serious", "Máy chủ bị chiếm."),
        (3, "closed", "false_positive", "serious", "Diễn tập của đơn vị."), (4, "new", "", "serious", "Không phải.")]
    assert standings[3]["incident_at"] == standings[1]["at"]


def test_neither_sigkill_nor_an_outage_of_redis_loses_or_doubles_a_change(redis, console, lan):
    total = 60
    publish(redis, *[alert(n) for n in range(total)])
    wait_for(lambda: len(lan.alerts(limit=200)) == total)
    for n in range(total):
        lan.post(f"alerts/{alert_id(n)}/acknowledge")
        if n == 20:
            redis.kill()
        if n % 15 == 14:
            console.kill()
            if n == 44:
                redis.start()
            console.start()
    wait_for(lambda: len(changes(redis)) >= total, 20, "all changes")
    time.sleep(0.6)  # a round of the collector, in which nothing may come twice
    assert sorted(c["alert_id"] for c in changes(redis)) == [alert_id(n) for n in range(total)]


def test_a_record_made_anew_is_heard_though_its_clock_went_back(redis, console, lan):
    redis.client.xadd("changes:{console}", {"a": "{}"}, id="9999999999999999-0")
    publish(redis, alert(1))
    wait_for(lambda: lan.alerts())
    lan.post(f"alerts/{alert_id(1)}/acknowledge")
    wait_for(lambda: len(changes(redis)) == 2)


def test_a_change_that_redis_refuses_is_kept_until_it_takes_it(redis, console, lan):
    redis.client.set("changes:{console}", "no stream")
    publish(redis, alert(1))
    wait_for(lambda: lan.alerts())
    lan.post(f"alerts/{alert_id(1)}/acknowledge")
    wait_for(lambda: "cannot be told to the courier" in console.child.said(), what="the warning")
    redis.client.delete("changes:{console}")
    wait_for(lambda: len(changes(redis)) == 1)
