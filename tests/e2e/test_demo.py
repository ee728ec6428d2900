"""The demo ends well by itself, live and with stored traffic, and leaves nothing behind."""
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import BIN, ROOT

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


@pytest.mark.parametrize("more", [[], ["--replay"]], ids=["live", "replay"])
def test_exactly_the_expected_alerts_come_in_time(folder, more):
    before = namespaces()
    started = time.monotonic()
    done = subprocess.run([RUN, "--once", "--bin", BIN, "--keep-dir", folder, *more], capture_output=True, text=True,
                          timeout=150, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert time.monotonic() - started < 90
    assert " 0 faults" in done.stdout
    assert namespaces() == before
    assert processes_that_name(folder) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_it_leaves_nothing_behind_when_interrupted(folder, how):
    before = namespaces()
    demo = subprocess.Popen([RUN, "--bin", BIN, "--keep-dir", folder], stdout=subprocess.PIPE, text=True)
    for line in demo.stdout:
        if "one-time password" in line:
            break
    time.sleep(2)  # in the middle of the scenario
    demo.send_signal(how)
    assert demo.wait(40) == 130
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
