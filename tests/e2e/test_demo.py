"""The demo ends well by itself, live and with stored traffic, and leaves nothing behind."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from conftest import BIN, ROOT, wait_for

sys.path.insert(0, str(ROOT / "packaging/demo"))
from judge import Expected, Judge  # noqa: E402
from receiver import Receiver  # noqa: E402

RUN = ROOT / "packaging/demo/run"


def namespaces_of(*runs):
    """Those that these runs of the demo left; other demos may run beside."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    return [name for run in runs for name in re.findall(rf"^hd-{run.pid}-[ab]", listed, re.M)]


def processes_that_name(folder):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as f:
                    if str(folder).encode() in f.read():
                        found.append(entry)
            except OSError:
                pass
    return found


def start_demo(folder, name, *more):
    (folder / name).mkdir()
    out = open(folder / f"{name}.txt", "wb")
    return subprocess.Popen([RUN, "--bin", BIN, "--keep-dir", folder / name, *more], stdout=out, stderr=out)


def test_exactly_the_expected_alerts_come_in_time(folder):
    started = time.monotonic()
    runs = {"live": start_demo(folder, "live", "--once"), "replay": start_demo(folder, "replay", "--once", "--replay")}
    for name, run in runs.items():  # side by side, which saves a minute
        status = run.wait(150)
        said = (folder / f"{name}.txt").read_text()
        print(said)
        assert status == 0, name
        assert " 0 faults" in said
    assert time.monotonic() - started < 90
    assert namespaces_of(*runs.values()) == []
    assert processes_that_name(folder) == []


def test_it_leaves_nothing_behind_when_interrupted(folder):
    runs = {signal.SIGINT: start_demo(folder, "ctrl-c"), signal.SIGTERM: start_demo(folder, "terminated")}
    for name in ("ctrl-c", "terminated"):
        wait_for(lambda name=name: "one-time password" in (folder / f"{name}.txt").read_text(), 30, "the demo's start")
    time.sleep(2)  # into the scenario
    for how, run in runs.items():
        run.send_signal(how)
    assert [run.wait(40) for run in runs.values()] == [130, 130]
    assert namespaces_of(*runs.values()) == []
    assert processes_that_name(folder) == []


def test_a_failed_start_says_why_and_leaves_nothing_behind(folder):
    run = subprocess.Popen([RUN, "--once", "--bin", "/nowhere", "--keep-dir", folder], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "/nowhere/haidang-" in said
    assert namespaces_of(run) == []
    assert processes_that_name(folder) == []


class Deliveries:
    """What a receiver would have, without its server."""

    def __init__(self, *receipts, refused=0):
        self.receipts, self.refused = receipts, refused

    def alerts(self):
        return self.receipts


class Delivery:
    def __init__(self, alert_id, rule, at):
        self.rule, self.entity, self.at = rule, "cong", at
        self.alert = {"alert_id": alert_id, "rule": {"id": rule, "title": rule, "title_vi": ""}}


@pytest.mark.parametrize("deliveries, in_console, fault", [
    (Deliveries(Delivery("al-1", "scan", 105)), {"al-1"}, None),
    (Deliveries(), set(), "missing: scan (cong)"),
    (Deliveries(Delivery("al-1", "scan", 110.5)), {"al-1"}, "late: scan after 10.5 s"),
    (Deliveries(Delivery("al-1", "scan", 105), Delivery("al-2", "other", 105)), {"al-1", "al-2"},
     "not expected: other (cong)"),
    (Deliveries(Delivery("al-1", "scan", 105), Delivery("al-2", "scan", 106)), {"al-1", "al-2"}, "doubled: scan (cong)"),
    (Deliveries(Delivery("al-1", "scan", 105)), set(), "not in the console: scan (cong)"),
    (Deliveries(Delivery("al-1", "scan", 105)), {"al-1", "al-2"}, "only in the console: al-2"),
    (Deliveries(Delivery("al-1", "scan", 105), refused=1), {"al-1"}, "1 deliveries with a bad signature"),
])
def test_the_judge_finds_each_fault(deliveries, in_console, fault):
    expected = Expected({"cause": "nmap", "name": "scan", "rule": "scan", "entity": "cong"})
    assert Judge([expected], deliveries).faults({"nmap": 100}, in_console) == ([fault] if fault else [])


def test_the_receiver_refuses_a_wrong_signature(folder):
    receiver = Receiver(pathlib.Path(folder))
    headers = {"webhook-id": "al-1-1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(receiver.url, b"{}", headers), timeout=5)
        assert receiver.refused == 1 and receiver.alerts() == []
    finally:
        receiver.close()
