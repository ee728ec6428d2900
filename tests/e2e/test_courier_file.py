"""Alerts as lines of a file: each key once, through torn lines, full disks, rotation and SIGKILL."""
import fcntl
import json
import pathlib
import random
import signal
import time

import pytest

import alerts
from conftest import Child, program, wait_for
from courier_setup import command, keys, pending, put_many  # noqa: F401 (fixtures)


@pytest.fixture
def config(shared, folder):
    def make(**settings):
        return {**shared, "courier": {"targets": [{"name": "out", "kind": "file", "path": str(folder / "out.ndjson"),
                                                   "retry_min": "20ms", "retry_max": "100ms", **settings}]}}
    return make


def lines(folder, *more):
    return [json.loads(line) for path in [folder / "out.ndjson", *more] for line in path.read_text().splitlines()]


def test_each_line_is_one_alert_with_its_key(redis, config, spawn, folder):
    spawn("courier", config())
    body = alerts.alert(1, entity="một\nhai")
    alerts.put(redis, json.dumps(body, indent=1))
    wait_for(lambda: (folder / "out.ndjson").exists() and (folder / "out.ndjson").read_bytes())
    assert lines(folder) == [{"key": alerts.key(body), "purpose": "alert", "alert": body}]


@pytest.mark.parametrize("policy", ["alert", "second", "never"])
def test_killed_at_any_time_each_key_stands_once(redis, config, spawn, folder, policy):
    bodies, path = [], folder / "out.ndjson"
    for _ in range(8):
        courier = spawn("courier", config(fsync=policy))
        for body in [alerts.alert(n) for n in range(len(bodies), len(bodies) + 100)]:
            alerts.put(redis, body)
            bodies.append(body)
        time.sleep(random.uniform(0.02, 0.2))
        courier.kill()
        if path.exists() and path.stat().st_size:
            with open(path, "ab") as out:  # a line torn by the crash
                out.write(b'{"key":"al-torn')
    courier = spawn("courier", config(fsync=policy))
    wait_for(lambda: "Delivering" in courier.said() and pending(redis, "out") == 0)
    written = [line["key"] for line in lines(folder)]
    assert sorted(written) == sorted(keys(bodies)) and len(bodies) == 800


def test_a_long_file_is_rotated_and_nothing_is_lost(redis, config, spawn, folder):
    courier = spawn("courier", config(size_max="20KiB", files_max=100))
    bodies = put_many(redis, 150)
    wait_for(lambda: sum(path.read_bytes().count(b"\n") for path in folder.glob("out.ndjson*")) == 150)
    courier.stop()
    old = sorted(folder.glob("out.ndjson.*"))
    assert len(old) >= 5 and all(path.stat().st_size <= 20 * 1024 for path in old)
    assert sorted(line["key"] for line in lines(folder, *old)) == sorted(keys(bodies))


def test_a_full_disk_is_waited_for(redis, config, spawn, folder):
    limited = folder / "limited.sh"
    limited.write_text('#!/bin/sh\nulimit -f 64\ntrap "" XFSZ\nexec "$@"\n')
    limited.chmod(0o755)
    settings = folder / "limited.json"
    settings.write_text(json.dumps(config()))
    courier = Child([limited, program("courier"), "--config", settings], folder / "limited.log")
    bodies = put_many(redis, 60)
    try:
        wait_for(lambda: "cannot be written: No space left on device" in courier.said())
    finally:
        courier.kill()
    assert all(line["key"] for line in lines(folder)), "only whole lines stand in a full file"
    spawn("courier", config())
    wait_for(lambda: pending(redis, "out") == 0)
    assert sorted(line["key"] for line in lines(folder)) == sorted(keys(bodies))


def test_the_test_command_writes_beside_a_running_courier(redis, config, spawn, folder, command):
    said = command("test", "out", config=config())
    assert said.returncode == 2 and not (folder / "out.ndjson").exists(), "the courier is to own its file"
    spawn("courier", config())
    wait_for(lambda: (folder / "out.ndjson").exists())
    said = command("test", "out", config=config())
    assert said.returncode == 0 and "took the test alert" in said.stdout
    assert lines(folder)[-1]["purpose"] == "test"
    said = command(config=config())
    assert said.returncode == 2 and "another process writes to it" in said.stderr


def test_a_target_that_cannot_start_leaves_the_others_alone_and_starts_later(redis, config, spawn, folder):
    taken, free = folder / "taken.ndjson", folder / "free.ndjson"
    settings = config()
    courier = spawn("courier", settings)
    wait_for(lambda: "Delivering" in courier.said())
    target = settings["courier"]["targets"][0]
    settings["courier"]["targets"] = [{**target, "name": "taken", "path": str(taken)}, {**target, "name": "free", "path": str(free)}]
    with open(taken, "w", encoding="utf-8") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        pathlib.Path(courier.argv[2]).write_text(json.dumps(settings), encoding="utf-8")
        courier.process.send_signal(signal.SIGHUP)
        alerts.put(redis, alerts.alert(1))
        wait_for(lambda: free.exists() and free.read_bytes(), what="the line in the other file")
        assert "Target taken cannot be started" in courier.said() and not taken.read_bytes()
    wait_for(taken.read_bytes, what="the line in the file that is free again")


BAD_TARGETS = [
    ({"path": "out.ndjson"}, "does not begin with '/'"),
    ({"path": "/nonexistent/out.ndjson"}, "/nonexistent/out.ndjson: its folder"),
    ({"url": "https://example.com/"}, "kind file has no setting 'url'"),
    ({"secret_file": "/etc/passwd"}, "kind file has no setting 'secret_file'"),
]


def test_a_bad_target_is_refused_in_words(config, command):
    for change, words in BAD_TARGETS:
        said = command("--check", config=config(**change))
        assert said.returncode == 2 and words in said.stderr, said.stderr
