"""The probe on capture files and on a real interface: a veth pair between two network namespaces."""
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess

import pytest

from conftest import ROOT, Child, program, wait_for

CASES = sorted(path.parent for path in (ROOT / "tests/pcap").glob("*/expected.ndjson"))
DNS = ROOT / "tests/pcap/dns/input.pcap"


def run(*args, **kwargs):
    return subprocess.run([program("probe"), *args], capture_output=True, timeout=60, check=False, **kwargs)


def events(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_capture_gives_exactly_the_expected_events(case):
    done = run("-r", "input.pcap", "-o", "-", cwd=case)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert events(done.stdout) == events((case / "expected.ndjson").read_bytes())
    assert b"not-to-be-seen" not in done.stdout


def test_reading_again_gives_the_same_bytes():
    assert run("-r", str(DNS), "-o", "-").stdout == run("-r", str(DNS), "-o", "-").stdout


def test_several_files_are_read_in_order_and_stdin_is_one():
    other = ROOT / "tests/pcap/http/input.pcap"
    done = run("-r", f"-, {other}", "-o", "-", stdin=DNS.open("rb"))
    kinds = [event["event_type"] for event in events(done.stdout)]
    assert done.returncode == 0, done.stderr
    assert kinds.index("dns") < kinds.index("http")
    assert {event["in_iface"] for event in events(done.stdout)} == {"stdin", "input.pcap"}


def test_packed_captures_are_read_as_what_is_in_them(folder):
    plain = run("-r", str(DNS), "-o", "-").stdout
    for name, command in {"a.gz": ["gzip", "-c"], "a.zst": ["zstd", "-q", "-c"]}.items():
        packed = subprocess.run([*command, DNS], capture_output=True, check=True).stdout
        (folder / name).write_bytes(packed)
        for done in (run("-r", str(folder / name), "-o", "-"), run("-r", "-", "-o", "-", input=packed)):
            assert done.returncode == 0, done.stderr
            assert [e["event_type"] for e in events(done.stdout)] == [e["event_type"] for e in events(plain)]
        (folder / name).write_bytes(packed[:len(packed) // 2])
        done = run("-r", str(folder / name), "-o", "-")
        assert done.returncode == 2 and name.encode() in done.stderr, done.stderr
    twice = subprocess.run(["gzip", "-c"], input=DNS.read_bytes()[:100], capture_output=True, check=True).stdout
    twice += subprocess.run(["gzip", "-c"], input=DNS.read_bytes()[100:], capture_output=True, check=True).stdout
    (folder / "b.gz").write_bytes(twice)  # members one after the other, RFC 1952 §2.2
    assert len(events(run("-r", str(folder / "b.gz"), "-o", "-").stdout)) == len(events(plain))


@pytest.mark.parametrize("cut", [10, 24 + 8, 24 + 16 + 5, -1, -30])
def test_a_truncated_capture_names_file_and_place_and_keeps_what_was_read(folder, cut):
    whole = DNS.read_bytes()
    path = folder / "cut.pcap"
    path.write_bytes(whole[:cut])
    done = run("-r", str(path), "-o", "-")
    assert done.returncode == 2
    assert b"cut.pcap" in done.stderr
    if cut < 0:
        assert b"packet 17, about byte" in done.stderr
        assert [event["dns"]["id"] for event in events(done.stdout) if event["event_type"] == "dns"][:2] == [1, 1]
        assert events(done.stdout)[-1]["stats"]["packets"] == 16


@pytest.mark.parametrize("content", [b"", b"no capture at all", struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 999)])
def test_what_is_no_capture_is_refused(folder, content):
    path = folder / "bad.pcap"
    path.write_bytes(content)
    done = run("-r", str(path), "-o", "-")
    assert done.returncode == 2
    assert b"bad.pcap" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("args, said", [
    (["-r", "/nonexistent.pcap"], b"/nonexistent.pcap"),
    (["-i", "no-such-if"], b"no-such-if"),
    (["-r", str(DNS), "-f", "no filter"], b"probe.filter 'no filter'"),
    (["-r", str(DNS), "-r", str(DNS)], b"-r is given twice; give one list, as in -r a,b"),
    (["-r", str(DNS), "--sensor", "a b"], b"'a b' is no name"),
    ([], b"nothing to read"),
])
def test_a_wrong_command_line_is_told_and_exits_2(args, said):
    done = run(*args, "--redis", "")
    assert done.returncode == 2
    assert said in done.stderr


def test_the_check_reads_the_files_that_are_named(folder):
    assert run("--check", "--set", f"probe.assets={ROOT / 'rules/assets.yaml'}",
               "--set", f"probe.ndpi_protocols={ROOT / 'rules/ndpi-protos.txt'}").returncode == 0
    (folder / "bad.yaml").write_text("[")
    for key, path in (("assets", "/nonexistent"), ("assets", folder / "bad.yaml"), ("ndpi_protocols", "/nonexistent")):
        done = run("--check", "--set", f"probe.{key}={path}")
        assert done.returncode == 2
        assert str(path).encode() in done.stderr


def test_events_that_cannot_be_written_are_no_success():
    done = run("-r", str(DNS), "-o", "/dev/full", "--redis", "")
    assert done.returncode == 1
    assert b"/dev/full" in done.stderr


def test_reading_a_file_leaves_the_metrics_of_the_service_alone(folder):
    run("-r", str(DNS), "-o", "-", "--set", f"paths.run={folder}")
    assert not list(folder.glob("*.prom"))


def test_a_filter_leaves_packets_out():
    done = run("-r", str(DNS), "-f", "tcp", "-o", "-")
    assert {event["proto"] for event in events(done.stdout) if "proto" in event} == {"TCP"}


def test_a_capture_is_published_to_redis(redis, shared, spawn):
    config = {**shared, "probe": {"sensor": "file"}}
    child = spawn("probe", config, "-r", str(DNS))
    assert child.process.wait(30) == 0, child.said()
    got = [line for _, fields in redis.client.xrange("ev:{net.file.0}") for line in fields[b"b"].splitlines()]
    expected = (DNS.parent / "expected.ndjson").read_bytes()
    assert len(got) == len(expected.splitlines())
    assert redis.client.sismember("ev:index", "ev:{net.file.0}")


def test_look_alike_names_are_told_once_per_client(folder):
    assets = ROOT / "rules/assets.yaml"
    demo = ROOT / "tests/pcap/demo/lookalike_lookup.pcap"
    config = folder / "c.yaml"
    config.write_text(f"probe:\n  assets: {assets}\n  ndpi_protocols: {ROOT / 'rules/ndpi-protos.txt'}\n")
    done = run("--config", str(config), "-r", str(demo), "-o", "-")
    found = [event["lookalike"]["host"] for event in events(done.stdout) if event["event_type"] == "lookalike"]
    assert done.returncode == 0, done.stderr
    assert found
    assert len(found) == len(set(found))


class Wire:
    """Two namespaces joined by a veth pair, "watch" in the first and "send" in the second."""

    def __init__(self):
        self.names = [f"hd-{os.getpid()}-{end}" for end in "ab"]
        for name in self.names:
            self.ip("netns", "add", name)
        self.join()

    @staticmethod
    def ip(*args):
        subprocess.run(["ip", *args], check=True, capture_output=True)

    def join(self):
        first, second = self.names
        self.ip("-n", first, "link", "add", "watch", "type", "veth", "peer", "name", "send", "netns", second)
        for name, link in ((first, "watch"), (second, "send")):
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-q", "-w", f"net.ipv6.conf.{link}.disable_ipv6=1"],
                           check=True, capture_output=True)
            self.ip("-n", name, "link", "set", link, "arp", "off", "up")

    def part(self):
        self.ip("-n", self.names[0], "link", "del", "watch")

    def remove(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def send(self, frames, count=1):
        """Sends each of `frames` `count` times from the second namespace."""
        code = ("import socket, sys, struct\n"
                "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
                "s.bind(('send', 0))\n"
                "data, frames = sys.stdin.buffer.read(), []\n"
                "while data:\n"
                "    n, = struct.unpack('!I', data[:4])\n"
                "    frames.append(data[4:4 + n])\n"
                "    data = data[4 + n:]\n"
                f"for i in range({count}):\n"
                "    for f in frames:\n"
                "        s.send(f)\n")
        data = b"".join(struct.pack("!I", len(frame)) + frame for frame in frames)
        subprocess.run(["ip", "netns", "exec", self.names[1], "/usr/bin/python3", "-c", code], input=data, check=True)


@pytest.fixture
def wire():
    if os.geteuid() != 0:
        pytest.skip("making network namespaces needs root")
    w = Wire()
    yield w
    w.remove()


def frames_of(path):
    data, frames = pathlib.Path(path).read_bytes()[24:], []
    while data:
        size = struct.unpack("<I", data[8:12])[0]
        frames.append(data[16:16 + size])
        data = data[16 + size:]
    return frames


def udp_frame(size=500):
    body = struct.pack("!HHHH", 5000, 9, 8 + size, 0) + bytes(size)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0,
                       socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2"))
    return bytes.fromhex("020000000001020000000002" "0800") + head + body


@pytest.fixture
def live(wire, redis, shared, folder):
    """live(**probe settings) starts the probe in the first namespace."""
    children = []

    def start(**settings):
        config = folder / "live.yaml"
        config.write_text(json.dumps({**shared, "probe": {"sensor": "live", "interface": "watch", **settings}}))
        child = Child(["ip", "netns", "exec", wire.names[0], program("probe"), "--config", config, "-o",
                       folder / "eve.json"], folder / "live.log")
        children.append(child)
        wait_for(lambda: "Capturing" in child.said(), 10, "the probe")
        return child

    yield start
    for child in children:
        if child.running():
            child.kill()


def last_stats(folder):
    return [event for event in events((folder / "eve.json").read_bytes()) if event["event_type"] == "stats"][-1]["stats"]


def test_every_frame_on_the_wire_is_seen(wire, live, folder, redis):
    child = live()
    wire.send(frames_of(DNS))
    wait_for(lambda: b'"event_type":"dns"' in (folder / "eve.json").read_bytes(), 10, "a dns event")
    health = json.loads(wait_for(lambda: redis.client.get("health:probe.live"), 10, "the health report"))
    assert health["status"] == "capturing"
    wire.send([udp_frame()], 20000)
    assert child.stop() == 0, child.said()
    stats = last_stats(folder)
    assert stats["packets"] + stats["kernel_drops"] + stats["own_drops"] == 20000 + len(frames_of(DNS))
    assert stats["events_lost"] == 0
    metrics = (folder / "haidang-probe.prom").read_text()
    assert f"haidang_probe_packets_total {stats['packets']}\n" in metrics
    got = [line for _, fields in redis.client.xrange("ev:{net.live.0}") for line in fields[b"b"].splitlines()]
    assert sorted(got) == sorted((folder / "eve.json").read_bytes().splitlines())
    assert any(event["event_type"] == "flow" and event["flow"]["reason"] == "shutdown" for event in map(json.loads, got))


def test_what_the_kernel_drops_is_counted_exactly(wire, live, folder):
    child = live(capture_buffer="1MiB")
    os.kill(child.pid, signal.SIGSTOP)
    wire.send([udp_frame(1400)], 5000)
    os.kill(child.pid, signal.SIGCONT)
    assert child.stop() == 0, child.said()
    stats = last_stats(folder)
    assert stats["kernel_drops"] > 0
    assert stats["packets"] + stats["kernel_drops"] + stats["own_drops"] == 5000


def test_an_interface_may_vanish_and_come_back(wire, live, folder):
    child = live()
    wire.part()
    wait_for(lambda: "The capture failed" in child.said(), 10, "the message")
    wire.join()
    wait_for(lambda: "The capture works again" in child.said(), 10, "the message")
    wire.send(frames_of(DNS))
    wait_for(lambda: b'"event_type":"dns"' in (folder / "eve.json").read_bytes(), 10, "a dns event")
    assert child.stop() == 0, child.said()
