"""haidang-correlator: what it matches, and that its alerts are exact while workers and Redis die."""
import collections
import json
import pathlib
import random
import signal
import subprocess
import time

import pytest
import redis as redis_client

from conftest import ROOT, program, wait_for

REPLAY = sorted(p for p in (ROOT / "tests/replay").iterdir() if p.is_dir())
GROUP = "correlator"

RULES = """
title: A question
name: question
logsource: {category: dns}
detection:
  selection: {dns.rrname|endswith: .count.test}
  condition: selection
---
title: Five questions
id: five-questions
correlation:
  type: event_count
  rules: [question]
  group-by: [src_ip]
  timespan: 1h
  condition: {gte: 5}
---
title: Five names
id: five-names
correlation:
  type: value_count
  rules: [question]
  group-by: [src_ip]
  timespan: 1h
  condition: {gte: 5, field: dns.rrname}
---
title: A single one
id: single
logsource: {category: tls}
detection:
  selection: {tls.sni: single.test}
  condition: selection
haidang:
  group_by: [src_ip]
"""


# ---- on files ----------------------------------------------------------------

def run(*args):
    return subprocess.run([program("correlator"), *map(str, args)], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("case", REPLAY, ids=lambda p: p.name)
def test_replay(case):
    """A folder with rules/, events.ndjson and expected.ndjson; `options` holds more arguments."""
    options = (case / "options").read_text().split() if (case / "options").exists() else []
    options = [str(case / o) if (case / o).exists() else o for o in options]
    done = run("test", *options, case / "rules", case / "events.ndjson")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [json.loads(line) for line in (case / "expected.ndjson").read_text().splitlines()]
    assert found == expected


def test_a_broken_rule_is_refused_alone_with_its_place(folder):
    (folder / "good.yml").write_text("title: G\nlogsource: {category: dns}\ndetection: {s: {a: 1}, condition: s}\n")
    (folder / "bad.yml").write_text("title: B\nlogsource: {category: dns}\ndetection:\n  s: {a|near: 1}\n  condition: s\n")
    done = run("check", folder)
    assert done.returncode == 2
    assert f"{folder}/bad.yml:4: a|near: 'near' is no modifier" in done.stderr
    assert "1 rules loaded, 1 refused" in done.stdout


@pytest.mark.parametrize("content, said", [
    ("{", "bad.ndjson:1: "),
    ('{"a":1}\n[1]\n', "bad.ndjson:2: "),
])
def test_a_line_that_is_no_event_is_named(folder, content, said):
    (folder / "r.yml").write_text(RULES)
    (folder / "bad.ndjson").write_text(content)
    done = run("test", folder / "r.yml", folder / "bad.ndjson")
    assert done.returncode == 2 and said in done.stderr


@pytest.mark.parametrize("settings, said", [
    ("redis: {address: nonsense}", "neither unix:/path nor host:port"),
    ("redis: {address: ''}", "redis.address is empty"),
    ("correlator: {worker: ../x}", "correlator.worker: '../x' is no name"),
    ("correlator: {rules: [/nowhere]}", "/nowhere: No such file"),
    ("correlator: {vars: /nowhere}", "/nowhere: cannot be opened"),
])
def test_settings_that_cannot_work_are_refused(folder, settings, said):
    (folder / "c.yaml").write_text(settings)
    for command in (["--check"], []) if "nowhere" not in settings else (["--check"],):
        done = run("--config", folder / "c.yaml", *command)
        assert done.returncode == 2 and said in done.stderr


# ---- on Redis ----------------------------------------------------------------

class Producer:
    """Writes batches as the probe does: explicit growing ids, a batch per entry."""

    def __init__(self, redis, streams):
        self.redis, self.streams = redis, streams
        self.start_ms = int(time.time() * 1000) - 600_000
        self.sent = collections.Counter()
        for stream in streams:
            redis.sadd("ev:index", stream)

    def send(self, stream, events, batch=10):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self.start_ms / 1000))
        for first in range(0, len(events), batch):
            lines = []
            for event in events[first:first + batch]:
                n = self.sent[stream]
                self.sent[stream] += 1
                ms, seq = self.start_ms + n // 10, n % 10
                lines.append(json.dumps({"event_id": f"{ms:013d}-{seq:06d}", "timestamp": at, **event}))
            self.add(stream, "\n".join(lines), f"{ms}-{seq}")

    def add(self, stream, lines, entry_id):
        end = time.monotonic() + 20
        while True:
            try:
                return self.redis.xadd(stream, {"b": lines}, id=entry_id)
            except redis_client.ConnectionError:
                assert time.monotonic() < end
                time.sleep(0.05)
            except redis_client.ResponseError as error:
                if "equal or smaller" in str(error):
                    return None  # it had arrived before the connection broke
                if "LOADING" not in str(error):
                    raise
                time.sleep(0.05)


def questions(groups, rng):
    """Per group 4 or 5 questions; 5 must raise one alert of each counting rule, 4 none."""
    events, expected = [], collections.Counter()
    for group in range(groups):
        source = f"10.{group >> 16}.{group >> 8 & 255}.{group & 255}"
        count = rng.choice((4, 5))
        events += [{"event_type": "dns", "src_ip": source, "dns": {"rrname": f"n{k}.count.test"}} for k in range(count)]
        events += [{"event_type": "tls", "src_ip": source, "tls": {"sni": "single.test"}}] * 2
        for rule in ("five-questions", "five-names") if count == 5 else ():
            expected[rule, source] += 1
        expected["single", source] += 1
    rng.shuffle(events)
    return events, expected


def alerts(redis):
    """How often each (rule, source) was alerted."""
    found, ids = collections.Counter(), collections.Counter()
    for bucket in range(16):
        for _, fields in redis.xrange(f"al:{{b{bucket:02d}}}"):
            alert = json.loads(fields[b"a"])
            found[alert["rule"]["id"], alert["group"]["src_ip"]] += 1
            ids[alert["alert_id"]] += 1
    assert not [i for i, n in ids.items() if n > 1], "an alert was written twice"
    return found


def left(redis, streams):
    """Entries not acknowledged and trimmed yet."""
    return sum(redis.xlen(s) for s in streams)


@pytest.fixture
def config(shared, folder):
    (folder / "rules.yml").write_text(RULES)
    return {**shared, "correlator": {"rules": [str(folder / "rules.yml")], "batch": 1, "lease": "1s"}}


def config_of(config, **changes):
    return {**config, "correlator": {**config["correlator"], **changes}}


def fill(redis, streams, groups, seed):
    rng = random.Random(seed)
    events, expected = questions(groups, rng)
    producer = Producer(redis.client, streams)
    for i, stream in enumerate(streams):
        producer.send(stream, events[i::len(streams)])
    return expected, rng


def kill_until_done(redis, streams, start, workers, rng, seconds=25):
    """Kills a worker at random moments while there is work; gives how often."""
    kills, end = 0, time.monotonic() + seconds
    while left(redis.client, streams) and time.monotonic() < end:
        time.sleep(rng.uniform(0.01, 0.08))
        victim = rng.randrange(len(workers))
        workers[victim].kill()
        kills += 1
        workers[victim] = start(victim)
    wait_for(lambda: not left(redis.client, streams), 20, "the streams empty")
    return kills


def test_alerts_are_exact_while_a_worker_is_killed(redis, spawn, config):
    streams = ["ev:{net.a.0}", "ev:{net.b.0}", "ev:{web.c.0}"]
    expected, rng = fill(redis, streams, 2500, seed=1)
    workers = [spawn("correlator", config)]
    kills = kill_until_done(redis, streams, lambda i: spawn("correlator", config), workers, rng)
    assert kills >= 5
    assert alerts(redis.client) == expected
    assert workers[0].stop() == 0


def test_alerts_are_exact_while_two_workers_share_streams_and_die(redis, spawn, config):
    streams = [f"ev:{{net.s{i}.0}}" for i in range(4)]
    expected, rng = fill(redis, streams, 1500, seed=2)

    def start(i):
        return spawn("correlator", config_of(config, worker=f"w{i}", streams_max=2))

    workers = [start(0), start(1)]
    kills = kill_until_done(redis, streams, start, workers, rng, 15)
    assert kills >= 5
    assert alerts(redis.client) == expected


def test_another_worker_takes_over_what_a_dead_one_had_taken(redis, spawn, config):
    streams = ["ev:{net.a.0}"]
    expected, _ = fill(redis, streams, 1500, seed=3)
    first = spawn("correlator", config_of(config, worker="first"))
    wait_for(lambda: redis.client.xlen(streams[0]) < 800, 20, "the first worker at work")
    first.kill()
    second = spawn("correlator", config_of(config, worker="second"))
    wait_for(lambda: not left(redis.client, streams), 20, "the second worker done")
    assert alerts(redis.client) == expected
    assert second.running()


def test_a_paused_worker_that_lost_its_lease_harms_nothing(redis, spawn, config):
    streams = ["ev:{net.a.0}"]
    expected, _ = fill(redis, streams, 1500, seed=4)
    first = spawn("correlator", config_of(config, worker="first"))
    wait_for(lambda: redis.client.xlen(streams[0]) < 800, 20, "the first worker at work")
    first.process.send_signal(signal.SIGSTOP)
    spawn("correlator", config_of(config, worker="second"))
    wait_for(lambda: redis.client.xlen(streams[0]) < 500, 20, "the second worker at work")
    first.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not left(redis.client, streams), 20, "the work done")
    assert alerts(redis.client) == expected


def test_alerts_are_exact_while_redis_is_killed_and_restarted(redis, spawn, config):
    streams = ["ev:{net.a.0}", "ev:{net.b.0}"]
    expected, _ = fill(redis, streams, 1500, seed=5)
    worker = spawn("correlator", config)
    for at in (700, 350):
        wait_for(lambda: redis.answers() and left(redis.client, streams) < at * 2, 20, "progress")
        redis.kill()
        time.sleep(0.2)
        redis.start()
    wait_for(lambda: not left(redis.client, streams), 20, "the streams empty")
    assert alerts(redis.client) == expected
    assert worker.running()


def test_a_full_redis_is_drained_and_nothing_is_lost(redis, spawn, config):
    streams = ["ev:{net.a.0}"]
    expected, _ = fill(redis, streams, 300, seed=6)
    spawn("correlator", config).stop()
    redis.client.config_set("maxmemory", 1)
    with pytest.raises(redis_client.ResponseError):
        redis.client.set("x", "y")
    spawn("correlator", config)
    wait_for(lambda: not left(redis.client, streams), 20, "the streams empty")
    redis.client.config_set("maxmemory", 0)
    assert alerts(redis.client) == expected


def lifetimes(redis):
    """Seconds that each window has left to live."""
    return sorted(redis.pttl(key) / 1000 for key in redis.scan_iter("w:*"))


def test_windows_that_raised_nothing_live_shorter_when_redis_fills_up(redis, spawn, config):
    stream = "ev:{net.a.0}"
    producer = Producer(redis.client, [stream])
    question = {"event_type": "dns", "dns": {"rrname": "n.count.test"}}
    worker = spawn("correlator", config)
    producer.send(stream, [{**question, "src_ip": "10.0.0.1"}])
    producer.send(stream, [{"event_type": "tls", "src_ip": "10.0.0.1", "tls": {"sni": "single.test"}}])
    wait_for(lambda: len(lifetimes(redis.client)) == 3, 10, "two windows and an alert's state")
    timespan, outage, day = 3600 + 60, 3600, 86400
    quiet, raised = lifetimes(redis.client)[:2], lifetimes(redis.client)[2]
    assert all(timespan + outage - 20 < t <= timespan + outage + 1 for t in quiet) and raised > day
    redis.client.config_set("maxmemory", int(redis.client.info("memory")["used_memory"] * 1.2))
    wait_for(lambda: "Redis fills up" in worker.said(), 15, "the pressure")
    producer.send(stream, [{**question, "src_ip": "10.0.0.1"}])
    wait_for(lambda: lifetimes(redis.client)[1] <= timespan + 1, 10, "shorter lives")
    assert lifetimes(redis.client)[0] > timespan - 20
    status = json.loads(redis.client.get("health:correlator.1"))["status"]
    assert status.startswith("degraded: Redis is nearly full")


# ---- as a service ------------------------------------------------------------

def metric(folder, name, worker="1"):
    path = pathlib.Path(folder) / f"correlator-{worker}.prom"
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")), None)


def health(redis):
    text = redis.client.get("health:correlator.1")
    return json.loads(text)["metrics"] if text else {}


def test_malformed_events_are_counted_and_the_rest_goes_on(redis, spawn, config):
    stream = "ev:{net.a.0}"
    producer = Producer(redis.client, [stream])
    tls = {"event_type": "tls", "src_ip": "10.0.0.1", "tls": {"sni": "single.test"}}
    good = json.dumps({**tls, "timestamp": "2026-11-23T00:00:00Z", "event_id": "1763856300000-000001"})
    no_time = json.dumps({**tls, "event_id": "1763856300000-000002"})
    late = json.dumps({**tls, "timestamp": "2999-01-01T00:00:00Z", "event_id": "1763856300000-000003"})
    redis.client.xadd(stream, {"b": "\n".join(['{"a":', "[1]", no_time, late, good])}, id="1763856300000-9")
    redis.client.xadd(stream, {"other": "x"}, id="1763856300001-0")
    assert not producer.sent
    worker = spawn("correlator", config)
    wait_for(lambda: not left(redis.client, [stream]), 10, "the streams empty")
    assert alerts(redis.client) == {("single", "10.0.0.1"): 1}
    wait_for(lambda: health(redis).get("haidang_correlator_events_total") == 5, 8, "health")
    for reason in ("json", "no_object", "no_time", "future", "no_batch"):
        assert health(redis)[f'haidang_correlator_refused_total{{reason="{reason}"}}'] == 1, reason
    assert "single.test" not in worker.said()
    shown = subprocess.run([program("ctl"), "refused", "--redis", redis.address], capture_output=True, text=True, timeout=10, check=True)
    assert shown.stdout.splitlines()[0] == 'json  ev:{net.a.0} 1763856300000-9  5 bytes: {"a":'
    shown = subprocess.run([program("ctl"), "refused", "--redis", redis.address, "--json"], capture_output=True, text=True, timeout=10,
                           check=True)
    aside = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [a["reason"] for a in aside] == ["json", "no_object", "no_time", "future", "no_batch"]
    assert aside[1]["event"] == "[1]"


def test_events_beyond_the_limit_of_a_batch_are_counted(redis, spawn, config):
    stream = "ev:{net.a.0}"
    Producer(redis.client, [stream])
    redis.client.xadd(stream, {"b": "\n".join(["{}"] * 10_007)})
    spawn("correlator", config)
    wait_for(lambda: health(redis).get('haidang_correlator_refused_total{reason="too_many"}') == 7, 10, "the count")
    assert left(redis.client, [stream]) == 0


def test_a_correlator_with_nothing_to_do_says_each_time_that_redis_is_away_and_back(redis, spawn, config):
    stream = "ev:{net.a.0}"
    Producer(redis.client, [stream])
    worker = spawn("correlator", config)
    for times in (1, 2):
        redis.kill()
        wait_for(lambda: worker.said().count("failed, trying again") == times, 10, "the outage noticed")
        redis.start()
        wait_for(lambda: worker.said().count("Redis is well again") == times, 10, "the end of it noticed")


def test_sighup_takes_new_rules_and_keeps_the_old_ones_when_they_are_broken(redis, spawn, config, folder):
    stream = "ev:{net.a.0}"
    producer = Producer(redis.client, [stream])
    rules = folder / "rules.yml"
    worker = spawn("correlator", config)

    def ask(n):
        producer.send(stream, [{"event_type": "tls", "src_ip": f"10.0.0.{n}", "tls": {"sni": "single.test"}}])
        wait_for(lambda: not left(redis.client, [stream]), 10, "the stream empty")
        return set(alerts(redis.client))

    assert ask(1) == {("single", "10.0.0.1")}
    rules.write_text(RULES.replace("{tls.sni: single.test}", "{tls.sni|foo: 1}"))
    worker.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in worker.said(), 5, "the refusal")
    assert ("single", "10.0.0.2") in ask(2)
    rules.write_text(RULES.replace("id: single", "id: renamed"))
    worker.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "Rules are reloaded" in worker.said(), 5, "the reload")
    assert ("renamed", "10.0.0.3") in ask(3)
    assert worker.stop() == 0
    assert not redis.client.keys("lease:*")
