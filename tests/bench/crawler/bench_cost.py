#!/usr/bin/env python3
"""CPU time of a page of 67 KB: libcurl and gumbo alone, and everything the crawler does with it (bench_page.c), from nginx on
loopback in the same run; then what pages built to hurt cost: CPU time and memory of `extract`. BUILD names the build folder."""
import os
import pathlib
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
PAGES, PAGE_LEN = 200, 67_000
WORDS = [word.strip('.,":()') for word in (ROOT / "tests/bench/crawler/labelled.txt").read_text().replace("|", " ").split()]

# Made one at a time: what this process holds when it starts another counts as memory of that one.
HOSTILE = {
    "100,000 <div>": lambda: "<div>" * 100000,
    "40,000 attributes": lambda: "<a " + " ".join(f"b{i}=1" for i in range(40000)) + ">",
    "end tags that close nothing": lambda: "<div></b>" * 80000,
    "nested tables": lambda: "<table><tr><td>" * 30000,
    "formatting to be opened again": lambda: "".join(f"<b x={i}>" for i in range(400)) + "<p>x" * 20000,
    "adoption": lambda: "<b><p></b>" * 25000,
    "links in tables": lambda: "<a href=x>y<table>" * 5000,
    "foreign content": lambda: "<svg><g>" * 40000,
    "markup in a style of svg": lambda: "<svg><style>" + "<div>" * 90000,
    "markup behind an xmp in a select": lambda: "<select><xmp></select>" + "<div>" * 90000,
    "nested select": lambda: "<select>" * 50000,
    "character references": lambda: "&amp;" * 800000,
    "fonts left open": lambda: "<p><font color=1>x</p>" * 20000,
    "templates": lambda: "<template>" * 40000,
    "comments left open": lambda: "<!--" * 500000,
    "ruby": lambda: "<ruby><rt>" * 40000,
    "lists": lambda: "<li><ul>" * 40000,
    "one word of 4 MB": lambda: "x" * 4000000,
    "an attribute of 3 MB": lambda: '<a title="' + "x" * 3000000 + '">',
    "attributes in each of 49,000 tags": lambda: "<i id=1 rel=2 lang=3 name=4 role=5 type=6></i>" * 49000,
    "held values in each of 46,000 tags": lambda: '<i id="123456789" rel="123456789" lang="123456789" name="123456789" role="123456789"></i>' * 46000,
    "values too short to be held": lambda: '<i id="12345678" rel="12345678" lang="12345678" name="12345678" role="12345678"></i>' * 46000,
    "90,000 paragraphs with a held value": lambda: '<p id="123456789">' * 90000,
    "70,000 links with held texts": lambda: '<a href="/mot-hai-ba">một hai ba bốn</a>' * 70000,
    "bytes that are no letters": lambda: "<p>" + "\udcff\udcfe" * 1000000,
}


def page(rng, number):
    def words(count):
        return " ".join(rng.choice(WORDS) for _ in range(count))
    links = "".join(f'<li class="item"><a href="/{rng.randrange(9999)}.html" title="{words(5)}">{words(9)}</a></li>' for _ in range(60))
    body = "".join(f"<p>{words(70)}.</p>" for _ in range(16))
    html = (f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{words(9)}</title>'
            f'<meta property="article:published_time" content="2026-11-{1 + number % 28:02}T08:00:00+07:00"></head><body>'
            f'<div class="menu"><ul>{links}</ul></div><div class="detail-content"><h1>{words(10)}</h1>{body}</div>')
    while len(html.encode()) < PAGE_LEN:
        html += f'<div class="box-news"><a href="/t{rng.randrange(9999)}.html"><img src="/i.jpg" alt="{words(4)}"></a><span class="x">{words(12)}</span></div>'
    return html + "</body></html>"


def serve(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
                      f"http {{ access_log off; types {{ text/html html; }} client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
                      f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
                      f"server {{ listen 127.0.0.1:{port}; root {folder}/pages; }} }}\n")
    server = subprocess.Popen(["/usr/sbin/nginx", "-c", config, "-p", folder, "-e", "stderr"], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server, port
        except OSError:
            time.sleep(0.05)
    server.kill()
    sys.exit("nginx did not start")


def cost(folder):
    rng = random.Random(7)
    folder.chmod(0o755)  # nginx reads as nobody when we are root
    (folder / "pages").mkdir()
    for number in range(PAGES):
        (folder / f"pages/{number}.html").write_text(page(rng, number))
    server, port = serve(folder)
    try:
        subprocess.run([BUILD / "tests/bench/crawler/bench_page", f"http://127.0.0.1:{port}/", str(PAGES), ROOT / "rules"], check=True)
    finally:
        server.terminate()
        server.wait()


def hostile(folder):
    most_s = most_kib = 0
    for name, make in HOSTILE.items():
        (folder / "hostile.html").write_bytes(make().encode(errors="surrogateescape"))
        child = subprocess.Popen([BUILD / "bin/haidang-crawler", "extract", "--url", "http://a.example/", folder / "hostile.html"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        used = os.wait4(child.pid, 0)[2]
        seconds = used.ru_utime + used.ru_stime
        most_s, most_kib = max(most_s, seconds), max(most_kib, used.ru_maxrss)
        print(f"{name}: {seconds:.2f} s, {used.ru_maxrss / 1024:.0f} MiB")
    print(f"worst: {most_s:.2f} s (reach 2), {most_kib / 1024:.0f} MiB (reach 64)")


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
with tempfile.TemporaryDirectory(prefix="hd-cost-") as name:
    cost(pathlib.Path(name))
    hostile(pathlib.Path(name))
