#!/usr/bin/env python3
"""Webhooks per second to one local receiver with kept connections (nginx, which answers 204), one thread of the courier, by
its own count and its CPU time; beside it the same requests posted by `ab -k`, as a peer that neither signs nor asks Redis,
and a second run in which a dead target and a hanging one must not slow the first down. ALERTS=N to change their number."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e"))
os.environ.setdefault("BUILD_DIR", os.environ.get("BUILD", "build/release"))

import alerts  # noqa: E402
from conftest import Child, Redis, free_port, program, wait_for  # noqa: E402

COUNT = int(os.environ.get("ALERTS", "60000"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="


def nginx(folder, port):
    (folder / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
        events {{ worker_connections 256; }}
        http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}""")
    return Child(["nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log")


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(redis):
    pipe = redis.client.pipeline(transaction=False)
    for n in range(COUNT):
        pipe.xadd(f"al:{{b{n % 16:02d}}}", {"a": json.dumps(alerts.alert(n), ensure_ascii=False)})
        if n % 1000 == 999:
            pipe.execute()
    pipe.execute()


def acknowledged(redis, target):
    done = 0
    for bucket in range(16):
        for group in redis.client.xinfo_groups(f"al:{{b{bucket:02d}}}"):
            if group["name"].decode() == f"courier.{target}":
                done += (group["entries-read"] or 0) - group["pending"]
    return done


def deliver(folder, port, concurrency, more=()):
    redis = Redis(folder)
    fill(redis)
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    targets = [{"name": "centre", "url": f"http://127.0.0.1:{port}/", "secret_file": str(secret), "concurrency": concurrency}]
    targets += [{"name": name, "url": url, "secret_file": str(secret)} for name, url in more]
    config = folder / "c.yaml"
    config.write_text(json.dumps({"redis": {"address": redis.address}, "paths": {"state": str(folder)},
                                  "log": {"level": "warning"}, "courier": {"targets": targets}}))
    started = time.monotonic()
    courier = Child([program("courier"), "--config", config], folder / "courier.log")
    wait_for(lambda: redis.client.exists("got:{centre}"), 20)
    wait_for(lambda: acknowledged(redis, "centre") == COUNT, 300)
    wall, cpu = time.monotonic() - started, cpu_s(courier.pid)
    memory = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{courier.pid}/status").read_text()).group(1)) // 1024
    courier.stop()
    redis.stop()
    for path in folder.glob("appendonlydir/*"):
        path.unlink()
    return COUNT / wall, COUNT / cpu, memory


def hanging():
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=lambda: [server.accept() for _ in range(1 << 20)], daemon=True).start()
    return server.getsockname()[1]


def peer(folder, port, concurrency):
    if not shutil.which("ab"):
        return None
    body = folder / "body"
    body.write_text(json.dumps(alerts.alert(1), ensure_ascii=False))
    said = subprocess.run(["ab", "-k", "-q", "-n", str(COUNT), "-c", str(concurrency), "-p", body, "-T", "application/json",
                           f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Requests per second:\s+([\d.]+)", said)
    return float(found.group(1)) if found else None


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hd-"))
    port = free_port()
    server = nginx(folder, port)
    wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 10)
    try:
        for concurrency in (4, 16):
            wall, cpu, memory = deliver(folder, port, concurrency)
            ab = peer(folder, port, concurrency)
            ratio = f", ab -k {ab:.0f}/s in the same run, ratio {wall / ab:.2f}" if ab else ""
            print(f"concurrency {concurrency:2}: {wall:.0f} webhooks/s, {cpu:.0f} per CPU second, {memory} MB{ratio}")
        wall, cpu, _ = deliver(folder, port, 16, [("dead", f"http://127.0.0.1:{free_port()}/"), ("hangs", f"http://127.0.0.1:{hanging()}/")])
        print(f"concurrency 16 beside a dead and a hanging target: {wall:.0f} webhooks/s, {cpu:.0f} per CPU second")
    finally:
        server.stop()
        shutil.rmtree(folder)


main()
