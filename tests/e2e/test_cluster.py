"""The same programs on a Redis Cluster and on a master under sentinels: exact while nodes die and slots move."""
import collections
import json
import random
import subprocess
import time

import pytest

from cluster import Cluster, Watched, health_of, persistently
from conftest import ROOT, program, wait_for
from test_correlator import RULES, questions

STREAMS = [f"ev:{{net.s{i}.0}}" for i in range(4)]


@pytest.fixture
def cluster(folder):
    whole = Cluster(folder)
    yield whole
    whole.stop()


@pytest.fixture
def watched(folder):
    pair = Watched(folder)
    yield pair
    pair.stop()


def config_of(folder, settings, worker="1", **correlator):
    if not (folder / "rules.yml").exists():
        (folder / "rules.yml").write_text(RULES)
    return {"redis": settings, "paths": {"state": str(folder), "run": str(folder)}, "log": {"level": "info"},
            "correlator": {"rules": [str(folder / "rules.yml")], "worker": worker, "batch": 4, "lease": "1s", **correlator}}


class Producer:
    """Writes batches as the probe does: explicit growing ids, each kept until a replica has it."""

    def __init__(self, client, streams, confirm):
        self.client, self.confirm = client, confirm
        self.start_ms = int(time.time() * 1000) - 600_000
        self.sent = collections.Counter()
        for stream in streams:
            persistently(lambda name=stream: client.sadd("ev:index", name))

    def send(self, stream, events, batch=10):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self.start_ms / 1000))
        for first in range(0, len(events), batch):
            lines = []
            for event in events[first:first + batch]:
                n = self.sent[stream]
                self.sent[stream] += 1
                ms, seq = self.start_ms + n // 10, n % 10
                lines.append(json.dumps({"event_id": f"{ms:013d}-{seq:06d}", "timestamp": at, **event}))
            body, entry_id = {"b": "\n".join(lines)}, f"{ms}-{seq}"
            persistently(lambda e=body, i=entry_id: self.add(stream, e, i), 60)

    def add(self, stream, body, entry_id):
        answer = persistently(lambda: self.client.xadd(stream, body, id=entry_id))
        if self.confirm and self.confirm(stream) < 1:
            raise OSError("no replica has it yet")
        return answer


def fill(client, groups, seed, confirm=None, network="10."):
    events, expected = questions(groups, random.Random(seed))
    events = [{**e, "src_ip": network + e["src_ip"][3:]} for e in events]
    expected = collections.Counter({(rule, network + source[3:]): n for (rule, source), n in expected.items()})
    producer = Producer(client, STREAMS, confirm)
    for i, stream in enumerate(STREAMS):
        producer.send(stream, events[i::len(STREAMS)])
    return expected


def alerts(client):
    """How often each (rule, source) was alerted."""
    found, ids = collections.Counter(), collections.Counter()
    for bucket in range(16):
        for _, fields in client.xrange(f"al:{{b{bucket:02d}}}"):
            alert = json.loads(fields[b"a"])
            found[alert["rule"]["id"], alert["group"]["src_ip"]] += 1
            ids[alert["alert_id"]] += 1
    assert not [i for i, n in ids.items() if n > 1], "an alert was written twice"
    return found


def left(client):
    return persistently(lambda: sum(client.xlen(s) for s in STREAMS))


def probe_config(folder, settings):
    return {"redis": settings, "paths": {"state": str(folder), "run": str(folder)}, "probe": {"sensor": "s1"}}


def probed(client):
    """The ids of all events that a probe has put into Redis."""
    ids = []
    for key in persistently(lambda: client.smembers("ev:index")):
        for _, fields in persistently(lambda name=key: client.xrange(name)):
            ids += [json.loads(line)["event_id"] for line in fields[b"b"].splitlines()]
    return ids


def run_probe(folder, spawn, settings, capture="demo/port_scan.pcap"):
    child = spawn("probe", probe_config(folder, settings), "-r", str(ROOT / "tests/pcap" / capture))
    return child, child.process.wait(30)


# ---- a cluster ---------------------------------------------------------------

def test_every_program_works_on_a_cluster(cluster, spawn, folder):
    settings = cluster.settings(replicas=1)
    conf = config_of(folder, settings)
    expected = fill(cluster.client, 60, seed=1)
    worker = spawn("correlator", conf)
    spawn("courier", {**conf, "courier": {"targets": []}})
    spawn("console", {**conf, "console": {"listen": "127.0.0.1:0"}})
    wait_for(lambda: not left(cluster.client), 20, "the streams empty")
    assert alerts(cluster.client) == expected
    (folder / "haidang.yaml").write_text(json.dumps({"redis": settings}))
    told = subprocess.run([program("ctl"), "alerts", "--config", folder / "haidang.yaml", "--json"], capture_output=True, text=True,
                          timeout=20, check=True)
    assert len(told.stdout.splitlines()) == sum(expected.values())
    stored = f'haidang_console_alerts_total{{result="stored"}} {sum(expected.values())}'
    wait_for(lambda: any(stored in p.read_text() for p in folder.glob("console*.prom")), 15, "the console has them all")
    for name in ("courier", "console"):
        wait_for(lambda n=name: [k for k in persistently(lambda: cluster.client.smembers("health:index"))
                                 if k.decode().startswith(f"health:{n}.")], 10, f"health of the {name}")
    assert run_probe(folder, spawn, settings)[1] == 0
    assert b"ev:{net.s1.0}" in cluster.client.smembers("ev:index")
    status = subprocess.run([program("ctl"), "status", "--config", folder / "haidang.yaml", "--json"], capture_output=True, text=True,
                            timeout=20, check=False)
    assert {p["program"] for p in json.loads(status.stdout)["programs"]} >= {"correlator", "courier", "console"}
    assert worker.stop() == 0


def test_alerts_are_exact_while_workers_and_a_master_are_killed(cluster, spawn, folder):
    rng = random.Random(2)
    expected = fill(cluster.client, 1200, seed=2, confirm=lambda s: cluster.client.wait(s, 1, 1000))

    def start(i):
        return spawn("correlator", config_of(folder, cluster.settings(replicas=1), f"w{i}", streams_max=3))

    workers, kills = [start(0), start(1)], 0
    wait_for(lambda: left(cluster.client) < sum(expected.values()), 20, "work")
    victim = cluster.serving(STREAMS[0])
    victim.kill()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        time.sleep(rng.uniform(0.05, 0.4))
        i = rng.randrange(2)
        workers[i].kill()
        workers[i] = start(i)
        kills += 1
    wait_for(lambda: not left(cluster.client), 25, "the streams empty")
    assert kills >= 5
    assert alerts(cluster.client) == expected
    assert not cluster.serving(STREAMS[0]) is victim


def test_slots_that_move_under_load_lose_and_double_nothing(cluster, spawn, folder):
    expected = fill(cluster.client, 600, seed=3)
    keys = STREAMS[:2] + ["w:{b03}", "w:{b08}", "w:{b12}"]
    worker = spawn("correlator", config_of(folder, cluster.settings()))
    for key in keys:
        source = cluster.serving(key)
        target = next(n for n in cluster.masters() if n is not source)
        slot = source.client.execute_command("CLUSTER", "KEYSLOT", key)
        cluster.move_slot(slot, source, target)
    wait_for(lambda: not left(cluster.client), 20, "the streams empty")
    assert alerts(cluster.client) == expected
    assert worker.running()


def test_a_probe_loses_and_doubles_nothing_when_its_master_dies(cluster, spawn, folder):
    assert run_probe(folder, spawn, cluster.settings(replicas=1))[1] == 0
    whole = probed(cluster.client)
    stream = "ev:{net.s1.0}"
    cluster.serving(stream).kill()
    child, status = run_probe(folder, spawn, cluster.settings(replicas=1))
    if status:  # it ended before the replica took over: the next run sends what it spooled
        assert "left" in child.said() or "spool" in child.said()
    wait_for(cluster.is_whole, 20, "the replica")
    run_probe(folder, spawn, cluster.settings(replicas=1))
    ids = probed(cluster.client)
    assert len(ids) == len(set(ids)) == 3 * len(whole)
    assert set(whole) <= set(ids)


# ---- sentinels ---------------------------------------------------------------

def test_alerts_are_exact_while_sentinels_make_the_replica_master(watched, spawn, folder):
    first = watched.master()
    expected = fill(first.client, 900, seed=4, confirm=lambda s: first.client.wait(1, 1000))
    worker = spawn("correlator", config_of(folder, watched.settings(replicas=1)))
    wait_for(lambda: first.client.xlen(STREAMS[0]) < 250, 20, "work")
    first.kill()
    wait_for(lambda: watched.master() is not first, 20, "another master")
    second = watched.master()
    wait_for(lambda: not left(second.client), 25, "the streams empty")
    assert alerts(second.client) == expected
    wait_for(lambda: health_of(second.client, "correlator.1"), 8, "its health")
    assert worker.running()


def test_a_master_that_became_a_replica_is_left(watched, spawn, folder):
    first = watched.master()
    expected = fill(first.client, 100, seed=5)
    worker = spawn("correlator", config_of(folder, watched.settings(replicas=1)))
    wait_for(lambda: not left(first.client), 20, "the streams empty")
    persistently(lambda: watched.asked.execute_command("SENTINEL", "FAILOVER", watched.NAME))
    wait_for(lambda: watched.master() is not first and watched.master().client.role()[0] == b"master", 20, "another master")
    second = watched.master()
    more = fill(second.client, 50, seed=6, network="11.")
    wait_for(lambda: not left(second.client), 20, "the streams empty")
    assert alerts(second.client) == expected + more
    assert worker.running()
