#!/usr/bin/env python3
"""Events per second from Redis to acknowledged when 1 % touch windows, with 1, 2 and 4 workers, and the
time from cause to alert while events arrive at a fixed pace. Processor time is told beside the wall's,
because workers, Redis and this script share the machine. BUILD names the build folder; arguments:
the number of events, the pace in events/s, the seconds."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bench_correlator import BATCH, OUR_RULE, PROGRAM, make_events  # noqa: E402

STREAMS, WORKERS = 8, (1, 2, 4)


def seconds_of(pid):
    """Of processor time."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    """A Redis with producer streams, and correlators on it."""

    def __init__(self, folder, rules):
        self.folder, self.rules = pathlib.Path(folder), rules
        self.socket = f"{folder}/r.sock"
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

    def start(self, name, streams_max=STREAMS):
        config = self.folder / f"{name}.yaml"
        config.write_text(json.dumps({"redis": {"address": "unix:" + self.socket}, "correlator": {
            "rules": [str(self.rules)], "worker": name, "streams_max": streams_max}}))
        return subprocess.Popen([PROGRAM, "--config", config], stderr=subprocess.DEVNULL)

    def end(self):
        self.server.terminate()
        self.server.wait()


def throughput(bench, events, workers):
    bench.redis.flushall()
    bench.fill(events)
    before = seconds_of(bench.server.pid)
    started = time.monotonic()
    children = [bench.start(f"w{i}", streams_max=-(-STREAMS // workers)) for i in range(workers)]
    while not bench.redis.exists("lease:ev:{net.bench.0}"):
        time.sleep(0.002)
    ready = time.monotonic() - started
    while bench.left():
        time.sleep(0.02)
    wall = time.monotonic() - started
    cpu = sum(seconds_of(c.pid) for c in children)
    redis_cpu = seconds_of(bench.server.pid) - before
    for child in children:
        child.terminate()
        child.wait()
    # With a core for each, the one that needs most sets the pace; here all share what there is.
    alone = len(events) / max(cpu / workers, redis_cpu)
    print(f"{workers} worker(s): {len(events) / wall:,.0f} events/s in {wall:.2f} s, of which {ready:.2f} s to start; processor time: "
          f"workers {cpu:.2f} s, Redis {redis_cpu:.2f} s; with a core each {alone:,.0f} events/s", flush=True)
    return alone


def latency(bench, pace, seconds):
    """A cause is written every 20 ms among the others; the alert's stream id tells when it came."""
    bench.redis.flushall()
    for s in range(STREAMS):
        bench.redis.sadd("ev:index", f"ev:{{net.bench.{s}}}")
        bench.redis.xgroup_create(f"ev:{{net.bench.{s}}}", "correlator", 0, mkstream=True)
    child = bench.start("w0")
    while len(bench.redis.keys("lease:*")) < STREAMS:
        time.sleep(0.01)
    events = make_events(20_000)
    lines = [e.split('"event_id"', 1)[1].split(",", 1)[1] for e in events]
    written, stop = {}, time.monotonic() + seconds
    now_ms = 0
    pipe, n, started = bench.redis.pipeline(transaction=False), 0, time.monotonic()
    while time.monotonic() < stop:
        now_ms = max(int(time.time() * 1000), now_ms + 1)
        for s in range(STREAMS):
            batch = []
            for k in range(BATCH * 2):
                n += 1
                batch.append(f'{{"event_id":"{now_ms:013d}-{k:06d}",' + lines[n % len(lines)])
            if s == 0:
                source = f"10.9.{len(written) >> 8}.{len(written) & 255}"
                batch[-1] = json.dumps({"event_id": f"{now_ms:013d}-{BATCH * 2 - 1:06d}", "timestamp": time.strftime(
                    "%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), "event_type": "tls", "src_ip": source, "tls": {"sni": "cause.test"}})
                written[source] = now_ms
            pipe.xadd(f"ev:{{net.bench.{s}}}", {"b": "\n".join(batch)}, id=f"{now_ms}-{BATCH * 2 - 1}")
        pipe.execute(raise_on_error=False)
        time.sleep(max(0.0, started + n / pace - time.monotonic()))
    took = time.monotonic() - started
    while bench.left():
        time.sleep(0.01)
    child.terminate()
    child.wait()
    delays = []
    for b in range(16):
        for entry, fields in bench.redis.xrange(f"al:{{b{b:02d}}}"):
            alert = json.loads(fields[b"a"])
            if alert["rule"]["title"] == "Cause":
                delays.append(int(entry.split(b"-")[0]) - written[alert["group"]["src_ip"]])
    delays.sort()
    p99 = delays[int(len(delays) * 0.99)]
    print(f"{n / took:,.0f} events/s for {took:.0f} s, {len(delays)} of {len(written)} causes: from cause to alert median "
          f"{delays[len(delays) // 2]} ms, p99 {p99} ms, longest {delays[-1]} ms", flush=True)
    return p99 <= 100 and len(delays) >= len(written) - 1


CAUSE = """title: Cause
name: cause
logsource: {category: tls}
detection:
  selection: {tls.sni: cause.test}
  condition: selection
haidang: {group_by: [src_ip]}
---
"""


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600_000
    pace = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    events = make_events(count)
    with tempfile.TemporaryDirectory(prefix="hd-corr-") as folder:
        rules = pathlib.Path(folder) / "rules.yml"
        rules.write_text(CAUSE + OUR_RULE % (("TXT",) * 5))
        bench = Bench(folder, rules)
        try:
            speeds = [throughput(bench, events, workers) for workers in WORKERS]
            in_time = latency(bench, pace, seconds)
        finally:
            bench.end()
    return not in_time or speeds[0] < 200_000


if __name__ == "__main__":
    sys.exit(main())
