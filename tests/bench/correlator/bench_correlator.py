#!/usr/bin/env python3
"""Events per second of the correlator, one process: from Redis to acknowledged with the whole rule
pack, about 1 % of the events touching windows; and its peer SEC (Debian package sec) counting the
same long DNS questions in the same events from a file, in the same run. BUILD names the build
folder; an argument changes the number of events."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import redis

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve() / "bin/haidang-correlator"
BATCH, STREAMS, LEAST = 10, 2, 100_000
START_MS = int(time.time() * 1000) - 600_000

SEC_RULE = r"""type=SingleWithThreshold
ptype=RegExp
pattern="src_ip":"([^"]+)".*"rrtype":"%s"
desc=%s $1
action=write - alert $1
window=3600
thresh=30

"""

OUR_RULE = """title: Question %s
name: q%s
logsource: {category: dns}
detection:
  selection: {dns.rrtype: %s}
  condition: selection
---
title: Many questions %s
correlation:
  type: event_count
  rules: [q%s]
  group-by: [src_ip]
  timespan: 1h
  condition: {gte: 30}
---
"""
TYPES = ["TXT"] + [f"TYPE{n}" for n in range(300, 319)]


def common(rng, n, kind):
    at = START_MS + n // 50
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03d}000+0000"
    return {"event_id": f"{at:013d}-{n % 50:06d}", "timestamp": stamp, "event_type": kind, "sensor": "bench",
            "in_iface": "enp2s0", "flow_id": rng.getrandbits(50), "src_ip": f"10.77.{rng.randrange(16)}.{rng.randrange(1, 255)}",
            "src_port": rng.randrange(1024, 65536), "dest_ip": f"203.0.113.{rng.randrange(1, 255)}", "dest_port": 443,
            "proto": "TCP", "community_id": "1:kbSDG85U/xyYRhqqPj4h++UXMJY=", "app_proto": kind, "direction": "outbound"}


def dns(rng, n):
    name = f"www{rng.randrange(9999)}.site{rng.randrange(999)}.example"
    return {**common(rng, n, "dns"), "dest_port": 53, "proto": "UDP",
            "dns": {"type": "query", "id": rng.randrange(65536), "rrname": name, "rrtype": "A",
                    "domain": name.split(".", 1)[1], "name_len": len(name)}}


def tunnel(rng, n):
    name = f"{rng.getrandbits(200):050x}.t{rng.randrange(2)}.example"
    return {**common(rng, n, "dns"), "src_ip": f"10.77.1.{rng.randrange(1, 17)}", "dest_port": 53, "proto": "UDP",
            "dns": {"type": "query", "id": rng.randrange(65536), "rrname": name, "rrtype": "TXT",
                    "domain": name.split(".", 1)[1], "name_len": len(name), "labels_entropy": 3900}}


def flow(rng, n):
    return {**common(rng, n, "flow"), "ndpi": {"proto": "TLS.Google", "proto_id": "91.126", "category": "Web",
            "breed": "Acceptable", "confidence": "DPI"},
            "flow": {"pkts_toserver": 12, "pkts_toclient": 14, "bytes_toserver": 2112, "bytes_toclient": 9000,
                     "start": "2026-11-23T00:00:00.000000+0000", "end": "2026-11-23T00:00:09.000000+0000", "age": 9,
                     "state": "closed", "reason": "closed"},
            "tcp": {"tcp_flags": "1b", "syn": True, "fin": True, "ack": True, "state": "closed"}}


def http(rng, n):
    return {**common(rng, n, "http"), "dest_port": 80,
            "http": {"hostname": f"www{rng.randrange(999)}.example", "url": f"/tin-tuc/{rng.randrange(99999)}.html?p=1",
                     "http_method": "GET", "http_user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "status": 200, "length": 5120}}


def tls(rng, n):
    return {**common(rng, n, "tls"), "tls": {"sni": f"www{rng.randrange(999)}.example", "version": "TLS 1.3",
            "ja3": {"hash": "e7d705a3286e19ea42f587b344ee6865"}, "alpn": "h2"}}


def make_events(count):
    rng, makers = random.Random(1), (dns, dns, flow, flow, http, tls)
    return [json.dumps((tunnel if rng.random() < 0.01 else rng.choice(makers))(rng, n), separators=(",", ":"))
            for n in range(count)]


class Bench:
    def __init__(self, folder):
        self.folder, self.socket = folder, f"{folder}/r.sock"
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", folder, "--save", "",
             "--appendonly", "yes", "--daemonize", "no"], stdout=subprocess.DEVNULL)
        self.redis = redis.Redis(unix_socket_path=self.socket)
        while not os.path.exists(self.socket):
            time.sleep(0.01)

    def fill(self, events):
        pipe = self.redis.pipeline(transaction=False)
        for s in range(STREAMS):
            pipe.sadd("ev:index", f"ev:{{net.bench.{s}}}")
        for i in range(0, len(events), BATCH):
            batch = events[i:i + BATCH]
            ms, seq = json.loads(batch[-1])["event_id"].split("-")
            pipe.xadd(f"ev:{{net.bench.{i // BATCH % STREAMS}}}", {"b": "\n".join(batch)}, id=f"{ms}-{int(seq)}")
            if i % 20000 == 0:
                pipe.execute()
        pipe.execute()

    def left(self):
        return sum(self.redis.xlen(f"ev:{{net.bench.{s}}}") for s in range(STREAMS))

    def alerts(self):
        """New ones, without their revisions, by which a storm that goes on is told."""
        entries = [entry for b in range(16) for _, entry in self.redis.xrange(f"al:{{b{b:02d}}}")]
        return sum(json.loads(entry[b"a"])["revision"] == 1 for entry in entries)

    def correlate(self, events, rules):
        """Wall and CPU seconds of the correlator, start to last acknowledgement."""
        self.redis.flushall()
        self.fill(events)
        config = pathlib.Path(self.folder) / "c.yaml"
        config.write_text(json.dumps({"redis": {"address": "unix:" + self.socket}, "correlator": {"rules": [str(rules)]}}))
        started = time.monotonic()
        child = subprocess.Popen([PROGRAM, "--config", config], stderr=subprocess.DEVNULL)
        while self.left():
            time.sleep(0.005)
        wall = time.monotonic() - started
        fields = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        child.terminate()
        child.wait()
        windows, alerts = len(self.redis.keys("w:*")), self.alerts()
        return wall, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), windows, alerts


def time_sec(folder, events, rules):
    path, conf = pathlib.Path(folder) / "events.ndjson", pathlib.Path(folder) / "sec.conf"
    path.write_text("\n".join(events) + "\n")
    conf.write_text("".join(SEC_RULE % (t, t) for t in TYPES[:rules]))
    started = time.monotonic()
    done = subprocess.run(["sec", f"--conf={conf}", f"--input={path}", "--notail", "--fromstart"],
                          capture_output=True, text=True, check=True)
    return time.monotonic() - started, done.stdout.count("alert")


def compare(bench, events, rules):
    path = pathlib.Path(bench.folder) / "rules.yml"
    path.write_text("".join(OUR_RULE % ((t,) * 5) for t in TYPES[:rules]))
    wall, _, _, alerts = bench.correlate(events, path)
    said = f"{rules} counting rules: {len(events) / wall:,.0f} events/s, {alerts} alerts"
    if not shutil.which("sec"):
        return print(said + "; sec is not installed: no peer")
    peer, peer_alerts = time_sec(bench.folder, events, rules)
    return print(f"{said}; sec on the same lines from a file: {len(events) / peer:,.0f} events/s, {peer_alerts} alerts; "
                 f"haidang-correlator / sec = {peer / wall:.1f}")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    events = make_events(count)
    with tempfile.TemporaryDirectory(prefix="hd-corr-") as folder:
        bench = Bench(folder)
        try:
            wall, cpu, windows, alerts = bench.correlate(events, ROOT / "rules/sigma")
            print(f"{count} events of {sum(map(len, events)) // count} bytes, Redis to acknowledged, whole rule pack: "
                  f"{count / wall:,.0f} events/s ({cpu / wall:.0%} of one core; {windows} windows, {alerts} alerts)")
            for rules in (1, len(TYPES)):
                compare(bench, events, rules)
        finally:
            bench.server.terminate()
            bench.server.wait()
    return count / wall < LEAST


if __name__ == "__main__":
    sys.exit(main())
