"""Every command that README shows does what it says, and both READMEs show the same ones."""
import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from conftest import BIN, ROOT

PAGE = """<!doctype html><html lang="vi"><title>Mưa lớn ở vùng núi</title><article><h1>Mưa lớn ở vùng núi</h1>
<p>Trung tâm dự báo cho biết đêm nay các xã vùng núi có mưa to, người dân cần theo dõi thông tin chính thức.</p>
<p>Các hồ chứa vận hành bình thường, mực nước thấp hơn mức dâng bình thường gần hai mét.</p></article></html>"""


def commands(name):
    text = (ROOT / name).read_text()
    return [re.split(r"\s{2,}#", line.strip())[0] for line in re.findall(r"^    (build/\S.*)$", text, re.M)]


@pytest.fixture
def checkout(folder):
    """A folder that looks like a built checkout, with the files the commands name."""
    (folder / "build").mkdir()
    (folder / "build/release").symlink_to(BIN.parent)
    (folder / "rules").symlink_to(ROOT / "rules")
    shutil.copy(ROOT / "tests/pcap/dns/input.pcap", folder / "capture.pcap")
    shutil.copy(ROOT / "rules/sigma/network/cleartext_login.match.ndjson", folder / "events.ndjson")
    (folder / "page.html").write_text(PAGE)
    return folder


# What it says, and its exit status: no program runs here, and following alerts ends by a signal.
EXPECTED = {
    "haidang-probe": ('"event_type":"dns"', 0),
    "haidang-crawler": ("Mưa lớn ở vùng núi", 0),
    "haidang-correlator": ('"rule"', 0),
    "haidang status": ("no program has reported yet", 1),
    "haidang alerts": ("", -signal.SIGTERM),
    "haidang rules": ("0 refused", 0),
}


def test_both_readmes_show_the_same_commands():
    assert commands("README.md") == commands("README.vi.md") != []


@pytest.mark.parametrize("command", commands("README.md"))
def test_a_command_of_readme_works(checkout, redis, command):
    argv = shlex.split(command.replace(" URL ", " https://bao.example/mua-lon.html "))
    name = os.path.basename(argv[0]) + (f" {argv[1]}" if argv[0].endswith("haidang") else "")
    if name in ("haidang status", "haidang alerts"):
        argv += ["--redis", redis.address]
    run = subprocess.Popen(argv, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if "--follow" in argv:
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for alerts until it is told to end
            run.wait(1)
        run.send_signal(signal.SIGTERM)
    said, _ = run.communicate(timeout=20)
    words, status = EXPECTED[name]
    assert (run.returncode, words in said) == (status, True), said
