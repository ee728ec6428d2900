"""What the tests of the courier share: receivers, configurations, commands."""
import json
import subprocess

import pytest

import alerts
from conftest import program
from webhook_receiver import Receiver

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
OLD_SECRET = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAAAAA="
FAST = {"retry_min": "20ms", "retry_max": "200ms", "timeout": "2s"}


@pytest.fixture
def secret_file(folder):
    path = folder / "secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def receive(secret_file):
    """receive(behave) starts a receiver; all end with the test, and none may have found a fault."""
    started = []

    def start(behave=None, secrets=(SECRET,), **options):
        receiver = Receiver(secrets, behave, **options)
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.stop()
        assert receiver.faults() == []


@pytest.fixture
def config(shared, secret_file):
    """config(centre=URL, …) with a target per receiver; a dict as value holds more settings."""
    def make(**targets):
        rows = []
        for name, value in targets.items():
            value = value if isinstance(value, dict) else {"url": value}
            rows.append({"name": name, "secret_file": str(secret_file), **FAST, **value})
        return {**shared, "courier": {"targets": rows}}
    return make


def put_many(redis, count, **changes):
    bodies = [alerts.alert(n, **changes) for n in range(count)]
    for body in bodies:
        alerts.put(redis, body)
    return bodies


def keys(bodies):
    return {alerts.key(b) for b in bodies}


def pending(redis, target):
    """Entries of the target's group that are not acknowledged or not even read."""
    left = 0
    for stream in [f"al:{{b{bucket:02d}}}" for bucket in range(16)] + ["changes:{console}", f"to:{{{target}}}"]:
        if not redis.client.exists(stream):
            continue
        for group in redis.client.xinfo_groups(stream):
            if group["name"].decode() == f"courier.{target}":
                left += group["pending"] + (group["lag"] or 0)
    return left


def metric(redis, name, target):
    """As told last, for one when the courier ended."""
    health = json.loads(redis.client.get("health:courier.c1"))
    return health["metrics"][f'haidang_courier_{name}{{target="{target}"}}']


def certificate(folder, name, key_kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    key, cert = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key_kind, "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName=IP:{name}", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def command(folder):
    def run(*args, config=None, within=(), stdin=None):
        argv = [*within, program("courier"), *args]
        if config is not None:
            path = folder / "command.yaml"
            path.write_text(json.dumps(config))
            argv += ["--config", path]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, input=stdin, check=False)
    return run
