"""Everything fails at once, again and again: connections are dropped, delayed, reset and doubled, receivers restart, the
courier is killed. In the end each receiver has every message exactly once by its key, and so has the file.
CHAOS_KILLS=100 (`make chaos`) is the long run."""
import json
import os
import random
import socket
import struct
import threading
import time

import alerts
from conftest import free_port, wait_for
from courier_setup import FAST, config, pending, receive, secret_file  # noqa: F401 (fixtures)
from test_courier_routes import change, put_change

KILLS = int(os.environ.get("CHAOS_KILLS", "10"))
PER_KILL = 30


class Storm:
    """A TCP proxy that treats each connection in a way of its own."""

    WAYS = ["pass"] * 6 + ["delay", "drop request", "drop answer", "reset", "double", "hang"]

    def __init__(self, port, seed):
        self.target, self.random, self.ways = port, random.Random(seed), {}
        self.server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port, self.calm = self.server.getsockname()[1], False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            way = "pass" if self.calm else self.random.choice(self.WAYS)
            self.ways[way] = self.ways.get(way, 0) + 1
            threading.Thread(target=self.serve, args=(client, way), daemon=True).start()

    def serve(self, client, way):
        try:
            with client, socket.create_connection(("127.0.0.1", self.target)) as upstream:
                for sock in (client, upstream):
                    sock.settimeout(5)
                left = 1 << 30 if way in ("pass", "delay") else self.random.randrange(1, 6)
                while left and self.one(client, upstream, way if left == 1 or way in ("delay", "double") else "pass"):
                    left -= 1
        except OSError:
            pass

    def one(self, client, upstream, way):
        request = client.recv(1 << 20)
        if not request:
            return False
        if way == "delay":
            time.sleep(self.random.uniform(0, 0.05))
        elif way == "drop request":
            return False
        elif way == "hang":
            time.sleep(0.6)
            return False
        elif way == "double":
            with socket.create_connection(("127.0.0.1", self.target)) as again:
                again.settimeout(5)
                again.sendall(request)
                again.recv(1 << 16)
        upstream.sendall(request)
        answer = upstream.recv(1 << 16)
        if way == "drop answer":
            return False
        if way == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(answer[:10])
            return False
        client.sendall(answer)
        return bool(answer)

    def stop(self):
        self.server.close()


def feed(redis, start, count):
    """Alerts, later revisions of some, and what analysts did with others; gives the keys of all."""
    keys = set()
    for n in range(start, start + count):
        body = alerts.alert(n)
        alerts.put(redis, body)
        keys.add(alerts.key(body))
        if n % 3 == 0:
            alerts.put(redis, {**body, "revision": 2, "count": 50})
            keys.add(f"{body['alert_id']}-2")
        if n % 4 == 0:
            put_change(redis, change(body, 1, "acknowledged"))
            put_change(redis, change(body, 2, "closed", disposition="false_positive"))
            keys |= {alerts.key(body) + "-s1", alerts.key(body) + "-s2"}
    return keys


def test_in_the_end_everybody_has_everything_once(redis, receive, config, spawn, folder):
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    stormy = receive()
    moody = receive(lambda number, request: chance.choice([204] * 6 + [503, 500, "reset", 429, ("sleep", 0.05, 204), 302, 408]))
    storm = Storm(stormy.port, seed)
    settings = config(stormy=f"http://127.0.0.1:{storm.port}/hook", moody=moody.url, dead=f"http://127.0.0.1:{free_port()}/")
    for target in settings["courier"]["targets"]:
        target["timeout"] = "500ms"
    settings["courier"]["targets"].append({"name": "file", "kind": "file", "path": str(folder / "out.ndjson"), **{
        k: v for k, v in FAST.items() if k != "timeout"}})
    expected = set()
    for kill in range(KILLS):
        courier = spawn("courier", settings)
        expected |= feed(redis, kill * PER_KILL, PER_KILL)
        time.sleep(chance.uniform(0.03, 0.35))
        if kill % 3 == 1:
            stormy.stop()
            time.sleep(chance.uniform(0, 0.1))
            stormy.start()
        courier.kill()
    storm.calm = True
    moody.behave = lambda number, request: 204
    spawn("courier", settings)
    what = f"all deliveries (seed {seed}, ways {storm.ways})"
    for name, receiver in (("stormy", stormy), ("moody", moody)):
        wait_for(lambda r=receiver: set(r.taken) >= expected, 60, what)
        assert set(receiver.taken) == expected, what
        wait_for(lambda n=name: pending(redis, n) == 0, 30)
    wait_for(lambda: pending(redis, "file") == 0, 30)
    lines = [json.loads(line)["key"] for line in (folder / "out.ndjson").read_text().splitlines()]
    assert sorted(lines) == sorted(expected), what
    doubled = sum(count > 1 for count in stormy.taken.values())
    print(f"{KILLS} kills, {len(expected)} messages, {doubled} came twice under their key, ways {storm.ways}")
    storm.stop()
