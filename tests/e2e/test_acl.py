"""The store's ACL: each program works as its own user, and is refused what belongs to others."""
import json
import subprocess

import pytest
import redis as redis_client

from conftest import ROOT, Redis, program, wait_for
from test_correlator import RULES

ACL, USERS = ROOT / "packaging/store-acl", ROOT / "packaging/store-users"


@pytest.fixture
def guarded(folder):
    subprocess.run(["sh", ACL, USERS, folder / "acl"], check=True)
    (folder / "acl/store.acl").write_text((folder / "acl/store.acl").read_text() + "user judge on nopass ~* +@all\n")
    server = Redis.__new__(Redis)
    # The answer to PING comes from the judge, as the default user is off.
    unguarded = redis_client.Redis(unix_socket_path=f"{folder}/r.sock", username="judge", password="x", socket_timeout=10)
    server.answers = lambda: answers(unguarded)
    Redis.__init__(server, folder, "--aclfile", str(folder / "acl/store.acl"))
    server.client = unguarded
    yield server
    server.stop()


def answers(client):
    try:
        return client.ping()
    except redis_client.RedisError:
        return False


def config_for(folder, server, user, **sections):
    return {"redis": {"address": server.address, "user": user, "password_file": f"{folder}/acl/store-{user}"},
            "paths": {"state": str(folder), "run": str(folder)}, **sections}


def test_every_program_works_as_its_user(guarded, spawn, folder):
    judge = guarded.client
    (folder / "rules.yml").write_text(RULES)
    tls = json.dumps({"event_type": "tls", "src_ip": "10.0.0.1", "tls": {"sni": "single.test"}, "timestamp": "2026-11-23T00:00:00Z",
                      "event_id": "1763856300000-000001"})
    judge.sadd("ev:index", "ev:{net.a.0}")
    judge.xadd("ev:{net.a.0}", {"b": tls}, id="1763856300000-1")
    children = {
        "correlator": spawn("correlator", config_for(folder, guarded, "correlator", correlator={"rules": [str(folder / "rules.yml")]})),
        "courier": spawn("courier", config_for(folder, guarded, "courier", courier={"targets": []})),
        "console": spawn("console", config_for(folder, guarded, "console", console={"listen": "127.0.0.1:0"})),
    }
    probe = spawn("probe", config_for(folder, guarded, "probe"), "-r", str(ROOT / "tests/pcap/demo/port_scan.pcap"))
    assert probe.process.wait(30) == 0, probe.said()
    wait_for(lambda: sum(judge.xlen(k) for k in judge.keys("al:*")) == 1, 10, "the alert")
    wait_for(lambda: all(judge.keys(f"health:{name}.*") for name in children), 10, "their health")
    wait_for(lambda: any(g["name"] == b"console" and g["pending"] == 0 and g["last-delivered-id"] != b"0-0"
                         for k in judge.keys("al:*") for g in judge.xinfo_groups(k)), 10, "the console has read it")
    wait_for(lambda: not any(judge.xlen(k) for k in judge.keys("ev:{*")), 10, "the events acknowledged")
    (folder / "haidang.yaml").write_text(json.dumps(config_for(folder, guarded, "operator")))
    told = subprocess.run([program("ctl"), "alerts", "--config", folder / "haidang.yaml", "--json"], capture_output=True, text=True,
                          timeout=20, check=True)
    assert len(told.stdout.splitlines()) == 1
    for name, child in children.items():
        assert "NOPERM" not in child.said(), name
        assert child.stop() == 0
    denied = [e for e in judge.acl_log() if e["reason"] != "auth"]
    assert denied == []


PRIVATE = [
    ("probe", ["GET", "w:{b01}:x|y"]), ("probe", ["XADD", "al:{b01}", "*", "a", "x"]), ("probe", ["XADD", "ev:{web.c.0}", "*", "b", "x"]),
    ("probe", ["XREADGROUP", "GROUP", "correlator", "1", "STREAMS", "ev:{net.s1.0}", ">"]), ("probe", ["DEL", "ev:{net.s1.0}"]),
    ("crawler", ["XADD", "ev:{net.s1.0}", "*", "b", "x"]), ("crawler", ["SET", "health:probe.s1", "x"]),
    ("courier", ["XADD", "ev:{net.s1.0}", "*", "b", "x"]), ("courier", ["GET", "w:{b01}:x|y"]), ("courier", ["SMEMBERS", "ev:index"]),
    ("console", ["XADD", "ev:{net.s1.0}", "*", "b", "x"]), ("console", ["XDEL", "al:{b01}", "1-1"]),
    ("operator", ["XADD", "al:{b01}", "*", "a", "x"]), ("operator", ["SET", "health:probe.s1", "x"]),
    ("correlator", ["XADD", "dead:{t}", "*", "a", "x"]), ("correlator", ["SET", "mine", "x"]),
]
NOBODY = [["FLUSHALL"], ["CONFIG", "SET", "maxmemory", "0"], ["KEYS", "*"], ["ACL", "LIST"], ["SHUTDOWN"], ["REPLICAOF", "NO", "ONE"],
          ["DEBUG", "SLEEP", "0"], ["MODULE", "LIST"], ["SAVE"], ["SCAN", "0"], ["EVAL", "return 1", "0"], ["MONITOR"]]


def test_what_belongs_to_others_is_refused(guarded):
    users = [line.split()[0] for line in USERS.read_text().splitlines() if line and line[0] not in "#*"]
    wanted = PRIVATE + [(user, command) for user in users for command in NOBODY]
    for user, command in wanted:
        said = guarded.client.execute_command("ACL", "DRYRUN", user, *command)
        assert said != b"OK", (user, command)


def test_without_a_password_nobody_gets_in(guarded):
    stranger = redis_client.Redis(unix_socket_path=guarded.socket)
    with pytest.raises(redis_client.AuthenticationError):
        stranger.ping()


def test_passwords_are_kept_when_the_users_change(folder):
    for _ in range(2):
        subprocess.run(["sh", ACL, USERS, folder / "acl"], check=True)
        seen = {p.name: p.read_text() for p in (folder / "acl").iterdir()}
    subprocess.run(["sh", ACL, USERS, folder / "acl"], check=True)
    assert seen == {p.name: p.read_text() for p in (folder / "acl").iterdir()}
    secrets = [text for name, text in seen.items() if name.startswith("store-")]
    assert len(set(secrets)) == len(secrets) and all(len(s) == 48 for s in secrets)
    assert all(p.stat().st_mode & 0o077 == 0 for p in (folder / "acl").iterdir())
    assert not any(s in seen["store.acl"] for s in secrets)
