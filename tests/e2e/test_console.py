"""The console over real HTTP; its pages are looked at in test_console_page.py."""
import concurrent.futures
import http.client
import json
import pathlib
import re
import socket
import sqlite3
import threading
import time
import urllib.parse

import pytest
from conftest import wait_for
from console_client import PASSWORD, Client, Console, alert, alert_id, arrived, console, lan, publish, silent_probe  # noqa: F401


def test_alerts_arrive_and_are_worked_on(redis, console, lan):
    publish(redis, *[alert(n) for n in range(20)], alert(3))
    assert len(arrived(lan, 20)) == 20

    one = lan.get(f"alerts/{alert_id(3)}")
    assert one["alert"]["explanation"]["vi"].startswith("87 lần")
    assert one["alert"]["events"][0]["flow_id"] == 18446744073709551557
    assert one["summary"]["state"] == "new" and one["history"] == []

    assert lan.post(f"alerts/{alert_id(3)}/acknowledge")["summary"]["assignee"] == "lan"
    assert lan.post(f"alerts/{alert_id(3)}/acknowledge", expect=409)["error"] == "wrong_state"
    lan.post(f"alerts/{alert_id(3)}/comment", {"text": "Đã gọi cho đơn vị"})
    lan.post(f"alerts/{alert_id(3)}/close", {"disposition": "configuration", "reason": "Quét định kỳ"})
    done = lan.get(f"alerts/{alert_id(3)}")
    assert done["summary"]["state"] == "closed" and done["summary"]["disposition"] == "configuration"
    assert [entry["action"] for entry in done["history"]] == ["acknowledge", "comment", "close"]
    assert done["history"][2]["detail"] == {"disposition": "configuration", "note": "Quét định kỳ"}
    lan.post(f"alerts/{alert_id(3)}/reopen", {"reason": "Lại xảy ra"})

    lan.post(f"alerts/{alert_id(4)}/close", {"disposition": "true_positive", "reason": "Đúng"})
    assert len(lan.alerts(status="new,acknowledged", limit=200)) == 19
    assert [a["id"] for a in lan.alerts(status="closed")] == [alert_id(4)]
    assert len(lan.alerts(q="do mat khau", limit=200)) == 20
    assert [a["id"] for a in lan.alerts(q="203.0.113.7")] == [alert_id(7)]
    assert re.fullmatch(r"\d+ entries, head [0-9a-f]{64}\n", console.run("audit", "verify"))


def test_pages_are_stable_while_alerts_arrive(redis, lan):
    publish(redis, *[alert(n) for n in range(50)])
    arrived(lan, 50)
    first = lan.alerts(limit=20)
    publish(redis, *[alert(n) for n in range(50, 60)])
    arrived(lan, 60)
    second = lan.alerts(limit=20, before=first[-1]["seq"])
    third = lan.alerts(limit=20, before=second[-1]["seq"])
    assert len({a["id"] for a in first + second + third}) == 50


def test_every_wrong_request_gets_its_status_and_a_problem(redis, console, lan):
    publish(redis, alert(1))
    arrived(lan, 1)
    one = f"/api/v1/alerts/{alert_id(1)}"
    good_close = {"disposition": "drill", "reason": "x"}
    stranger = Client(console.url)
    cases = [
        (stranger, "GET", "/api/v1/alerts", {}, 401, "not_logged_in"),
        (stranger, "GET", "/api/v1/stream", {}, 401, "not_logged_in"),
        (stranger, "POST", one + "/acknowledge", {}, 401, "not_logged_in"),
        (stranger, "GET", "/api/v1/session", {"headers": {"Cookie": "haidang=" + "0" * 64}}, 401, "not_logged_in"),
        (stranger, "POST", "/api/v1/session", {"body": {"name": "lan", "password": "wrong"}}, 401, "wrong_credentials"),
        (stranger, "POST", "/api/v1/session", {"body": {"name": "nobody", "password": "x"}}, 401, "wrong_credentials"),
        (stranger, "POST", "/api/v1/session", {"body": {"name": "lan"}}, 400, "field_missing"),
        (stranger, "POST", "/api/v1/session", {"body": {"name": "lan", "password": PASSWORD}, "headers": {"Origin": "http://evil.example"}}, 403, "foreign_origin"),
        (lan, "GET", "/api/v1/nothing", {}, 404, "not_found"),
        (lan, "GET", "/../etc/passwd", {}, 404, "not_found"),
        (lan, "GET", "/api/v1/alerts/" + alert_id(9), {}, 404, "no_such_alert"),
        (lan, "GET", "/api/v1/alerts/x%20y", {}, 404, "no_such_alert"),
        (lan, "POST", f"/api/v1/alerts/{alert_id(9)}/acknowledge", {}, 404, "no_such_alert"),
        (lan, "DELETE", "/api/v1/alerts", {}, 405, "wrong_method"),
        (lan, "PUT", one, {}, 405, "wrong_method"),
        (lan, "POST", "/", {}, 405, "wrong_method"),
        (lan, "GET", "/api/v1/alerts?level=loud", {}, 400, "bad_parameter"),
        (lan, "GET", "/api/v1/alerts?status=new,x", {}, 400, "bad_parameter"),
        (lan, "GET", "/api/v1/alerts?limit=0", {}, 400, "bad_parameter"),
        (lan, "GET", "/api/v1/alerts?limit=201", {}, 400, "bad_parameter"),
        (lan, "GET", "/api/v1/alerts?before=-1", {}, 400, "bad_parameter"),
        (lan, "GET", "/api/v1/alerts?q=%zz", {}, 400, "bad_target"),
        (lan, "GET", "/api/v1/alerts?q=" + "a" * 2048, {}, 400, "bad_target"),
        (lan, "GET", "/api/v1/stream?after=x", {}, 400, "bad_parameter"),
        (lan, "POST", one + "/close", {"raw": b"{"}, 400, "bad_json"),
        (lan, "POST", one + "/close", {"raw": b"\xff\xfe"}, 400, "bad_json"),
        (lan, "POST", one + "/close", {"raw": b"[" * 20000}, 400, "bad_json"),
        (lan, "POST", one + "/close", {"body": []}, 400, "not_an_object"),
        (lan, "POST", one + "/close", {"body": {"disposition": 1, "reason": "x"}}, 400, "field_not_text"),
        (lan, "POST", one + "/close", {"body": {"disposition": "drill", "reason": "  "}}, 400, "field_blank"),
        (lan, "POST", one + "/close", {"body": {"disposition": "drill", "reason": "x" * 8001}}, 400, "field_too_long"),
        (lan, "POST", one + "/close", {"body": {"disposition": "whatever", "reason": "x"}}, 400, "unknown_disposition"),
        (lan, "POST", one + "/close", {"body": good_close | {"state": "new"}}, 400, "unknown_field"),
        (lan, "POST", one + "/close", {"body": {}}, 400, "field_missing"),
        (lan, "POST", one + "/close", {}, 400, "bad_json"),
        (lan, "POST", one + "/close", {"raw": b"x" * 40000}, 413, "body_too_long"),
        (lan, "POST", one + "/close", {"body": good_close, "headers": {"Content-Type": "text/plain"}}, 415, "not_json"),
        (lan, "POST", one + "/close", {"body": good_close, "headers": {"X-CSRF-Token": "0" * 64}}, 403, "csrf"),
        (lan, "POST", one + "/close", {"body": good_close, "headers": {"X-CSRF-Token": None}}, 403, "csrf"),
        (lan, "POST", one + "/close", {"body": good_close, "headers": {"Origin": "null"}}, 403, "foreign_origin"),
        (lan, "POST", one + "/close", {"body": good_close, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "foreign_origin"),
        (lan, "GET", "/api/v1/alerts", {"headers": {"X-Long": "x" * 9000}}, 431, "headers_too_long"),
    ]
    for client, method, path, kwargs, status, error in cases:
        got, headers, answer = client.send(method, path, **kwargs)
        assert (got, answer["error"]) == (status, error), (method, path[:60], answer)
        assert answer["status"] == status and headers["Content-Type"] == "application/problem+json"
    assert lan.alerts()[0]["state"] == "new"
    assert console.child.running()


def raw(url, request, wait=5):
    """The first line that answers bytes sent as they are; "" when the connection just ends."""
    where = urllib.parse.urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=wait) as s:
        s.sendall(request)
        answer = b""
        try:
            while b"\r\n" not in answer:
                part = s.recv(4096)
                if not part:
                    break
                answer += part
        except (ConnectionResetError, socket.timeout):
            pass
    return answer.split(b"\r\n")[0].decode(errors="replace")


def test_ambiguous_and_broken_requests_are_refused(console):
    host = b"Host: x\r\n"
    refused = [
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"GET / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Content-Length : 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\n" + host + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"Host: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 100000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n",
        b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n" + host + b"\r\n",
    ]
    for request in refused:
        assert re.match(r"HTTP/1\.[01] 4\d\d |$", raw(console.url, request)), request[:80]
    assert raw(console.url, b"GET / HTTP/1.1\r\n" + host + b"\r\n") == "HTTP/1.1 200 OK"


def test_the_security_headers_stand_on_every_answer(console):
    client = Client(console.url)
    for path in ("/", "/ui/app.js", "/api/v1/alerts", "/nothing"):
        _, headers, _ = client.send("GET", path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Access-Control-Allow-Origin"] is None
    status, headers, _ = client.send("GET", "/ui/app.js")
    assert client.send("GET", "/ui/app.js", headers={"If-None-Match": headers["ETag"]})[0] == 304


def test_a_one_time_password_must_be_changed_first(console):
    once = console.run("user", "add", "minh", "--role", "analyst", "--domains", "network", "--one-time").strip()
    client = Client(console.url)
    assert client.login("minh", once)["must_change_password"] is True
    for method, path in (("GET", "alerts"), ("GET", "stream"), ("GET", "status"), ("POST", f"alerts/{alert_id(1)}/acknowledge")):
        status, _, answer = client.send(method, "/api/v1/" + path)
        assert (status, answer["error"]) == (403, "password_change_required")
    assert client.post("session/password", {"old": once, "new": "ngan"}, 400)["error"] == "password_too_short"
    assert client.post("session/password", {"old": once, "new": once}, 400)["error"] == "password_unchanged"
    assert client.post("session/password", {"old": "khong-dung-dau-nhe", "new": PASSWORD}, 401)["error"] == "wrong_credentials"
    other = Client(console.url)
    other.login("minh", once)

    status, headers, answer = client.send("POST", "/api/v1/session/password", {"old": once, "new": PASSWORD})
    assert status == 200 and answer["must_change_password"] is False
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    client.enter(answer, headers)
    assert client.alerts() == []
    assert other.send("GET", "/api/v1/session")[0] == 401, "other sessions end with the old password"
    assert Client(console.url).send("POST", "/api/v1/session", {"name": "minh", "password": once})[0] == 401


def test_a_session_ends_at_logout_and_when_the_account_is_disabled(console, lan):
    assert lan.get("session")["name"] == "lan"
    gone = Client(console.url)
    gone.login("lan")
    assert gone.send("DELETE", "/api/v1/session")[0] == 204
    assert gone.send("GET", "/api/v1/session")[0] == 401
    assert lan.get("session")["name"] == "lan"
    console.run("user", "disable", "lan")
    assert lan.send("GET", "/api/v1/session")[0] == 401
    assert Client(console.url).send("POST", "/api/v1/session", {"name": "lan", "password": PASSWORD})[0] == 401


def test_wrong_passwords_have_to_wait_and_that_is_noted_once(console, lan, folder):
    client = Client(console.url)
    got = [client.send("POST", "/api/v1/session", {"name": "lan", "password": "wrong"}) for _ in range(8)]
    assert [status for status, _, _ in got][:6] == [401] * 6
    assert got[-1][0] == 429 and int(got[-1][1]["Retry-After"]) >= 1
    # The right password waits too, or guesses could go on.
    assert client.send("POST", "/api/v1/session", {"name": "lan", "password": PASSWORD})[0] == 429
    assert lan.get("session")["name"] == "lan", "who is inside stays inside"
    for _ in range(8):
        client.send("POST", "/api/v1/session", {"name": "my password", "password": "wrong"})
    record = sqlite3.connect(next(folder.rglob("console.db")))
    noted = record.execute("SELECT actor, address, detail FROM audit WHERE action = 'login_wait'").fetchall()
    assert noted == [("lan", "127.0.0.1", "{}"), ("", "127.0.0.1", "{}")]
    console.run("audit", "verify")


def test_each_side_sees_only_its_own_alerts_and_the_bridge(redis, console):
    publish(redis, alert(1), alert(2, domain="information"), alert(3, domain="bridge"))
    console.add("mang", domains="network")
    console.add("tin", domains="information")
    console.add("xem", role="viewer")
    network, information, viewer = console.client("mang"), console.client("tin"), console.client("xem")
    arrived(viewer, 3)
    assert {a["id"] for a in network.alerts()} == {alert_id(1), alert_id(3)}
    assert {a["id"] for a in information.alerts(q="ssh")} == {alert_id(2), alert_id(3)}
    assert network.send("GET", f"/api/v1/alerts/{alert_id(2)}")[0] == 404
    assert information.send("POST", f"/api/v1/alerts/{alert_id(1)}/acknowledge")[0] == 404
    assert sum(network.get("status")["levels_24h"].values()) == 2
    status, _, answer = viewer.send("POST", f"/api/v1/alerts/{alert_id(1)}/acknowledge")
    assert (status, answer["error"]) == (403, "not_permitted")


class Follower(threading.Thread):
    """Reads a live stream and keeps its events."""

    def __init__(self, client, path, headers=None):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(client.host, timeout=30)
        self.connection.request("GET", path, headers={"Cookie": client.cookie, **(headers or {})})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        self.events = []
        self.start()

    def run(self):
        event = {}
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif event:
                    self.events.append(event)
                    event = {}
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass

    def alerts(self):
        return [json.loads(e["data"]) for e in self.events if e["event"] == "alert"]

    def end(self):
        self.connection.sock and self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.join(10)
        self.connection.close()


def test_the_stream_tells_each_change_and_resumes(redis, console, lan):
    first = Follower(lan, "/api/v1/stream?after=0")
    publish(redis, alert(1), alert(2))
    wait_for(lambda: len(first.alerts()) == 2, what="both alerts on the stream")
    lan.post(f"alerts/{alert_id(1)}/acknowledge")
    wait_for(lambda: first.alerts()[-1]["state"] == "acknowledged", what="the acknowledgement on the stream")
    last = first.events[-1]["id"]
    first.end()
    lan.post(f"alerts/{alert_id(2)}/close", {"disposition": "duplicate", "reason": "trùng"})
    again = Follower(lan, "/api/v1/stream?after=0", {"Last-Event-ID": last})
    wait_for(lambda: again.alerts(), what="what was missed")
    assert [(a["id"], a["state"]) for a in again.alerts()] == [(alert_id(2), "closed")]
    again.end()


def test_a_viewer_of_another_record_starts_anew(console, lan):
    viewer = Follower(lan, "/api/v1/stream?after=1000000")
    wait_for(lambda: viewer.events, what="the reset")
    assert [(e["event"], e["id"]) for e in viewer.events] == [("reset", "0")]
    viewer.end()


def test_changes_a_viewer_may_not_see_are_no_backlog(redis, console, lan):
    console.add("tin", domains="information")
    tin = console.client("tin")
    viewer = Follower(tin, "/api/v1/stream?after=0")
    for first in range(0, 1200, 400):
        publish(redis, *[alert(n) for n in range(first, first + 400)])
        wait_for(lambda: lan.get("status")["open"]["new"] == first + 400, what="400 alerts more")
    publish(redis, alert(5000, domain="information"))
    wait_for(viewer.alerts, what="the alert it may see")
    assert [a["id"] for a in viewer.alerts()] == [alert_id(5000)]
    assert all(e["event"] != "reset" for e in viewer.events)
    viewer.end()


def test_a_hundred_viewers_see_an_alert_and_leave(redis, console, lan):
    viewers = [Follower(lan, "/api/v1/stream?after=0") for _ in range(100)]
    publish(redis, alert(1))
    wait_for(lambda: all(v.alerts() for v in viewers), what="the alert at every viewer")
    for viewer in viewers[:50]:
        viewer.end()
    console.run("user", "disable", "lan")
    wait_for(lambda: not any(v.is_alive() for v in viewers), 30, "the end of the streams of a disabled account")
    for viewer in viewers[50:]:
        viewer.end()


def test_killed_at_any_time_nothing_is_lost_or_doubled(redis, console, lan):
    total = 1500
    acknowledged = set()

    def feed():
        for n in range(0, total, 10):
            publish(redis, *[alert(m) for m in range(n, n + 10)])
            time.sleep(0.01)

    feeder = threading.Thread(target=feed)
    feeder.start()
    for _ in range(5):
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            for one in lan.alerts(status="new", limit=5):
                try:
                    lan.post(f"alerts/{one['id']}/acknowledge")
                    acknowledged.add(one["id"])
                except AssertionError:
                    pass
        console.kill()
        console.start()
    feeder.join()
    wait_for(lambda: sum(lan.get("status")["open"].values()) >= total, 30, "all alerts in the record")
    console.child.stop()
    console.child.process.stdout.close()

    record = sqlite3.connect(pathlib.Path(console.config["paths"]["state"]) / "console.db")
    rows = dict(record.execute("SELECT alert_id, state FROM alert").fetchall())
    assert len(rows) == record.execute("SELECT count(*) FROM alert").fetchone()[0] == total
    assert acknowledged and all(rows[one] == 1 for one in acknowledged)
    assert record.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert record.execute("SELECT count(*) FROM alert_search").fetchone()[0] == total
    record.close()
    assert all(redis.client.xpending("al:{b%02d}" % b, "console")["pending"] == 0 for b in range(16))
    console.start()
    console.run("audit", "verify")


def test_it_serves_while_redis_is_away(redis, console, lan):
    publish(redis, alert(1))
    arrived(lan, 1)
    redis.kill()
    wait_for(lambda: lan.get("status")["redis"] is False, what="the loss of Redis in the status")
    assert lan.get("status")["programs"] == []
    lan.post(f"alerts/{alert_id(1)}/acknowledge")
    redis.start()
    publish(redis, alert(2))
    arrived(lan, 2)
    wait_for(lambda: lan.get("status")["redis"], what="Redis in the status")


def test_health_and_silence_of_programs_are_told(silent_probe, console, lan):
    programs = wait_for(lambda: (p := lan.get("status")["programs"]) and len(p) == 2 and p, what="two programs")
    state = {p["program"]: p["silent"] for p in programs}
    assert state == {"console": False, "probe": True}
    client = Client(console.url)
    assert client.send("GET", "/healthz")[0] == 200
    _, _, text = client.send("GET", "/metrics")
    assert b'haidang_console_http_answers_total{class="2xx"}' in text
    assert client.send("GET", "/metrics", headers={"X-Forwarded-For": "192.0.2.1"})[0] == 401


def test_a_full_redis_does_not_hide_who_fell_silent(redis, console, lan):
    redis.client.sadd("health:index", "health:probe.s1")
    redis.client.set("health:probe.s1", json.dumps({"program": "probe", "instance": "s1"}))
    silent = lambda: {p["program"]: p["silent"] for p in lan.get("status")["programs"]}
    wait_for(lambda: silent() == {"console": False, "probe": False}, what="two programs")
    redis.client.config_set("maxmemory", 1)
    redis.client.delete("health:probe.s1")
    wait_for(lambda: silent().get("probe"), what="the silence of the probe")


def test_a_record_that_cannot_be_written_is_told_and_still_read(redis, console, lan, folder):
    publish(redis, alert(1))
    arrived(lan, 1)
    record = sqlite3.connect(next(folder.rglob("console.db")), isolation_level=None)
    record.execute("UPDATE session SET seen_us = seen_us - 120000000")
    record.execute("CREATE TRIGGER full_1 BEFORE INSERT ON alert BEGIN SELECT RAISE(ABORT, 'no room'); END")
    record.execute("CREATE TRIGGER full_2 BEFORE UPDATE ON session BEGIN SELECT RAISE(ABORT, 'no room'); END")
    publish(redis, alert(2))
    health = lambda: json.loads(redis.client.get(next(redis.client.scan_iter("health:console.*"))))["status"]
    wait_for(lambda: health() == "degraded: alerts cannot be collected: no room", what="a console that is degraded")
    assert lan.get("session")["name"] == "lan" and len(lan.alerts()) == 1
    record.execute("DROP TRIGGER full_1")
    arrived(lan, 2)


def test_behind_a_proxy_nothing_is_local(spawn, shared):
    server = Console(spawn, shared | {"console": {"listen": "127.0.0.1:0", "origin": "https://haidang.example"}})
    assert Client(server.url).send("GET", "/metrics")[0] == 401
    server.kill()


def test_commands_refuse_what_is_wrong(console, folder):
    def refused(*args, stdin=""):
        done = console.command(*args, "--config", console.child.argv[2], stdin=stdin)
        assert done.returncode == 2, done.stdout
        return done.stderr

    assert "role" in refused("user", "add", "lan", stdin=PASSWORD)
    assert "domains" in refused("user", "add", "lan", "--role", "analyst", stdin=PASSWORD)
    assert "neither" in refused("user", "add", "lan", "--role", "analyst", "--domains", "press", stdin=PASSWORD)
    assert "name" in refused("user", "add", "lan x", "--role", "analyst", "--domains", "network", stdin=PASSWORD)
    assert "too_short" in refused("user", "add", "lan", "--role", "analyst", "--domains", "network", stdin="short\n")
    assert "no password" in refused("user", "add", "lan", "--role", "analyst", "--domains", "network")
    assert "no user" in refused("user", "disable", "lan")
    assert "expected" in refused("user")
    assert "expected" in refused("audit")
    console.add("lan")
    assert "already" in refused("user", "add", "LAN", "--role", "viewer", "--domains", "network", stdin=PASSWORD)
    assert console.run("user", "list") == "lan analyst network,information\n"
    once = console.run("user", "password", "lan", "--one-time").strip()
    assert Client(console.url).login("lan", once)["must_change_password"]

    second = console.command("--config", console.child.argv[2], "--listen", urllib.parse.urlsplit(console.url).netloc)
    assert second.returncode == 2 and "cannot listen" in second.stderr
    (folder / "bad.yaml").write_text("console:\n  listen: here\n")
    third = console.command("--check", "--config", str(folder / "bad.yaml"))
    assert third.returncode == 2 and "ADDRESS:PORT" in third.stderr


def test_a_changed_audit_log_is_found(console, lan):
    path = pathlib.Path(console.config["paths"]["state"]) / "console.db"
    record = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match="only grows"):
        record.execute("UPDATE audit SET actor = 'x'")
    record.execute("DROP TRIGGER audit_is_not_changed")
    record.execute("UPDATE audit SET actor = 'x' WHERE seq = 1")
    record.commit()
    record.close()
    done = console.command("audit", "verify", "--config", console.child.argv[2])
    assert done.returncode == 1 and "audit entry 1 was changed" in done.stderr
    assert path.stat().st_mode & 0o077 == 0, "only the owner reads the record"


def test_sigterm_answers_what_was_asked(console, lan):
    client = Client(console.url)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.send, "POST", "/api/v1/session", {"name": "lan", "password": PASSWORD}) for _ in range(4)]
        follower = Follower(lan, "/api/v1/stream?after=0")
        time.sleep(0.05)
        assert console.child.stop() == 0
        assert {a.result()[0] for a in asked} <= {200, 503}
    follower.end()
    console.child.process.stdout.close()
    console.start()
    assert lan.get("session")["name"] == "lan"
