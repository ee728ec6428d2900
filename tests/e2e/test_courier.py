"""Alerts reach their receivers: signed, at least once, with a stable id, through everything that fails."""
import itertools
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import alerts
from conftest import Child, free_port, program, wait_for
from webhook_receiver import Receiver
from courier_setup import (FAST, OLD_SECRET, SECRET, certificate, command, config, keys, metric, pending,  # noqa: F401 (fixtures)
                           put_many, receive, secret_file)


def test_an_alert_arrives_signed_as_a_cloud_event(redis, receive, config, spawn):
    receiver = receive()
    spawn("courier", config(centre=receiver.url))
    body = alerts.alert(1, entity="máy 10.1.0.5\u0000\u001b[2J\u009b5m")
    alerts.put(redis, body)
    wait_for(lambda: receiver.taken, what="a delivery")
    request = receiver.requests[0]
    assert request["id"] == alerts.key(body)
    event = request["event"]
    assert event["type"] == "vn.haidang.alert.raised" and event["source"] == "/haidang"
    assert event["subject"] == "máy 10.1.0.5[2J5m"
    assert event["data"] == body
    wait_for(lambda: pending(redis, "centre") == 0, what="the acknowledgement")


def test_a_later_revision_is_another_delivery_of_type_updated(redis, receive, config, spawn):
    receiver = receive()
    spawn("courier", config(centre=receiver.url))
    first, second = alerts.alert(1), alerts.alert(1, revision=2)
    alerts.put(redis, first)
    alerts.put(redis, second)
    wait_for(lambda: set(receiver.taken) == keys([first, second]))
    types = {r["id"][-1]: r["event"]["type"] for r in receiver.requests}
    assert types == {"1": "vn.haidang.alert.raised", "2": "vn.haidang.alert.updated"}


def test_old_and_new_secret_both_match_while_a_key_is_replaced(redis, receive, config, spawn, secret_file):
    old, new = receive(secrets=(OLD_SECRET,)), receive(secrets=(SECRET,))
    secret_file.write_text(f"# the newest first\n{SECRET}\n\n{OLD_SECRET}\n")
    spawn("courier", config(old=old.url, new=new.url))
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: old.taken and new.taken)
    assert re.fullmatch("v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=", new.requests[0]["headers"]["webhook-signature"])


def test_a_target_gets_only_the_levels_and_domains_it_asked_for(redis, receive, config, spawn):
    receiver = receive()
    spawn("courier", config(centre={"url": receiver.url, "min_level": "high", "domains": ["network", "bridge"]}))
    wanted = [alerts.alert(1), alerts.alert(2, level="critical", domain="bridge")]
    for body in [alerts.alert(3, level="medium"), alerts.alert(4, domain="information"), *wanted]:
        alerts.put(redis, body)
    wait_for(lambda: set(receiver.taken) == keys(wanted))
    wait_for(lambda: pending(redis, "centre") == 0)
    assert len(receiver.requests) == 2


def test_connections_are_kept_alive(redis, receive, config, spawn):
    receiver = receive()
    spawn("courier", config(centre=receiver.url))
    bodies = put_many(redis, 300)
    wait_for(lambda: set(receiver.taken) == keys(bodies))
    assert receiver.connections <= 4


def test_failures_of_every_kind_are_retried_until_delivered(redis, receive, config, spawn):
    kinds = [500, 503, "reset", 429, ("sleep", 0.5, 204), 301, 401, 404, "gigabyte", 408, (307, {"location": "http://127.0.0.1:1/"}, b"")]
    failed = {}

    def behave(number, request):
        kind = failed.setdefault(request["id"], 0)
        failed[request["id"]] += 1
        return kinds[(number + kind) % len(kinds)] if kind < 2 else 204

    receiver = receive(behave)
    courier = spawn("courier", config(centre={"url": receiver.url, "timeout": "250ms"}))
    bodies = put_many(redis, 16)
    wait_for(lambda: set(receiver.taken) == keys(bodies), 30)
    wait_for(lambda: pending(redis, "centre") == 0)
    assert courier.running()


def test_a_dead_target_delays_no_other(redis, receive, config, spawn):
    alive, slow = receive(), receive(lambda number, request: ("sleep", 1.5, 500))
    spawn("courier", config(dead=f"http://127.0.0.1:{free_port()}/", slow=slow.url, alive=alive.url))
    started = time.monotonic()
    bodies = put_many(redis, 200)
    wait_for(lambda: set(alive.taken) == keys(bodies))
    assert time.monotonic() - started < 5
    assert pending(redis, "dead") == 200


def test_attempts_at_a_dead_receiver_are_few(redis, receive, config, spawn):
    receiver = receive(lambda number, request: 503)
    spawn("courier", config(centre={"url": receiver.url, "retry_min": "50ms", "retry_max": "30s"}))
    put_many(redis, 200)
    time.sleep(1)
    # Four at once, then one at a time after pauses of at least 25, 50, 100, 200, 400 and 800 ms.
    assert 4 <= len(receiver.requests) <= 10


def test_retry_after_is_obeyed(redis, receive, config, spawn):
    receiver = receive(lambda number, request: (429, {"Retry-After": "1"}, b"") if number == 0 else 204)
    spawn("courier", config(centre={"url": receiver.url, "concurrency": 1}))
    bodies = put_many(redis, 3)
    wait_for(lambda: set(receiver.taken) == keys(bodies))
    assert receiver.requests[1]["at"] - receiver.requests[0]["at"] >= 0.95


def test_a_receiver_that_comes_back_gets_everything(redis, receive, config, spawn):
    receiver = receive()
    receiver.stop()
    courier = spawn("courier", config(centre=receiver.url))
    bodies = put_many(redis, 150)
    wait_for(lambda: "takes no alerts" in courier.said(), what="a warning")
    receiver.start()
    wait_for(lambda: set(receiver.taken) == keys(bodies))
    wait_for(lambda: "takes alerts again" in courier.said(), what="the end of the warning")
    wait_for(lambda: pending(redis, "centre") == 0)


def test_an_alert_the_receiver_refuses_becomes_a_dead_letter_and_the_rest_go_on(redis, receive, config, spawn):
    bodies = [alerts.alert(n) for n in range(20)]
    bad = alerts.key(bodies[7])
    receiver = receive(lambda number, request: 422 if request["id"] == bad else 204)
    courier = spawn("courier", config(centre={"url": receiver.url, "refused_max": 3}))
    for body in bodies:
        alerts.put(redis, body)
    wait_for(lambda: set(receiver.taken) == keys(bodies) - {bad})
    (_, letter), = wait_for(lambda: redis.client.xrange("dead:{centre}"))
    assert json.loads(letter[b"a"]) == bodies[7]
    assert letter[b"attempts"] == b"3" and letter[b"reason"].startswith(b"HTTP 422")
    wait_for(lambda: pending(redis, "centre") == 0)
    assert sum(r["id"] == bad for r in receiver.requests) == 3
    courier.stop()
    assert metric(redis, "dead_letters", "centre") == 1 and metric(redis, "refused_total", "centre") == 1


def test_what_is_no_alert_is_named_and_becomes_a_dead_letter(redis, receive, config, spawn):
    receiver = receive()
    courier = spawn("courier", config(centre=receiver.url))
    broken = [alerts.put(redis, text, bucket=3) for text in
              ['{"alert_id":', "[]", '{"alert_id":"al-1\\r\\nx: y"}', b"\xff\xfe", json.dumps(alerts.alert(1, revision=0))]]
    broken.append(redis.client.xadd("al:{b03}", {"other": "1"}).decode())
    good = alerts.alert(2)
    alerts.put(redis, good, bucket=3)
    wait_for(lambda: set(receiver.taken) == {alerts.key(good)})
    wait_for(lambda: pending(redis, "centre") == 0)
    assert [letter[b"id"].decode() for _, letter in redis.client.xrange("dead:{centre}")] == broken
    for entry in broken:
        assert f"entry={entry}" in courier.said()
    assert len(receiver.requests) == 1


def test_an_alert_trimmed_before_delivery_is_counted(redis, receive, config, spawn):
    receiver = receive(lambda number, request: 503)
    settings = config(centre=receiver.url)
    courier = spawn("courier", settings)
    alerts.put(redis, alerts.alert(1), bucket=0)
    wait_for(lambda: receiver.requests)
    courier.kill()
    redis.client.xtrim("al:{b00}", maxlen=0)
    courier = spawn("courier", settings)
    wait_for(lambda: "was trimmed before" in courier.said())
    wait_for(lambda: pending(redis, "centre") == 0)
    courier.stop()
    assert metric(redis, "lost_total", "centre") == 1


def test_every_alert_arrives_though_the_courier_is_killed_20_times(redis, receive, config, spawn):
    receiver = receive(lambda number, request: [204, 204, ("sleep", 0.02, 204), 500, 204, "reset"][number % 6])
    settings = config(centre={"url": receiver.url, "retry_min": "10ms", "retry_max": "40ms"})
    bodies = []
    for round_number in range(20):
        courier = spawn("courier", settings)
        for number in range(15):
            bodies.append(alerts.alert(round_number * 100 + number))
            alerts.put(redis, bodies[-1])
        seen = len(receiver.requests)
        wait_for(lambda: len(receiver.requests) > seen + round_number % 7)
        courier.kill()
    spawn("courier", settings)
    wait_for(lambda: set(receiver.taken) == keys(bodies), 20)
    wait_for(lambda: pending(redis, "centre") == 0)
    for request in receiver.requests:  # a repetition is the same in all but time and signature
        assert request["event"]["data"] == next(b for b in bodies if alerts.key(b) == request["id"])


def test_redis_killed_and_restarted_loses_no_alert(redis, receive, config, spawn):
    receiver = receive(lambda number, request: 204 if number % 3 else 500)
    courier = spawn("courier", config(centre=receiver.url))
    bodies = put_many(redis, 60)
    wait_for(lambda: len(receiver.taken) > 10)
    redis.client.execute_command("WAITAOF", 1, 0, 1000) if redis.client.info()["redis_version"] >= "7.2" else time.sleep(1.1)
    redis.kill()
    wait_for(lambda: "Redis is away" in courier.said())
    redis.start()
    more = [alerts.alert(n) for n in range(100, 130)]
    for body in more:
        alerts.put(redis, body)
    wait_for(lambda: set(receiver.taken) == keys(bodies + more))
    wait_for(lambda: pending(redis, "centre") == 0)


class CuttingProxy:
    """Between courier and Redis: cuts the connection in place of the answers that `cut` chooses, so that Redis did what
    was asked and the courier does not know."""

    def __init__(self, redis, path, cut):
        self.redis, self.cut, self.cuts = redis, cut, 0
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(16)
        self.address = f"unix:{path}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(self.redis.socket)
            threading.Thread(target=self.forward, args=(client, upstream, False), daemon=True).start()
            threading.Thread(target=self.forward, args=(upstream, client, True), daemon=True).start()

    def forward(self, source, target, is_answer):
        try:
            while data := source.recv(1 << 20):
                if is_answer and self.cut(data):
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@pytest.mark.parametrize("what, lost", [("alerts read", lambda data: b"alert_id" in data),
                                        ("acknowledgements", lambda data: data.startswith(b":1\r\n"))])
def test_answers_of_redis_that_are_lost_lose_no_alert(redis, receive, config, spawn, folder, what, lost):
    counted = itertools.count()
    proxy = CuttingProxy(redis, folder / "proxy.sock", lambda data: lost(data) and next(counted) % 3 == 0)
    receiver = receive()
    settings = config(centre=receiver.url)
    settings["redis"] = {"address": proxy.address}
    spawn("courier", settings)
    bodies = []
    for number in range(100):
        bodies.append(alerts.alert(number))
        alerts.put(redis, bodies[-1])
        time.sleep(0.005)
    wait_for(lambda: set(receiver.taken) == keys(bodies), what="all deliveries")
    wait_for(lambda: pending(redis, "centre") == 0, what="all acknowledgements")
    assert proxy.cuts > 2
    proxy.server.close()


def test_a_full_redis_lets_alerts_out(redis, receive, config, spawn):
    refused = alerts.key(alerts.alert(3))
    receiver = receive(lambda number, request: 422 if request["id"] == refused else 204)
    settings = config(centre={"url": receiver.url, "refused_max": 1})
    courier = spawn("courier", settings)
    wait_for(lambda: redis.client.exists("al:{b15}"), what="the groups")
    courier.stop()
    bodies = put_many(redis, 30)
    redis.client.config_set("maxmemory", 1)
    courier = spawn("courier", settings)
    wait_for(lambda: set(receiver.taken) == keys(bodies) - {refused})
    wait_for(lambda: pending(redis, "centre") == 1)
    assert redis.client.exists("dead:{centre}") == 0 and "Redis is full" in courier.said()
    redis.client.config_set("maxmemory", 0)
    wait_for(lambda: redis.client.xlen("dead:{centre}") == 1)
    wait_for(lambda: pending(redis, "centre") == 0)


def test_sigterm_waits_for_the_answers_under_way(redis, receive, config, spawn):
    receiver = receive(lambda number, request: ("sleep", 0.7, 204))
    courier = spawn("courier", config(centre=receiver.url))
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: receiver.requests)
    assert courier.stop() == 0
    assert receiver.taken == {alerts.key(alerts.alert(1)): 1}
    assert pending(redis, "centre") == 0


def test_sighup_takes_new_targets_and_secrets_without_losing_an_alert(redis, receive, config, spawn, folder, secret_file):
    first, second = receive(secrets=(SECRET, OLD_SECRET)), receive(secrets=(OLD_SECRET,))
    courier = spawn("courier", config(a=first.url))
    bodies = put_many(redis, 50)
    wait_for(lambda: first.taken)
    secret_file.write_text(OLD_SECRET)
    path = courier.argv[courier.argv.index("--config") + 1]
    with open(path, "w") as out:
        json.dump(config(a=first.url, b=second.url), out)
    courier.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "reloaded, targets=2" in courier.said())
    later = alerts.alert(99)
    alerts.put(redis, later)
    wait_for(lambda: set(first.taken) == keys(bodies + [later]) and set(second.taken) == keys(bodies + [later]))
    with open(path, "w") as out:
        out.write("courier: {targets: [{name: '../x', url: ftp://x, secret_file: y}]}")
    courier.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "was not reloaded, the old one stays" in courier.said())
    alerts.put(redis, alerts.alert(100))
    wait_for(lambda: alerts.key(alerts.alert(100)) in second.taken)


def test_a_target_that_is_mended_or_removed_fails_no_longer(redis, receive, config, spawn):
    receiver = receive()
    dead = f"http://127.0.0.1:{free_port()}/"
    courier = spawn("courier", config(mended=dead, removed=dead))
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: courier.said().count("takes no alerts") == 2)
    with open(courier.argv[courier.argv.index("--config") + 1], "w") as out:
        json.dump(config(mended=receiver.url), out)
    courier.process.send_signal(signal.SIGHUP)
    wait_for(lambda: receiver.taken)
    courier.stop()
    for target in ("mended", "removed"):
        assert metric(redis, "failing_since_seconds", target) == 0
    assert metric(redis, "pending", "removed") == 0


def test_health_and_metrics_tell_of_each_target(redis, receive, config, spawn, folder):
    receiver = receive()
    courier = spawn("courier", config(centre=receiver.url, dead=f"http://127.0.0.1:{free_port()}/"))
    bodies = put_many(redis, 5)
    wait_for(lambda: set(receiver.taken) == keys(bodies))
    wait_for(lambda: "takes no alerts" in courier.said())
    courier.stop()
    assert metric(redis, "delivered_total", "centre") == 5 and metric(redis, "pending", "dead") == 5
    health = json.loads(redis.client.get("health:courier.c1"))
    assert health["status"].startswith("degraded: dead: no answer:")
    assert metric(redis, "failing_since_seconds", "dead") > 0 and metric(redis, "failing_since_seconds", "centre") == 0
    assert 'haidang_courier_delivered_total{target="centre"} 5' in (folder / "courier.prom").read_text()


def test_neither_secrets_nor_bodies_are_logged(redis, receive, config, spawn):
    receiver = receive(lambda number, request: (500 if number < 3 else 200, {}, b"the answer's body"))
    settings = config(centre=receiver.url)
    settings["log"] = {"level": "debug"}
    courier = spawn("courier", settings)
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: receiver.taken)
    courier.stop()
    for word in (SECRET[6:30], "Máy 10.1.0.5 dò", "the answer's body", "v1,"):
        assert word not in courier.said()


def test_tls_is_verified(redis, receive, config, spawn, folder):
    good = receive(tls=certificate(folder, "127.0.0.1"))
    other = receive(tls=certificate(folder, "127.0.0.2"))
    courier = spawn("courier", config(good={"url": good.url, "ca_file": str(folder / "127.0.0.1.crt")},
                                      unknown={"url": good.url},
                                      misnamed={"url": other.url, "ca_file": str(folder / "127.0.0.2.crt")}))
    alerts.put(redis, alerts.alert(1))
    wait_for(lambda: good.taken)
    wait_for(lambda: courier.said().count("takes no alerts") == 2)
    assert len(good.requests) == 1 and other.requests == []


def test_behind_nginx(redis, receive, config, spawn, folder):
    receiver = receive(lambda number, request: 204 if number % 5 else 503)
    port = free_port()
    cert, key = certificate(folder, "127.0.0.1")
    (folder / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
        events {{ worker_connections 64; }}
        http {{
            access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
            fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
                      location / {{ proxy_pass http://127.0.0.1:{receiver.port}; }} }}
        }}""")
    nginx = Child(["nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log")
    try:
        bodies = put_many(redis, 100)
        spawn("courier", config(centre={"url": f"https://127.0.0.1:{port}/hook", "ca_file": str(cert)}))
        wait_for(lambda: set(receiver.taken) == keys(bodies), what="all deliveries")
    finally:
        nginx.stop()


def test_the_test_command_says_what_the_receiver_answered(receive, config, command):
    answers = iter([204, (401, {}, b"wrong\x1b[31m signature"), 422, 404, 410, 302])
    receiver = receive(lambda number, request: next(answers))
    settings = config(centre=receiver.url)
    said = command("test", "centre", config=settings)
    assert said.returncode == 0 and "took the test alert" in said.stdout
    assert receiver.requests[0]["event"]["type"] == "vn.haidang.alert.test"
    assert "thử" in receiver.requests[0]["event"]["data"]["explanation"]["vi"]
    said = command("test", "centre", config=settings)
    assert said.returncode == 1 and "compare the secrets" in said.stdout and "wrong[31m signature" in said.stdout
    for words in ("dead letter", "knows no such address", "closed for good", "points to another address"):
        said = command("test", "centre", config=settings)
        assert said.returncode == 1 and words in said.stdout, said.stdout
    said = command("test", "dead", config=config(dead=f"http://127.0.0.1:{free_port()}/"))
    assert said.returncode == 1 and "no answer" in said.stdout
    said = command("test", "nobody", config=settings)
    assert said.returncode == 2 and "no target 'nobody'" in said.stderr
    assert command("test", config=settings).returncode == 2


def test_haidang_passes_the_test_command_on(receive, config, command, folder):
    receiver = receive()
    command("--check", config=config(centre=receiver.url))
    said = subprocess.run([program("ctl"), "courier", "test", "--config", folder / "command.yaml", "centre"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert said.returncode == 0 and "took the test alert" in said.stdout, said.stderr
    assert len(receiver.requests) == 1


def trusting(authorities):
    """Words before a command that let it see that folder as the system's authorities."""
    ways = [["unshare", "--user", "--map-root-user", "--mount"]]
    if "shared:" not in pathlib.Path("/proc/self/mountinfo").read_text():  # nothing spreads: a chroot's root may do it too
        ways.append(["unshare", "--mount", "--propagation", "unchanged"])
    for way in ways:
        within = [*way, "sh", "-c", 'mount --bind "$0" /etc/ssl/certs && exec "$@"', authorities]
        if subprocess.run([*within, "true"], capture_output=True, check=False).returncode == 0:
            return within
    pytest.skip("making mount namespaces is not permitted")


def test_a_private_authority_is_trusted_alone(receive, config, command, folder):
    good = receive(tls=certificate(folder, "127.0.0.1"))
    certificate(folder, "127.0.0.2")
    system = folder / "system"
    system.mkdir()
    shutil.copy(folder / "127.0.0.1.crt", system / "ca-certificates.crt")
    subprocess.run(["openssl", "rehash", system], check=True)
    within = trusting(system)
    assert command("test", "a", config=config(a=good.url), within=within).returncode == 0
    said = command("test", "a", config=config(a={"url": good.url, "ca_file": str(folder / "127.0.0.2.crt")}), within=within)
    assert said.returncode == 1 and "certificate" in said.stdout
    assert len(good.requests) == 1


def test_a_fresh_secret_is_one_the_courier_takes(command, config, secret_file, receive):
    first, second = command("secret"), command("secret")
    assert first.returncode == 0 and first.stdout != second.stdout
    secret_file.write_text(first.stdout)
    receiver = receive(secrets=(first.stdout.strip(),))
    assert command("test", "centre", config=config(centre=receiver.url)).returncode == 0


BAD_TARGETS = [
    ({"url": "http://192.0.2.1/hook"}, "readable on the way"),
    ({"url": "http://127.0.0.1.example.com/hook"}, "readable on the way"),
    ({"url": "file:///etc/passwd"}, "no https:// or http:// URL"),
    ({"url": "https://user:word@example.com/"}, "must not hold a user"),
    ({"url": "https://"}, "no https:// or http:// URL"),
    ({"url": "/hook"}, "no https:// or http:// URL"),
    ({"secret_file": "/nonexistent"}, "/nonexistent"),
    ({"ca_file": "/nonexistent"}, "/nonexistent"),
    ({"name": "a.b"}, "letters, digits"),
    ({"domains": ["weather"]}, "weather"),
    ({"min_level": "huge"}, "min_level"),
    ({"retry_min": "10s", "retry_max": "1s"}, "retry_max is below retry_min"),
    ({"concurrency": 1000}, "concurrency"),
    ({"colour": "red"}, "colour"),
]


def test_a_bad_target_is_refused_in_words(config, command):
    for change, words in BAD_TARGETS:
        settings = config(centre={"url": "https://example.com/", **change})
        for args in (["--check"], []):
            said = command(*args, config=settings)
            assert said.returncode == 2 and words in said.stderr, said.stderr


def test_a_secret_that_everyone_can_read_is_refused(config, command, secret_file):
    secret_file.chmod(0o644)
    said = command("--check", config=config(centre="https://example.com/"))
    assert said.returncode == 2 and "everyone can read" in said.stderr
    assert SECRET not in said.stderr


def test_two_targets_of_one_name_are_refused(config, command):
    settings = config(centre="https://example.com/")
    settings["courier"]["targets"] *= 2
    said = command("--check", config=settings)
    assert said.returncode == 2 and "stands twice" in said.stderr


def test_the_printed_configuration_reads_back(config, command, folder):
    settings = config(centre={"url": "https://example.com/", "domains": ["bridge"], "min_level": "high"})
    printed = command("--print-config", config=settings).stdout
    (folder / "again.yaml").write_text(printed)
    again = subprocess.run([program("courier"), "--print-config", "--config", folder / "again.yaml"], capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout == printed
