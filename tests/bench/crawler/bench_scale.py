#!/usr/bin/env python3
"""The whole service with 10,000 sources on as many hosts: memory and processor time while it reads
them all, and when nothing is due; the target is 150 MB. (libcurl knows every name under .localhost.) Each has a feed of two entries and one
article. Usage: bench_scale.py [SOURCES]"""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("BUILD", "build/release")).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
IDLE_S, LIMIT_S = 20, 900

NGINX = """daemon off; worker_processes 1; pid {f}/nginx.pid; error_log {f}/error.log; events {{ worker_connections 512; }}
http {{ access_log off; default_type text/html; client_body_temp_path {f}; proxy_temp_path {f}; fastcgi_temp_path {f};
 uwsgi_temp_path {f}; scgi_temp_path {f}; types {{ application/rss+xml xml; text/html html; }} etag on; charset utf-8;
 server {{ listen 127.0.0.1:{port}; root {f}/www; }} }}"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Báo</title>
<item><title>Nước lũ lên nhanh</title><link>/a.html</link><description>Ngập sâu</description></item></channel></rss>"""
PAGE = "<html><head><title>Nước lũ lên nhanh</title></head><body><article>" + "".join(
    f"<p>Mưa lớn nhiều giờ qua làm nước lũ lên nhanh, nhiều tuyến đường ở Đại Lộc bị ngập sâu, đoạn thứ {i}.</p>" for i in range(20)) + "</article></body></html>"


def stat(pid):
    """Resident MB and processor seconds of a process and its children's."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    rss = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000
    return rss, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def metric(folder, name):
    try:
        text = (folder / "crawler.prom").read_text()
    except FileNotFoundError:
        return 0
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def write_files(folder, port):
    (folder / "www").mkdir()
    (folder / "www/feed.xml").write_text(FEED)
    (folder / "www/a.html").write_text(PAGE)
    (folder / "nginx.conf").write_text(NGINX.format(f=folder, port=port))
    rows = "\n".join(f"- {{id: bao-{i}-rss, name: bao {i}, url: 'http://bao{i}.localhost:{port}/feed.xml', kind: rss, tier: 3, "
                     "cadence: [1h, 1h], status: enable, internal: true, delay: 1s}" for i in range(COUNT))
    (folder / "sources.yaml").write_text(f"version: 1\nsources:\n{rows}\n")
    rules = "\n".join(f"  {k}: {ROOT}/rules/{k}.yaml" for k in ("topics", "places", "assets"))
    (folder / "haidang.yaml").write_text(
        f"redis:\n  address: unix:{folder}/r.sock\npaths:\n  state: {folder}\n  run: {folder}\nlog:\n  level: warning\n"
        f"crawler:\n  name: bench\n  parallel: 64\n  sources: {folder}/sources.yaml\n{rules}\n")


def measure(folder, crawler, redis):
    begin = time.monotonic()
    while metric(folder, "haidang_crawler_articles_total") < 0.999 * COUNT and time.monotonic() - begin < LIMIT_S:
        time.sleep(1)
    took = time.monotonic() - begin
    time.sleep(6)
    rss, cpu = stat(crawler)
    worker = sum(stat(p)[0] for p in children(crawler))
    print(f"read: {metric(folder, 'haidang_crawler_articles_total'):.0f} feeds and articles of {COUNT} sources in {took:.0f} s, "
          f"{1000 * cpu / (2 * COUNT):.2f} ms own CPU a page; {rss:.0f} MB, parser {worker:.0f} MB, Redis {stat(redis)[0]:.0f} MB")
    time.sleep(IDLE_S)
    rss, later = stat(crawler)
    print(f"idle: {100 * (later - cpu) / IDLE_S:.2f} % of a core, {rss:.0f} MB (target 150)")


with tempfile.TemporaryDirectory(prefix="hd-") as name:
    folder = pathlib.Path(name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    write_files(folder, port)
    quiet = {"stdout": subprocess.DEVNULL}
    started = [
        subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", folder / "r.sock", "--dir", folder, "--save", ""], **quiet),
        subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"], **quiet)]
    time.sleep(1)
    started.append(subprocess.Popen([BUILD / "bin/haidang-crawler", "--config", folder / "haidang.yaml"], **quiet))
    try:
        measure(folder, started[2].pid, started[0].pid)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()
