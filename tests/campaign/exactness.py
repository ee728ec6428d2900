#!/usr/bin/env python3
"""The long tests of exactness: `make campaign`, or one part with its seconds:

    exactness.py kills 200       workers killed so often, masters of a cluster killed, slots moved
    exactness.py outage 600      a probe whose Redis is away so long, then full, then killed
    exactness.py overflow 20     the same with a spool that cannot hold all

Each prints what it did and counted, and ends with status 1 when anything was lost, doubled or wrong.
BUILD_DIR names the build folder."""
import collections
import json
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parents[1] / "packaging/demo")]

import capture  # noqa: E402
import yaml  # noqa: E402
from cluster import Cluster, persistently  # noqa: E402
from conftest import ROOT, Child, Redis, program, wait_for  # noqa: E402
from test_cluster import RULES, Producer, questions  # noqa: E402

STREAMS = [f"ev:{{net.s{i}.0}}" for i in range(6)]
WORKERS = 3
MASTER_EVERY_S, SLOT_EVERY_S, PAUSE_EVERY_S = 20, 7, 11
PAUSE_S = 2.5  # longer than the lease
GROUPS_PER_KILL = 40


def spawn(folder, name, config, count, *args):
    path = folder / f"{name}-{count}.yaml"
    path.write_text(yaml.safe_dump(config))
    return Child([program(name), "--config", str(path), *args], folder / f"{name}-{count}.log")


class Kills:
    """Producers write, workers correlate, and everything is killed again and again."""

    def __init__(self, folder, wanted):
        self.folder, self.wanted = folder, wanted
        self.rng = random.Random(int(time.time()))
        self.cluster = Cluster(folder)
        (folder / "rules.yml").write_text(RULES)
        self.done = collections.Counter()
        self.events, self.expected = questions(wanted * GROUPS_PER_KILL, self.rng)
        self.spawned = 0
        self.workers = [self.start(i) for i in range(WORKERS)]

    def start(self, i):
        self.spawned += 1
        config = {"redis": self.cluster.settings(replicas=1), "paths": {"state": str(self.folder), "run": str(self.folder)},
                  "correlator": {"rules": [str(self.folder / "rules.yml")], "worker": f"w{i}", "batch": 4, "lease": "1s"}}
        return spawn(self.folder, "correlator", config, self.spawned)

    def produce(self):
        """A thread per producer, slow enough that the kills fall into the work."""
        def run(i):
            mine = self.events[i::len(STREAMS)]
            client = type(self.cluster.client)(self.cluster)
            producer = Producer(client, [STREAMS[i]], lambda s: client.wait(s, 1, 1000))
            pace = self.wanted * 0.4 / (len(mine) / 50)
            for first in range(0, len(mine), 50):
                started = time.monotonic()
                producer.send(STREAMS[i], mine[first:first + 50])
                time.sleep(max(0.0, pace - (time.monotonic() - started)))

        threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(STREAMS))]
        for thread in threads:
            thread.start()
        return threads

    def kill_worker(self):
        i = self.rng.randrange(WORKERS)
        self.workers[i].kill()
        self.workers[i] = self.start(i)
        self.done["workers killed"] += 1

    def kill_master(self):
        if not self.cluster.is_whole() or len(self.cluster.living()) < len(self.cluster.nodes):
            return
        victim = self.rng.choice(self.cluster.masters())
        victim.kill()
        self.done["masters killed"] += 1

        def back():
            time.sleep(6)  # a replica has taken over
            victim.start()
        threading.Thread(target=back, daemon=True).start()

    def move_slot(self):
        if not self.cluster.is_whole() or len(self.cluster.living()) < len(self.cluster.nodes):
            return
        key = self.rng.choice(STREAMS + [f"w:{{b{b:02d}}}" for b in range(16)])
        source = self.cluster.serving(key)
        target = self.rng.choice([n for n in self.cluster.masters() if n is not source])
        self.cluster.move_slot(source.client.execute_command("CLUSTER", "KEYSLOT", key), source, target)
        self.done["slots moved"] += 1

    def pause_worker(self):
        child = self.rng.choice(self.workers)
        child.process.send_signal(signal.SIGSTOP)
        self.done["workers paused"] += 1

        def go_on():
            time.sleep(PAUSE_S)
            child.process.send_signal(signal.SIGCONT)
        threading.Thread(target=go_on, daemon=True).start()

    def left(self):
        return sum(self.cluster.client.xlen(s) for s in STREAMS)

    def alerts(self):
        found, ids = collections.Counter(), collections.Counter()
        for bucket in range(16):
            for _, fields in self.cluster.client.xrange(f"al:{{b{bucket:02d}}}"):
                alert = json.loads(fields[b"a"])
                found[alert["rule"]["id"], alert["group"]["src_ip"]] += 1
                ids[alert["alert_id"]] += 1
        return found, ids

    def run(self):
        threads = self.produce()
        turns = [[MASTER_EVERY_S, self.kill_master], [SLOT_EVERY_S, self.move_slot], [PAUSE_EVERY_S, self.pause_worker]]
        started, due = time.monotonic(), [every for every, _ in turns]
        while self.done["workers killed"] < self.wanted or any(t.is_alive() for t in threads):
            time.sleep(self.rng.uniform(0.1, 0.5))
            for i, (every, act) in enumerate(turns):
                if time.monotonic() - started >= due[i]:
                    due[i] += every
                    try:
                        act()
                    except Exception as error:  # the cluster changed under it: the next turn comes
                        print(f"# {act.__name__}: {error}", flush=True)
            self.kill_worker()
        wait_for(lambda: persistently(lambda: self.left() == 0), 120, "the streams empty")
        seconds = time.monotonic() - started
        found, ids = self.alerts()
        lost = sum((self.expected - found).values())
        extra = found - self.expected
        doubled = sum(n for key, n in extra.items() if key in self.expected)
        wrong = sum(n for key, n in extra.items() if key not in self.expected)
        print(f"{len(self.events)} events, {sum(self.expected.values())} alerts expected, in {seconds:.0f} s: "
              + ", ".join(f"{n} {what}" for what, n in self.done.items()))
        print(f"alerts lost {lost}, doubled {doubled}, wrong {wrong}; the same id written twice: "
              f"{sum(n > 1 for n in ids.values())}", flush=True)
        return lost or doubled or wrong

    def end(self):
        for worker in self.workers:
            worker.kill()
        self.cluster.stop()


class Outage:
    """A probe writes each event to a file as well; Redis must have the same in the end, and what the
    spool could not hold must be counted."""

    loses = False

    def __init__(self, folder, seconds, spool="256MiB"):
        self.folder, self.seconds = folder, seconds
        self.redis = Redis(folder)
        self.player = capture.Player(folder)
        self.eve = folder / "eve.json"
        config = {"redis": {"address": self.redis.address}, "paths": {"state": str(folder), "run": str(folder)},
                  "probe": {"read": [str(self.player.pipe)], "output": str(self.eve), "stats_interval": "1s", "spool": spool}}
        self.probe = spawn(folder, "probe", config, 1)

    def traffic(self, seconds):
        packets, at = [], 0.0
        source = capture.read(ROOT / "tests/pcap/demo/port_scan.pcap")
        while at < seconds:
            packets += [(at + offset, packet) for offset, packet in source]
            at = packets[-1][0] + 0.2
        self.player.add(packets)

    def written(self):
        lines = self.eve.read_text().splitlines() if self.eve.exists() else []
        return [json.loads(line)["event_id"] for line in lines]

    def stored(self):
        ids = []
        for stream in self.redis.client.smembers("ev:index"):
            for _, fields in self.redis.client.xrange(stream):
                ids += [json.loads(line)["event_id"] for line in fields[b"b"].splitlines()]
        return ids

    def lost(self):
        told = re.search(r"Events are lost events=(\d+)", self.probe.said())
        return int(told[1]) if told else 0

    def run(self):
        self.traffic(self.seconds + 30)
        time.sleep(5)
        self.redis.kill()
        time.sleep(self.seconds)
        self.redis.start()
        time.sleep(5)
        self.redis.client.config_set("maxmemory", 1)
        time.sleep(5)
        self.redis.client.config_set("maxmemory", 0)
        time.sleep(3)
        self.redis.kill()
        self.redis.start()
        time.sleep(5)
        self.player.close()
        self.probe.process.wait(60)
        written, stored = self.written(), self.stored()
        missing, twice = len(set(written) - set(stored)), len(stored) - len(set(stored))
        print(f"{len(written)} events; Redis away {self.seconds} s, full 5 s, killed once more: missing {missing}, twice {twice}, "
              f"counted as lost {self.lost()}", flush=True)
        return missing != self.lost() or twice or not written or self.loses != (missing > 0)

    def end(self):
        if self.probe.running():
            self.probe.kill()
        self.redis.kill()


class Overflow(Outage):
    loses = True

    def __init__(self, folder, seconds):
        super().__init__(folder, seconds, "1MiB")


PARTS = {"kills": (Kills, 200), "outage": (Outage, 600), "overflow": (Overflow, 20)}


def run(name, size):
    kind, usual = PARTS[name]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hd-"))
    part = kind(folder, size or usual)
    try:
        return bool(part.run())
    finally:
        part.end()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    names = sys.argv[1:2] or list(PARTS)
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    return any([run(name, size) for name in names])


sys.exit(main())
