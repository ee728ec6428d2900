"""The inventory: what a site has, what is new, and that it stays exact while workers are killed."""
import json
import subprocess
import time

import pytest

from conftest import program, wait_for
from test_correlator import Producer

RULES = """
title: New service
id: new-service
logsource: {service: flow}
detection: {selection: {inventory.new: service}, condition: selection}
haidang: {group_by: [dest_ip, dest_port], suppress: 0s}
"""
STREAM = "ev:{net.s.0}"


def flow(port, host="10.77.2.30", answered=9):
    return {"event_type": "flow", "src_ip": "10.77.1.15", "dest_ip": host, "dest_port": port, "proto": "TCP", "direction": "internal",
            "flow": {"pkts_toclient": answered}}


@pytest.fixture
def config(shared, folder):
    (folder / "rules.yml").write_text(RULES)
    (folder / "assets.yaml").write_text("network_scopes:\n  - {id: dc, name: Servers, cidr: [10.77.2.0/24], owner: skhcn}\n")
    return {**shared, "correlator": {"rules": [str(folder / "rules.yml")], "assets": str(folder / "assets.yaml"), "batch": 1,
                                     "lease": "1s", "learn": "0s"}}


def drained(redis):
    wait_for(lambda: not redis.client.xlen(STREAM), 20, "the stream empty")


def new_services(redis):
    return sorted(json.loads(f[b"a"])["group"]["dest_port"] for b in range(16) for _, f in redis.client.xrange(f"al:{{b{b:02d}}}"))


def test_each_service_is_new_once_for_all_workers_that_ever_read_it(redis, spawn, config):
    producer = Producer(redis.client, [STREAM])
    ports = [p for n in range(300) for p in (1000 + n, 1000 + n // 2)]
    producer.send(STREAM, [flow(p) for p in ports], batch=1)
    kills = 0
    worker = spawn("correlator", config)
    while redis.client.xlen(STREAM) and kills < 20:
        time.sleep(0.05)
        worker.kill()
        worker = spawn("correlator", config)
        kills += 1
    drained(redis)
    assert new_services(redis) == sorted(set(ports))
    assert kills >= 1


def test_nothing_is_new_while_a_site_is_learnt_nor_without_an_answer(redis, spawn, config):
    spawn("correlator", {**config, "correlator": {**config["correlator"], "learn": "14d"}})
    producer = Producer(redis.client, [STREAM])
    producer.send(STREAM, [flow(443), flow(8443), flow(22, answered=0)])
    drained(redis)
    assert new_services(redis) == []
    assert {v.decode() for v in redis.client.hgetall("inv:{dc}:service")} == {"10.77.2.30 TCP/443", "10.77.2.30 TCP/8443"}


def test_assets_shows_the_inventory(redis, spawn, config):
    spawn("correlator", config)
    Producer(redis.client, [STREAM]).send(STREAM, [flow(443), flow(443)])
    drained(redis)

    def assets(*args):
        return subprocess.run([program("ctl"), "assets", "--redis", redis.address, *args], capture_output=True, text=True, timeout=20)
    said = assets("--kind", "service", "--json")
    assert said.returncode == 0, said.stderr
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(r["site"], r["kind"], r["value"]) for r in rows] == [("dc", "service", "10.77.2.30 TCP/443")]
    assert rows[0]["last_seen"] >= rows[0]["first_seen"] > 1_700_000_000
    assert "10.77.1.15" in assets("--site", "home").stdout
    assert assets("--kind", "person").returncode == 2
