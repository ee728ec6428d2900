"""The demo ends well by itself, live and with stored traffic, and leaves nothing behind."""
import os
import re
import signal
import subprocess
import time

from conftest import BIN, ROOT, wait_for

RUN = ROOT / "packaging/demo/run"


def namespaces():
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^hd-\d+-[ab]", listed, re.M))


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
    before = namespaces()
    started = time.monotonic()
    runs = {"live": start_demo(folder, "live", "--once"), "replay": start_demo(folder, "replay", "--once", "--replay")}
    for name, run in runs.items():  # side by side, which saves a minute
        status = run.wait(150)
        said = (folder / f"{name}.txt").read_text()
        print(said)
        assert status == 0, name
        assert " 0 faults" in said
    assert time.monotonic() - started < 90
    assert namespaces() == before
    assert processes_that_name(folder) == []


def test_it_leaves_nothing_behind_when_interrupted(folder):
    before = namespaces()
    runs = {signal.SIGINT: start_demo(folder, "ctrl-c"), signal.SIGTERM: start_demo(folder, "terminated")}
    for name in ("ctrl-c", "terminated"):
        wait_for(lambda name=name: "one-time password" in (folder / f"{name}.txt").read_text(), 30, "the demo's start")
    time.sleep(2)  # into the scenario
    for how, run in runs.items():
        run.send_signal(how)
    assert [run.wait(40) for run in runs.values()] == [130, 130]
    assert namespaces() == before
    assert processes_that_name(folder) == []


def test_a_failed_start_says_why_and_leaves_nothing_behind(folder):
    before = namespaces()
    done = subprocess.run([RUN, "--once", "--bin", "/nowhere", "--keep-dir", folder], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert "/nowhere/haidang-" in done.stdout + done.stderr
    assert namespaces() == before
    assert processes_that_name(folder) == []
