#!/usr/bin/env python3
"""Alerts per second to a real rsyslog over TLS, beside `logger` posting the same number of lines to it by TCP; alerts stored per
second for TAXII, and objects fetched per second in pages of 500. By wall clock and by CPU time. ALERTS=N to change their number."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e"))
os.environ.setdefault("BUILD_DIR", os.environ.get("BUILD", "build/release"))

import alerts  # noqa: E402
from authority import Authority  # noqa: E402
from conftest import Child, Redis, free_port, program, wait_for  # noqa: E402
from test_courier_syslog import Rsyslog  # noqa: E402

COUNT = int(os.environ.get("ALERTS", "5000"))
TOKEN = "f" * 64


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def acknowledged(redis, target):
    done = 0
    for stream in redis.client.keys("al:*"):
        for group in redis.client.xinfo_groups(stream):
            if group["name"].decode() == f"courier.{target}":
                done += (group["entries-read"] or 0) - group["pending"]
    return done


def deliver(folder, target):
    """Starts a courier with that target and waits until it has every alert; the caller ends it."""
    redis = Redis(folder)
    pipe = redis.client.pipeline(transaction=False)
    for n in range(COUNT):
        pipe.xadd(f"al:{{b{n % 16:02d}}}", {"a": json.dumps(alerts.alert(n), ensure_ascii=False)})
    pipe.execute()
    config = folder / "c.yaml"
    config.write_text(json.dumps({"redis": {"address": redis.address}, "paths": {"state": str(folder)}, "log": {"level": "warning"},
                                  "courier": {"targets": [{"name": "out", "concurrency": 64, **target}]}}))
    started = time.monotonic()
    courier = Child([program("courier"), "--config", config], folder / "courier.log")
    wait_for(lambda: acknowledged(redis, "out") == COUNT, 120)
    print(f"{target['kind']}: {COUNT / (time.monotonic() - started):.0f} alerts/s, {COUNT / cpu_s(courier.pid):.0f} per CPU second")
    redis.stop()
    for path in folder.glob("appendonlydir/*"):
        path.unlink()
    return courier


def syslog(folder):
    authority = Authority(folder)
    server = Rsyslog(folder, certificate=authority.issue("127.0.0.1"), authority=authority.certificate)
    deliver(folder, {"kind": "syslog", "url": f"tls://127.0.0.1:{server.port}", "ca_file": str(authority.certificate)}).stop()
    assert len(set(server.keys())) == COUNT
    server.child.stop()


def logger(folder):
    """The peer: one connection, no structured data, no TLS, nothing confirmed."""
    server = Rsyslog(folder)
    lines = "\n".join(json.dumps(alerts.alert(n), ensure_ascii=False) for n in range(COUNT))
    started = time.monotonic()
    subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(server.port), "-T", "--octet-count", "--rfc5424", "-S", "8KiB"],
                   input=lines, text=True, check=True)
    print(f"logger, TCP: {COUNT / (time.monotonic() - started):.0f} lines/s")
    server.child.stop()


def taxii(folder):
    readers, port = folder / "readers", free_port()
    readers.write_text(f"a sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    readers.chmod(0o600)
    courier = deliver(folder, {"kind": "taxii", "listen": f"127.0.0.1:{port}", "secret_file": str(readers)})
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/taxii+json;version=2.1"}

    def get(path):
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=60) as answer:
            return json.load(answer)

    collection, = get("/haidang/collections/")["collections"]
    before, started, count, after = cpu_s(courier.pid), time.monotonic(), 0, ""
    while True:
        page = get(f"/haidang/collections/{collection['id']}/objects/?limit=500{after}")
        count += len(page.get("objects", []))
        if not page.get("more"):
            break
        after = f"&next={page['next']}"
    print(f"TAXII: {count} objects fetched, {count / (time.monotonic() - started):.0f}/s, "
          f"{count / (cpu_s(courier.pid) - before):.0f} per CPU second of the courier")
    courier.stop()


def main():
    for bench in (syslog, logger, taxii):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hd-"))
        try:
            bench(folder)
        finally:
            shutil.rmtree(folder)


main()
