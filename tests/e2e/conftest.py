"""What end-to-end tests share: the built programs, private servers, and an end for each child.

Everything listens on Unix sockets or free ports of 127.0.0.1, lives in the test's own folder and
is ended by its process id."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import redis as redis_client
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = (ROOT / os.environ.get("BUILD_DIR", "build/release") / "bin").resolve()


def program(name):
    """Path of a built program: "probe" -> .../haidang-probe, "ctl" -> .../haidang."""
    return str(BIN / ("haidang" if name == "ctl" else f"haidang-{name}"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds=15, what="the condition"):
    """Polls until condition() is true and returns its value; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"{what} did not come about within {seconds} s")
        time.sleep(0.02)


class Child:
    """A process with its stderr in a file; ended by its id."""

    def __init__(self, argv, log, **kwargs):
        self.argv, self.log = [str(a) for a in argv], pathlib.Path(log)
        with open(self.log, "ab") as err:
            self.process = subprocess.Popen(self.argv, stderr=err, **{"stdin": subprocess.DEVNULL, **kwargs})

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=10):
        """SIGTERM, and the exit status; a program that does not end in time fails the test."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"{self.argv[0]} did not end after SIGTERM; its log: {self.said()[-2000:]}")

    def said(self):
        return self.log.read_text(errors="replace")


class Redis:
    """A private redis-server with an append-only file; survives kill() and start()."""

    def __init__(self, folder, *options):
        self.folder, self.options = pathlib.Path(folder), options
        self.socket = str(self.folder / "r.sock")
        self.address = f"unix:{self.socket}"
        self.client = redis_client.Redis(unix_socket_path=self.socket, socket_timeout=10)
        self.child = None
        self.start()

    def start(self):
        self.child = Child(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--appendonly", "yes",
             "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", *self.options],
            self.folder / "redis.log", stdout=subprocess.DEVNULL)
        wait_for(self.answers, 10, "redis-server")

    def answers(self):
        try:
            return self.client.ping()
        except redis_client.RedisError:
            return False

    def kill(self):
        self.child.kill()

    def stop(self):
        self.child.stop()


@pytest.fixture
def folder():
    """A short path, because Unix sockets allow only 107 bytes."""
    path = tempfile.mkdtemp(prefix="hd-")
    yield pathlib.Path(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def redis(folder):
    server = Redis(folder)
    yield server
    if server.child.running():
        server.stop()


@pytest.fixture
def spawn(folder):
    """spawn("probe", config, "-r", "x.pcap") starts a program with that configuration (a dict)."""
    children = []

    def start(name, config=None, *args, **kwargs):
        argv = [program(name)]
        if config is not None:
            path = folder / f"{name}-{len(children)}.yaml"
            path.write_text(yaml.safe_dump(config, allow_unicode=True))
            argv += ["--config", str(path)]
        child = Child(argv + list(args), folder / f"{name}-{len(children)}.log", **kwargs)
        children.append(child)
        return child

    yield start
    for child in children:
        if child.running():
            child.kill()


@pytest.fixture
def shared(redis, folder):
    """The sections of a configuration that all programs share."""
    return {"redis": {"address": redis.address}, "paths": {"state": str(folder), "run": str(folder)}, "log": {"level": "info"}}
