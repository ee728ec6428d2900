"""haidang-collector: other sensors' events come in once each, whatever dies; syslog becomes events."""
import json
import os
import random
import select
import socket
import ssl
import subprocess
import threading
import time

import pytest
import yaml

from conftest import ROOT, free_port, program, wait_for

CASES = ROOT / "tests/syslog"
MAPPINGS = ROOT / "rules/syslog.yaml"


def run(*args):
    return subprocess.run([program("collector"), *map(str, args)], capture_output=True, text=True, timeout=30)


def alert(number, **more):
    return {"timestamp": "2026-11-23T07:05:01.000001+0700", "flow_id": number, "event_type": "alert", "src_ip": "198.51.100.7",
            "src_port": 4444, "dest_ip": "10.1.2.3", "dest_port": 22, "proto": "TCP",
            "alert": {"action": "allowed", "signature_id": 1, "signature": "TEST", "severity": 2}, "payload": "SECRET", **more}


def line(number):
    return json.dumps(alert(number)) + "\n"


def events(client, name):
    found = []
    for _, fields in client.xrange(f"ev:{{net.{name}.0}}"):
        found += [json.loads(text) for text in fields[b"b"].decode().splitlines()]
    return found


def flow_ids(client, name):
    return [event["flow_id"] for event in events(client, name)]


def config(shared, *inputs, **more):
    return {**shared, "collector": {"mappings": str(MAPPINGS), "inputs": list(inputs), **more}}


# ---- on files ----------------------------------------------------------------

def test_messages_of_every_format_become_events():
    done = run("map", "--mappings", MAPPINGS, CASES / "messages.log")
    assert done.returncode == 0, done.stderr
    found = [json.loads(text) for text in done.stdout.splitlines()]
    for event in found:
        del event["event_id"], event["timestamp"]
    assert found == [json.loads(text) for text in (CASES / "expected.ndjson").read_text().splitlines()]
    assert done.stderr.splitlines() == ["line 13: unknown ", "line 18: skipped fortigate", "line 24: skipped cisco-asa",
                                        "line 40: bad_fields netfilter"]
    assert "nguoidung" not in done.stdout and "quantri" not in done.stdout  # names of users


def test_every_event_of_the_mapping_has_a_message(tmp_path):
    """Without any one of its events the mapping must give another result: none is dead or untested."""
    def events_by(mappings):
        out = run("map", "--mappings", mappings, CASES / "messages.log").stdout
        return [text.split('"event_type"', 1)[1] for text in out.splitlines()]

    whole = events_by(MAPPINGS)
    for f, form in enumerate(yaml.safe_load(MAPPINGS.read_text())["formats"]):
        for e in range(len(form["events"])):
            less = yaml.safe_load(MAPPINGS.read_text())
            less["formats"][f]["events"][e]["contains"] = "never in a message"
            path = tmp_path / "m.yaml"
            path.write_text(yaml.safe_dump(less))
            assert events_by(path) != whole, (form["id"], e)


@pytest.mark.parametrize("change,said", [
    ({"formats": [{"id": "a", "contains": "x", "events": []}]}, "events: a list is missing"),
    ({"formats": [{"id": "a", "events": [{"take": "pairs", "event_type": "flow"}]}]}, "app or contains"),
    ({"formats": [{"id": "a", "contains": "x", "events": [{"take": "pairs", "event_type": "flow", "fields": {"src_user": "u"}}]}]},
     "'src_user' is no event field that can be mapped"),
    ({"formats": [{"id": "a", "contains": "x", "events": [{"take": "regex", "event_type": "flow"}]}]}, "take: expected"),
    ({"formats": [{"id": "a", "contains": "x", "events": [{"take": "dissect", "pattern": "%{a}%{b}", "event_type": "flow"}]}]},
     "two gaps without text"),
    ({"formats": [{"id": "a", "contains": "x", "typo": 1, "events": [{"take": "pairs", "event_type": "flow"}]}]}, "unknown key 'typo'"),
])
def test_a_wrong_mapping_names_file_and_line(tmp_path, change, said):
    path = tmp_path / "m.yaml"
    path.write_text(yaml.safe_dump(change))
    done = run("map", "--mappings", path, CASES / "messages.log")
    assert done.returncode == 2 and said in done.stderr and f"{path}:" in done.stderr


@pytest.mark.parametrize("change,said", [
    ({"name": "a b"}, "is no name"),
    ({"name": "a", "kind": "syslog"}, "listen: expected"),
    ({"name": "a", "kind": "syslog", "listen": ["udp:localhost:514"]}, "listen: found"),
    ({"name": "a", "kind": "syslog", "listen": ["tls:127.0.0.1:6514"]}, "needs cert_file"),
    ({"name": "a", "kind": "syslog", "listen": ["udp:127.0.0.1:0"], "allow": ["10.0.0.0/40"]}, "is no network"),
    ({"name": "a", "kind": "syslog", "listen": ["udp:127.0.0.1:0"], "zone": "+7"}, "zone"),
    ({"name": "a", "path": ""}, "the file is missing"),
    ({"name": "a", "path": "/x", "types": ["alret"]}, "alret"),
    ({"name": "a", "kind": "redis_list", "address": "here"}, "address"),
])
def test_a_wrong_input_is_refused_at_the_start(tmp_path, change, said):
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"collector": {"mappings": str(MAPPINGS), "inputs": [change]}}))
    done = run("--config", path, "--check")
    assert done.returncode == 2 and said in done.stderr, done.stderr


# ---- Suricata ----------------------------------------------------------------

def test_an_eve_file_is_taken_once_while_it_rotates_and_we_are_killed(spawn, redis, shared, folder):
    """A writer that rotates and a collector killed again and again: every line once, in order."""
    path, chance = folder / "eve.json", random.Random(7)
    wanted = config(shared, {"name": "ids", "path": str(path), "from_start": True})
    written, rotated = 0, 0
    child = spawn("collector", wanted)
    for turn in range(25):
        with open(path, "a") as out:
            for _ in range(chance.randrange(1, 400)):
                out.write(line(written))
                written += 1
        time.sleep(chance.random() / 10)
        if chance.random() < 0.4:
            rotated += 1
            os.rename(path, folder / f"eve.json-{rotated:03}")
        if chance.random() < 0.5:
            child.kill()
            child = spawn("collector", wanted)
        if turn == 12:
            redis.kill()
            redis.start()
    wait_for(lambda: len(flow_ids(redis.client, "ids")) >= written, 20, f"{written} events")
    assert flow_ids(redis.client, "ids") == list(range(written))
    assert rotated > 3
    ids = [event["event_id"] for event in events(redis.client, "ids")]
    assert ids == sorted(set(ids))
    assert b"SECRET" not in b"".join(f[b"b"] for _, f in redis.client.xrange("ev:{net.ids.0}"))
    assert child.stop() == 0


@pytest.mark.parametrize("order", ["lpush", "rpush"])
def test_a_redis_list_is_taken_once_while_we_are_killed(spawn, redis, shared, order):
    wanted = config(shared, {"name": "ids", "kind": "redis_list", "key": "suricata", "order": order})
    push, chance = getattr(redis.client, order), random.Random(11)
    child, written = spawn("collector", wanted), 0
    for _ in range(12):
        for _ in range(chance.randrange(1, 900)):
            push("suricata", line(written))
            written += 1
        child.kill()
        child = spawn("collector", wanted)
    wait_for(lambda: len(flow_ids(redis.client, "ids")) >= written, 20, f"{written} events")
    assert flow_ids(redis.client, "ids") == list(range(written))
    wait_for(lambda: redis.client.llen("suricata") == 0, 5, "an empty list")
    assert child.stop() == 0


class Deaf:
    """Between the collector and Redis: of every fifth LTRIM the answer is lost, and the connection with it."""

    def __init__(self, path):
        self.path, self.lost, self.trims = path, 0, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with client, socket.socket(socket.AF_UNIX) as there:
                there.connect(self.path)
                self.carry(client, there)

    def carry(self, client, there):
        while True:
            for source in select.select([client, there], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                if source is there:
                    client.sendall(data)
                    continue
                there.sendall(data)
                self.trims += b"LTRIM" in data
                if b"LTRIM" in data and self.trims % 5 == 0:
                    there.recv(65536)
                    self.lost += 1
                    return


@pytest.mark.parametrize("order", ["lpush", "rpush"])
def test_a_redis_list_is_taken_once_though_answers_are_lost(spawn, redis, shared, order):
    getattr(redis.client, order)("suricata", *map(line, range(10000)))
    between = Deaf(redis.address.removeprefix("unix:"))
    child = spawn("collector", config(shared, {
        "name": "ids", "kind": "redis_list", "key": "suricata", "order": order, "address": f"127.0.0.1:{between.port}"}))
    wait_for(lambda: redis.client.llen("suricata") == 0 and between.lost >= 3, 30, "an empty list")
    assert flow_ids(redis.client, "ids") == list(range(10000))
    assert child.stop() == 0
    between.server.close()


def test_a_redis_stream_is_taken_once_and_what_was_trimmed_is_counted(spawn, redis, shared, folder):
    wanted = config(shared, {"name": "ids", "kind": "redis_stream", "key": "suricata", "from_start": True})
    child, written = spawn("collector", wanted), 0
    for _ in range(6):
        for _ in range(300):
            redis.client.xadd("suricata", {"event": line(written)})
            written += 1
        child.kill()
        child = spawn("collector", wanted)
    wait_for(lambda: len(flow_ids(redis.client, "ids")) >= written, 20, f"{written} events")
    assert flow_ids(redis.client, "ids") == list(range(written))
    child.kill()
    for _ in range(10):
        redis.client.xadd("suricata", {"event": line(written)}, maxlen=4, approximate=False)
        written += 1
    child = spawn("collector", wanted)
    wait_for(lambda: written - 1 in flow_ids(redis.client, "ids"), 10, "the newest event")
    assert flow_ids(redis.client, "ids") == [*range(written - 10), *range(written - 4, written)]
    assert child.stop() == 0
    assert 'haidang_collector_lost{input="ids"} 6' in (folder / "collector.prom").read_text()


def test_a_full_stream_holds_the_reading_back(spawn, redis, shared, folder):
    path = folder / "eve.json"
    path.write_text("".join(line(i) for i in range(20000)))
    child = spawn("collector", config(shared, {"name": "ids", "path": str(path), "from_start": True}, stream_length=100))
    stream = "ev:{net.ids.0}"
    wait_for(lambda: redis.client.xlen(stream) >= 100, 10, "a full stream")
    time.sleep(0.6)
    assert redis.client.xlen(stream) < 120
    found = []
    deadline = time.monotonic() + 40
    while len(found) < 20000 and time.monotonic() < deadline:  # the correlator acknowledges and deletes
        for entry, fields in redis.client.xrange(stream, count=60):
            found += [json.loads(text)["flow_id"] for text in fields[b"b"].decode().splitlines()]
            redis.client.xdel(stream, entry)
    assert found == list(range(20000))
    assert child.stop() == 0


def test_what_is_no_event_is_counted_and_the_rest_goes_on(spawn, redis, shared, folder):
    path = folder / "eve.json"
    path.write_text("nonsense\n" + line(1) + '{"event_type":"alert"}\n' + json.dumps(alert(2, src_ip="x")) + "\n" +
                    json.dumps(alert(3, event_type="flow")) + "\n" + "x" * 3000000 + "\n" + line(4))
    child = spawn("collector", config(shared, {"name": "ids", "path": str(path), "from_start": True}))
    wait_for(lambda: flow_ids(redis.client, "ids") == [1, 4], 10, "the two events")
    assert child.stop() == 0
    metrics = (folder / "collector.prom").read_text()
    for outcome, count in {"taken": 2, "unwanted": 1, "no_event": 1, "bad_fields": 1}.items():
        assert f'haidang_collector_lines_total{{input="ids",outcome="{outcome}"}} {count}' in metrics
    assert 'outcome="not_json"} 1' in metrics and 'outcome="too_long"} ' in metrics


# ---- syslog ------------------------------------------------------------------

DENY = ('<189>date=2026-11-23 time=07:05:01 devid="F1" logid="13" type="traffic" srcip=198.51.100.7 srcport={} srcintf="wan1" '
        'dstip=10.1.2.3 dstport=22 proto=6 action="deny"')


def ports(client):
    return sorted(event["src_port"] for event in events(client, "fw"))


def listening(child, kind):
    def port():
        for text in child.said().splitlines():
            if f"at={kind}:" in text:
                return int(text.rsplit("port=", 1)[1])
        return None
    return wait_for(port, 10, f"a {kind} port")


def test_syslog_comes_in_over_udp_and_tcp_in_both_framings(spawn, redis, shared, folder):
    child = spawn("collector", config(shared, {"name": "fw", "kind": "syslog", "listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]}))
    udp, tcp = listening(child, "udp"), listening(child, "tcp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for port in range(1, 101):
            s.sendto(DENY.format(port).encode(), ("127.0.0.1", udp))
    with socket.create_connection(("127.0.0.1", tcp)) as s:  # octet counting, torn at every byte
        text = b"".join(f"{len(m)} {m}".encode() for m in (DENY.format(p) for p in range(101, 111)))
        for i in range(0, len(text), 7):
            s.sendall(text[i:i + 7])
    with socket.create_connection(("127.0.0.1", tcp)) as s:  # lines, the last one without an end
        s.sendall("\n".join(DENY.format(p) for p in range(111, 201)).encode())
    wait_for(lambda: len(ports(redis.client)) >= 200, 10, "200 events")
    assert ports(redis.client) == list(range(1, 201))
    assert child.stop() == 0
    assert 'haidang_collector_messages_total{input="fw",outcome="mapped"} 200' in (folder / "collector.prom").read_text()


def test_syslog_waits_in_the_spool_while_redis_is_away(spawn, redis, shared):
    child = spawn("collector", config(shared, {"name": "fw", "kind": "syslog", "listen": ["tcp:127.0.0.1:0"]}))
    tcp = listening(child, "tcp")
    with socket.create_connection(("127.0.0.1", tcp)) as s:
        s.sendall((DENY.format(1) + "\n").encode())
        wait_for(lambda: ports(redis.client) == [1], 10, "the first event")
        redis.kill()
        for port in range(2, 500):
            s.sendall((DENY.format(port) + "\n").encode())
    time.sleep(0.5)
    child.stop()  # what waits survives us too
    redis.start()
    spawn("collector", config(shared, {"name": "fw", "kind": "syslog", "listen": ["tcp:127.0.0.1:0"]}))
    wait_for(lambda: len(ports(redis.client)) >= 499, 15, "all events")
    assert ports(redis.client) == list(range(1, 500))


def certificate(folder, name, issuer=None):
    """A key and a certificate for 127.0.0.1, self-signed or of `issuer`."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    by = ["-CA", folder / f"{issuer}.pem", "-CAkey", folder / f"{issuer}.key"] if issuer else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert, *by],
                   check=True, capture_output=True)
    return cert, key


def test_syslog_over_tls_asks_senders_for_their_certificate(spawn, redis, shared, folder):
    authority, _ = certificate(folder, "authority")
    cert, key = certificate(folder, "collector", "authority")
    device, device_key = certificate(folder, "device", "authority")
    stranger, stranger_key = certificate(folder, "stranger")
    child = spawn("collector", config(shared, {
        "name": "fw", "kind": "syslog", "listen": ["tls:127.0.0.1:0"], "cert_file": str(cert), "key_file": str(key),
        "ca_file": str(authority)}))
    port = listening(child, "tls")

    def send(text, *own):
        context = ssl.create_default_context(cafile=authority)
        if own:
            context.load_cert_chain(*own)
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
                s.sendall(text)
                s.unwrap()

    text = b"".join(f"{len(m)} {m}".encode() for m in (DENY.format(p) for p in range(1, 400)))
    send(text, device, device_key)
    wait_for(lambda: len(ports(redis.client)) >= 399, 10, "399 events")
    assert ports(redis.client) == list(range(1, 400))
    for own in [(), (stranger, stranger_key)]:
        with pytest.raises(OSError):
            send((DENY.format(500) + "\n").encode() * 1000, *own)
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"not TLS at all\n")
    wait_for(lambda: child.said().count("a sender is refused") >= 3, 10, "three refusals")
    assert ports(redis.client) == list(range(1, 400))
    assert child.stop() == 0


def test_senders_not_allowed_and_endless_messages_are_refused(spawn, redis, shared, folder):
    child = spawn("collector", config(
        shared, {"name": "other", "kind": "syslog", "listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"], "allow": ["192.0.2.0/24"]},
        {"name": "fw", "kind": "syslog", "listen": ["tcp:127.0.0.1:0"]}))
    udp = listening(child, "udp")
    wait_for(lambda: child.said().count("listening") == 3, 10, "three sockets")
    tcp = [int(t.rsplit("port=", 1)[1]) for t in child.said().splitlines() if "at=tcp:" in t]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(DENY.format(1).encode(), ("127.0.0.1", udp))
    with socket.create_connection(("127.0.0.1", tcp[0])) as s:
        assert s.recv(1) == b""
    with socket.create_connection(("127.0.0.1", tcp[1])) as s:
        with pytest.raises(OSError):  # cut off
            for _ in range(100):
                s.sendall(b"x" * 100000)
    with socket.create_connection(("127.0.0.1", tcp[1])) as s:
        s.sendall((DENY.format(5) + "\n").encode())
    wait_for(lambda: ports(redis.client) == [5], 10, "the event of the next sender")
    assert child.stop() == 0
    metrics = (folder / "collector.prom").read_text()
    assert 'refused_total{input="other",reason="sender_not_allowed"} 2' in metrics
    assert 'refused_total{input="fw",reason="too_long"} 1' in metrics


def test_rsyslog_can_be_the_sender(spawn, redis, shared, folder):
    """A real rsyslog relays over TCP with octet counting."""
    child = spawn("collector", config(shared, {"name": "fw", "kind": "syslog", "listen": ["tcp:127.0.0.1:0"]}))
    tcp, udp = listening(child, "tcp"), free_port()
    (folder / "rsyslog.conf").write_text(f'''
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{udp}")
*.* action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
''')
    relay = subprocess.Popen(["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "rsyslog.pid"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def one_arrived():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(b"<4>Nov 23 07:05:01 gw kernel: [9.1] DROP IN=eth0 OUT= SRC=198.51.100.7 DST=10.1.2.3 PROTO=TCP SPT=77 DPT=22",
                         ("127.0.0.1", udp))
            time.sleep(0.1)
            return events(redis.client, "fw")
        event = wait_for(one_arrived, 10, "an event through rsyslog")[0]
    finally:
        relay.terminate()
        relay.wait()
    assert event["src_port"] == 77 and event["haidang"] == {"device": "gw", "action": "deny"}


def test_a_broken_mapping_is_refused_at_reload_and_the_old_one_stays(spawn, redis, shared, folder):
    path = folder / "syslog.yaml"
    path.write_text(MAPPINGS.read_text())
    wanted = config(shared, {"name": "fw", "kind": "syslog", "listen": ["udp:127.0.0.1:0"]})
    wanted["collector"]["mappings"] = str(path)
    child = spawn("collector", wanted)
    udp = listening(child, "udp")
    path.write_text("formats: [{id: broken}]")
    child.process.send_signal(1)
    wait_for(lambda: "stay as they were" in child.said(), 10, "the refusal")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(DENY.format(9).encode(), ("127.0.0.1", udp))
    wait_for(lambda: ports(redis.client) == [9], 10, "the event")
    path.write_text(MAPPINGS.read_text())
    child.process.send_signal(1)
    wait_for(lambda: "mappings read again" in child.said(), 10, "the reload")
    assert child.stop() == 0


# ---- together ----------------------------------------------------------------

def test_both_sensors_count_into_one_alert(spawn, redis, shared, folder):
    """The firewall's denials and the sensor's alerts reach the correlator beside the probe's events."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "r.yml").write_text("""
title: Denied again and again
name: denied
logsource: {category: firewall}
detection:
  selection: {haidang.action: deny}
  condition: selection
---
title: Many denials
id: many-denials
correlation:
  type: event_count
  rules: [denied]
  group-by: [src_ip]
  timespan: 1h
  condition: {gte: 10}
""")
    collector = spawn("collector", config(shared, {"name": "fw", "kind": "syslog", "listen": ["udp:127.0.0.1:0"]}))
    spawn("correlator", {**shared, "correlator": {"rules": [str(rules)]}})
    udp = listening(collector, "udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for port in range(1, 30):
            s.sendto(DENY.format(port).encode(), ("127.0.0.1", udp))

    def alerts():
        return [json.loads(f[b"a"]) for n in range(16) for _, f in redis.client.xrange(f"al:{{b{n:02}}}")]
    found = wait_for(alerts, 15, "the alert")
    assert found[0]["rule"]["id"] == "many-denials"
