"""Alerts reach syslog receivers: a real rsyslog over TLS and TCP, and receivers that fail in every way."""
import json
import socket
import subprocess
import threading
import time

import pytest

import alerts
from authority import Authority
from conftest import Child, free_port, program, wait_for

FAST = {"retry_min": "20ms", "retry_max": "200ms", "timeout": "2s"}
RSYSLOG = """
main_queue(queue.type="Direct")
global(workDirectory="{folder}" maxMessageSize="64k" {tls})
module(load="imtcp" {driver})
module(load="mmpstrucdata")
template(name="line" type="list" option.jsonf="on") {{
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="sd" name="$!rfc5424-sd" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
}}
ruleset(name="all") {{
  action(type="mmpstrucdata")
  action(type="omfile" file="{log}" template="line" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="all")
"""
DRIVER = 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{auth}" {peer}'


class Rsyslog:
    """rsyslogd in the foreground with a configuration of its own."""

    def __init__(self, folder, certificate=None, authority=None, peer=None):
        self.folder, self.port, self.log = folder, free_port(), folder / "rsyslog.json"
        tls = driver = ""
        if certificate:
            tls = (f'defaultNetstreamDriverCAFile="{authority}" defaultNetstreamDriverCertFile="{certificate[0]}" '
                   f'defaultNetstreamDriverKeyFile="{certificate[1]}"')
            driver = DRIVER.format(auth="x509/name" if peer else "anon", peer=f'PermittedPeer=["{peer}"]' if peer else "")
        self.conf = folder / "rsyslog.conf"
        self.conf.write_text(RSYSLOG.format(folder=folder, tls=tls, driver=driver, log=self.log, port=self.port))
        self.start()

    def start(self):
        self.child = Child(["rsyslogd", "-n", "-C", "-f", self.conf, "-i", self.folder / "rsyslog.pid"], self.folder / "rsyslog.err")
        wait_for(self.listens, what="rsyslogd")

    def listens(self):
        assert self.child.running(), self.child.said()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def data(self):
        return [json.loads(line["sd"]) if isinstance(line["sd"], str) else line["sd"] for line in self.lines()]

    def keys(self):
        return [data["haidang@32473"]["key"] for data in self.data()]


@pytest.fixture
def rsyslog(folder):
    started = []

    def start(**options):
        started.append(Rsyslog(folder, **options))
        return started[-1]

    yield start
    for server in started:
        server.child.stop()


@pytest.fixture
def authority(folder):
    return Authority(folder)


@pytest.fixture
def config(shared):
    def make(url, **settings):
        return {**shared, "courier": {"targets": [{"name": "logs", "kind": "syslog", "url": url, **FAST, **settings}]}}
    return make


@pytest.fixture
def command(folder):
    def run(*args, config):
        path = folder / "command.yaml"
        path.write_text(json.dumps(config))
        return subprocess.run([program("courier"), *args, "--config", path], capture_output=True, text=True, timeout=20, check=False)
    return run


def put_many(redis, count):
    bodies = [alerts.alert(n) for n in range(count)]
    for body in bodies:
        alerts.put(redis, body)
    return {alerts.key(b) for b in bodies}


def pending(redis):
    """Alerts not acknowledged yet; also one when the courier has not begun."""
    left, begun = 0, False
    for stream in redis.client.keys("al:*"):
        for group in redis.client.xinfo_groups(stream):
            begun = True
            left += group["pending"] + (group["lag"] or 0)
    return left if begun else 1


def test_rsyslog_takes_apart_what_arrives_over_mutual_tls(redis, rsyslog, authority, config, spawn):
    server = rsyslog(certificate=authority.issue("127.0.0.1"), authority=authority.certificate, peer="courier.example")
    certificate, key = authority.issue("courier.example")
    spawn("courier", config(f"tls://127.0.0.1:{server.port}", ca_file=str(authority.certificate), cert_file=certificate, key_file=key,
                            facility=13))
    hard = 'a"b]c\\d=e|f\ng "Đà Nẵng" 🌊'
    body = alerts.alert(1, entity=hard, level="critical")
    body["rule"]["title_vi"] = "Quét cổng\nhai dòng"
    alerts.put(redis, body)
    line, = wait_for(server.lines, what="a message")
    wait_for(lambda: pending(redis) == 0, what="the acknowledgement")
    assert line["pri"] == str(13 * 8 + 2) and line["version"] == "1" and line["app"] == "haidang-courier"
    assert line["msgid"] == "ALERT" and line["procid"].isdigit() and line["host"] == socket.gethostname()
    assert line["time"].startswith("2026-11-23T08:00:00")
    assert line["msg"].lstrip("\ufeff") == "Quét cổng hai dòng: Máy 10.1.0.5 dò 25 cổng. → Cô lập máy."
    data, = server.data()
    assert data["haidang@32473"]["key"] == alerts.key(body) and data["haidang@32473"]["entity"] == hard.replace("\n", " ")
    assert data["haidang@32473"]["src"] == "10.1.0.5" and data["haidang@32473"]["attack"] == "T1046"
    assert data["origin"]["software"] == "haidang" and data["meta"]["language"] == "vi"


def test_cef_arrives_escaped(redis, rsyslog, config, spawn):
    server = rsyslog()
    spawn("courier", config(f"tcp://127.0.0.1:{server.port}", format="cef"))
    body = alerts.alert(1, explanation={"vi": "một=hai\\ba|bốn\nnăm", "en": "x"}, level="medium")
    body["rule"]["title_vi"] = "Quét | cổng \\ =\nx"
    alerts.put(redis, body)
    line, = wait_for(server.lines, what="a message")
    cef = line["msg"].strip()
    assert cef.startswith("CEF:0|Hải Đăng|haidang|") and line["pri"] == str(16 * 8 + 4)
    assert "|5c3a0b7e-0000-4000-8000-000000000001|Quét \\| cổng \\\\ = x|5|externalId=" + alerts.key(body) + " " in cef
    assert cef.count(" msg=một\\=hai\\\\ba|bốn\\nnăm src=10.1.0.5") == 1


def test_a_stranger_with_another_certificate_gets_nothing(redis, rsyslog, authority, config, spawn, folder, command):
    server = rsyslog(certificate=authority.issue("127.0.0.2"), authority=authority.certificate)
    settings = config(f"tls://127.0.0.1:{server.port}", ca_file=str(authority.certificate))
    said = command("test", "logs", config=settings)
    assert said.returncode == 1 and "name in the certificate does not match" in said.stdout
    settings = config(f"tls://127.0.0.1:{server.port}", ca_file=str(Authority(folder, "another").certificate))
    said = command("test", "logs", config=settings)
    assert said.returncode == 1 and "issuer is unknown" in said.stdout
    assert server.lines() == []


def test_without_the_certificate_that_is_asked_for_nothing_counts_as_delivered(redis, rsyslog, authority, config, spawn):
    server = rsyslog(certificate=authority.issue("127.0.0.1"), authority=authority.certificate, peer="courier.example")
    courier = spawn("courier", config(f"tls://127.0.0.1:{server.port}", ca_file=str(authority.certificate)))
    put_many(redis, 5)
    wait_for(lambda: "takes no alerts" in courier.said(), what="a warning")
    assert pending(redis) == 5 and server.lines() == []


def test_every_alert_arrives_though_rsyslog_and_the_courier_are_killed(redis, rsyslog, authority, config, spawn):
    server = rsyslog(certificate=authority.issue("127.0.0.1"), authority=authority.certificate)
    settings = config(f"tls://127.0.0.1:{server.port}", ca_file=str(authority.certificate), concurrency=16)
    courier = spawn("courier", settings)
    wanted = set()
    for number in range(6):
        for n in range(40):
            body = alerts.alert(number * 100 + n)
            alerts.put(redis, body)
            wanted.add(alerts.key(body))
        time.sleep(0.05)
        if number % 2:
            courier.kill()
            courier = spawn("courier", settings)
        else:
            server.child.stop()  # in order: what it read, it writes
            server.start()
    wait_for(lambda: set(server.keys()) == wanted, 20, "all alerts")


class Receiver(threading.Thread):
    """Reads frames as RFC 6587 §3.4.1 has them; behave(connection number) says after how many bytes to reset, if any."""

    def __init__(self, behave):
        super().__init__(daemon=True)
        self.behave, self.frames, self.connections = behave, [], 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self.serve(client, self.behave(number))

    def serve(self, client, bytes_max):
        held = b""
        while bytes_max is None or len(held) < bytes_max:
            data = client.recv(4096 if bytes_max is None else bytes_max)
            if not data:
                client.close()
                self.parse(held)
                return
            held += data
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

    def parse(self, held):
        while held:
            length, _, held = held.partition(b" ")
            frame, held = held[:int(length)], held[int(length):]
            assert len(frame) == int(length)
            self.frames.append(frame.decode())


def test_what_a_broken_connection_swallowed_is_sent_again(redis, config, spawn):
    receiver = Receiver(lambda number: [1, 700, None, 3000][number % 4])
    spawn("courier", config(f"tcp://127.0.0.1:{receiver.port}", concurrency=8))
    wanted = put_many(redis, 60)
    wait_for(lambda: {frame.split('key="')[1].split('"')[0] for frame in list(receiver.frames)} == wanted, 12, "all alerts")
    assert receiver.connections > 5
    receiver.server.close()


def test_a_receiver_that_hangs_or_talks_is_a_bounded_failure(redis, config, command):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # its kernel takes the connection and the bytes, nobody reads
        settings = config(f"tls://127.0.0.1:{mute.getsockname()[1]}", timeout="300ms")
        said = command("test", "logs", config=settings)
        assert said.returncode == 1 and "did not answer in time" in said.stdout
    with socket.create_server(("127.0.0.1", 0)) as loud:
        def talk():
            client, _ = loud.accept()
            try:
                while True:
                    client.send(b"x" * 65536)
            except OSError:
                pass
        threading.Thread(target=talk, daemon=True).start()
        said = command("test", "logs", config=config(f"tcp://127.0.0.1:{loud.getsockname()[1]}"))
        assert said.returncode == 1 and "talks instead of listening" in said.stdout
    said = command("test", "logs", config=config(f"tcp://127.0.0.1:{free_port()}"))
    assert said.returncode == 1 and "Connection refused" in said.stdout


@pytest.mark.parametrize("change, words", [
    ({"url": "tcp://192.0.2.1:601"}, "readable on the way"),
    ({"url": "udp://127.0.0.1:514"}, "no tls://HOST:PORT"),
    ({"url": "tls://"}, "no tls://HOST:PORT"),
    ({"url": "tls://user@host"}, "no tls://HOST:PORT"),
    ({"url": "tls://host:99999"}, "no tls://HOST:PORT"),
    ({"cert_file": "/nonexistent"}, "belong together"),
    ({"ca_file": "/nonexistent"}, "/nonexistent"),
    ({"secret_file": "/x"}, "no setting 'secret_file'"),
    ({"facility": 24}, "facility"),
])
def test_bad_settings_are_refused_in_words(config, command, change, words):
    said = command("--check", config=config(**{"url": "tls://logs.example.vn", **change}))
    assert said.returncode == 2 and words in said.stderr, said.stderr
