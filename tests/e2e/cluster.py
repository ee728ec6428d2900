"""A private Redis Cluster, and a master with a replica under a sentinel, for tests."""
import json
import subprocess
import time

import redis as redis_client
from redis.crc import key_slot

from conftest import Child, free_port, wait_for

SLOTS = 16384
NODE_TIMEOUT_MS = 800


def start_server(folder, port, *options):
    folder.mkdir(exist_ok=True)
    return Child(["redis-server", *options, "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--daemonize", "no"],
                 folder / "redis.log", stdout=subprocess.DEVNULL)


class Node:
    """One redis-server on 127.0.0.1; survives kill() and start()."""

    def __init__(self, folder, *options):
        self.folder, self.port, self.options = folder, free_port(), options
        self.client = redis_client.Redis(port=self.port, socket_timeout=5)
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.child = start_server(self.folder, self.port, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
                                  "--repl-diskless-sync-delay", "0", *self.options)
        wait_for(self.answers, 10, "redis-server")

    def answers(self):
        try:
            return self.client.ping()
        except redis_client.RedisError:
            return False

    def kill(self):
        self.child.kill()


class Cluster:
    """Masters, each with a replica if so wanted, that share all slots evenly."""

    def __init__(self, folder, masters=3, replicas=True):
        count = masters * (2 if replicas else 1)
        self.nodes = []
        for i in range(count):
            self.nodes.append(Node(
                folder / f"node-{i}", "--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT_MS, "--cluster-port",
                free_port(), "--cluster-replica-validity-factor", "0", "--cluster-allow-replica-migration", "no"))
        self.make(masters)
        self.client = Routed(self)

    def make(self, masters):
        bounds = [SLOTS * i // masters for i in range(masters + 1)]
        for node, first, last in zip(self.nodes, bounds, bounds[1:]):
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
        for epoch, node in enumerate(self.nodes):
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", epoch + 1)
            bus = node.options[node.options.index("--cluster-port") + 1]
            self.nodes[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        wait_for(lambda: all(self.known(n) == len(self.nodes) for n in self.nodes), 20, "the nodes meet")
        for master, replica in zip(self.nodes, self.nodes[masters:]):
            replica.client.execute_command("CLUSTER", "REPLICATE", self.id_of(master))
        wait_for(self.is_whole, 20, "the cluster")

    @staticmethod
    def known(node):
        return int(node.client.execute_command("CLUSTER INFO")["cluster_known_nodes"])

    @staticmethod
    def id_of(node):
        return node.client.execute_command("CLUSTER", "MYID").decode()

    def is_whole(self):
        """Every node agrees that all slots are served, and every replica is in step."""
        for node in self.living():
            if node.client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                return False
            role = node.client.execute_command("ROLE")
            if role[0] == b"slave" and role[3] != b"connected":
                return False
        return True

    def living(self):
        return [n for n in self.nodes if n.child.running()]

    def masters(self):
        return [n for n in self.living() if n.client.execute_command("ROLE")[0] == b"master"]

    def serving(self, key):
        """The node that serves the key."""
        port = self.owner(self.living()[0], key_slot(key.encode()))
        return next(n for n in self.nodes if n.port == port)

    @staticmethod
    def owner(node, slot):
        """The port of the slot's master, as that node knows it."""
        connection = redis_client.connection.Connection(port=node.port)
        connection.send_command("CLUSTER", "SLOTS")
        rows = connection.read_response()
        connection.disconnect()
        return next(port for first, last, (_, port, *_), *_ in rows if first <= slot <= last)

    def move_slot(self, slot, source, target):
        """As redis-cli --cluster reshard does it, key by key."""
        source_id, target_id = self.id_of(source), self.id_of(target)
        target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        while keys := source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 10):
            for key in keys:
                source.client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        for node in (target, source):
            node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        # The next move must not be made before all have heard of this one: epochs could collide.
        wait_for(lambda: all(self.owner(n, slot) == target.port for n in self.living()), 10, "the nodes agree")

    def settings(self, **more):
        first, *others = [n.address for n in self.nodes]
        return {"address": first, "nodes": others, "cluster": True, **more}

    def stop(self):
        for node in self.living():
            node.kill()


class Routed:
    """A client: client.xlen(key) goes to the node that serves the key, again and again until it is there."""

    def __init__(self, cluster):
        self.cluster, self.nodes = cluster, {}

    def __getattr__(self, name):
        return lambda key, *args, **kwargs: persistently(lambda: self.call(name, key, *args, **kwargs))

    def call(self, name, key, *args, **kwargs):
        key = key if isinstance(key, str) else key.decode()
        node = self.nodes.get(key) or self.cluster.serving(key)
        try:
            answer = getattr(node.client, name)(key, *args, **kwargs)
        except (redis_client.RedisError, OSError) as error:
            self.nodes.pop(key, None)
            if "equal or smaller" in str(error):
                self.nodes[key] = node
            raise
        self.nodes[key] = node
        return answer

    def wait(self, key, replicas, timeout_ms):
        """WAIT on the connection that wrote the key."""
        return self.nodes[key].client.wait(replicas, timeout_ms) if key in self.nodes else 0


class Watched:
    """A master and a replica that has its data, watched by one sentinel."""

    NAME = "haidang"

    def __init__(self, folder):
        self.nodes = [Node(folder / "redis-0")]
        self.nodes.append(Node(folder / "redis-1", "--replicaof", f"127.0.0.1 {self.nodes[0].port}"))
        self.port = free_port()
        sentinel = folder / "sentinel"
        sentinel.mkdir()
        (sentinel / "s.conf").write_text(
            f"sentinel monitor {self.NAME} 127.0.0.1 {self.nodes[0].port} 1\nsentinel down-after-milliseconds {self.NAME} 500\n"
            f"sentinel failover-timeout {self.NAME} 3000\n")
        self.sentinel = start_server(sentinel, self.port, str(sentinel / "s.conf"), "--sentinel")
        self.asked = redis_client.Redis(port=self.port, socket_timeout=5)
        wait_for(self.is_watched, 20, "the sentinel")

    def is_watched(self):
        try:
            state = self.asked.execute_command("SENTINEL", "MASTER", self.NAME)
        except redis_client.RedisError:
            return False
        known = dict(zip(state[::2], state[1::2]))[b"num-slaves"] == b"1"
        return known and self.nodes[1].client.info("replication").get("master_link_status") == "up"

    def master(self):
        _, port = self.asked.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.NAME)
        return next(n for n in self.nodes if n.port == int(port))

    def settings(self, **more):
        return {"master": self.NAME, "sentinels": [f"127.0.0.1:{self.port}"], **more}

    def stop(self):
        self.sentinel.kill()
        for node in self.nodes:
            if node.child.running():
                node.kill()


def persistently(act, seconds=20):
    """What a producer does while a cluster has no master for its key: it tries again."""
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except redis_client.ResponseError as error:
            if "equal or smaller" in str(error):
                return None  # it had arrived before the connection broke
            if time.monotonic() > end:
                raise
        except (redis_client.RedisError, OSError):
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


def health_of(client, program):
    text = persistently(lambda: client.get(f"health:{program}"))
    return json.loads(text) if text else None
