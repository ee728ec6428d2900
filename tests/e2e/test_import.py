"""Items handed in: by `haidang import`, and by a webhook; they go the way of crawled articles."""
import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request

from conftest import free_port, program, wait_for
from test_crawler import FLOOD, crawl, page, scripted, web  # noqa: F401 (fixtures)

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


def item(n, **more):
    return {"source": "facebook", "url": f"https://www.facebook.com/cong/posts/{n}", "title": f"Nước lũ lên nhanh {n}",
            "text": FLOOD + f" Tin số {n}, gọi 0905123456.", "published": "2026-11-20T07:00:00+07:00", **more}


def ready(crawl, folder, **settings):
    crawl.sources.append({"id": "facebook", "name": "Facebook", "url": "https://www.facebook.com/", "kind": "import", "tier": 4,
                          "cadence": [0, 0], "status": "import", "note": "by import"})
    crawl.sources.append({"id": "lien-ket", "name": "Liên kết của cán bộ", "url": "inbox://links", "kind": "import", "tier": 4,
                          "cadence": [0, 0], "status": "import", "note": "by import", "internal": True})
    crawl.start(**settings)
    wait_for(lambda: "started" in crawl.child.said(), 10, "the crawler")


def hand_in(folder, text):
    path = folder / "items.ndjson"
    path.write_text(text)
    return subprocess.run([program("ctl"), "import", "--socket", folder / "crawler-import.sock", path],
                          capture_output=True, text=True, timeout=30)


def test_items_become_articles_once_without_persons_and_bad_lines_are_named(web, crawl, folder):
    ready(crawl, folder)
    lines = [json.dumps(item(1, author="Tên Riêng", user_id=5, likes=3)), "", "{no json", json.dumps(item(2, source="nobody")),
             json.dumps(item(3, url="ftp://x/")), json.dumps(item(4))]
    done = hand_in(folder, "\n".join(lines) + "\n")
    assert done.returncode == 2, done.stderr
    for line, reason in ((3, ""), (4, "source: none of that id"), (5, "url:")):
        assert f"items.ndjson:{line}: {reason}" in done.stderr
    assert "new 2" in done.stdout and "rejected 3" in done.stdout and "personal fields dropped 2" in done.stdout
    articles = [e["article"] for e in crawl.wait(2)]
    assert {a["source"] for a in articles} == {"facebook"} and all("disaster.flood" in a["topics"] for a in articles)
    assert articles[0]["form"] == "post" and articles[0]["published"].startswith("2026-11-20T")
    everything = json.dumps(crawl.events(), ensure_ascii=False)
    assert "Tên Riêng" not in everything and "0905123456" not in everything
    again = hand_in(folder, lines[0] + "\n" + lines[5] + "\n")
    assert again.returncode == 0 and "unchanged 2" in again.stdout
    time.sleep(0.5)
    assert len(crawl.events("article")) == 2


def test_a_link_alone_is_read_politely_and_a_platform_not_at_all(crawl, scripted, folder):
    scripted.answers["/robots.txt"] = (200, {"Content-Type": "text/plain"}, "User-agent: *\nDisallow: /kin\n")
    scripted.answers["/tin"] = (200, {}, page("Nước lên nhanh", FLOOD))
    ready(crawl, folder, hosts=["127.0.0.1"])
    done = hand_in(folder, json.dumps({"source": "facebook", "url": "https://www.facebook.com/x"}) + "\n"
                   + json.dumps({"source": "lien-ket", "url": "http://10.0.0.1/tin"}) + "\n")
    assert done.returncode == 2 and "items.ndjson:1: title and text are missing, and this platform is not read" in done.stderr
    assert "queued 1" in done.stdout


def test_a_webhook_must_be_signed(web, crawl, folder):
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "secret").chmod(0o600)
    port = free_port()
    ready(crawl, folder, import_listen=f"127.0.0.1:{port}", import_secret=str(folder / "secret"))
    body = json.dumps([item(1), item(2)]).encode()

    def post(data, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/import", data=data, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as e:
            return e.code, json.load(e)

    now = str(int(time.time()))
    mac = hmac.new(base64.b64decode(SECRET[6:]), b"m1." + now.encode() + b"." + body, hashlib.sha256).digest()
    signed = {"webhook-id": "m1", "webhook-timestamp": now, "webhook-signature": "v1," + base64.b64encode(mac).decode()}
    assert post(body)[0] == 401
    assert post(body + b" ", **signed)[0] == 401
    status, report = post(body, **signed)
    assert status == 200 and report["new"] == 2 and report["rejected"] == 0
    assert post(body, Authorization="Bearer " + SECRET)[1]["unchanged"] == 2
    assert post(b"{}", Authorization="Bearer " + SECRET)[0] == 422
    assert len(crawl.wait(2)) == 2 and SECRET not in crawl.child.said()


def test_an_address_without_a_secret_or_off_loopback_is_refused(web, crawl, folder):
    for settings, said in (({"import_listen": "127.0.0.1:0"}, "crawler.import_secret"),
                           ({"import_listen": "0.0.0.0:8480"}, "crawler.import_listen")):
        child = crawl.start(**settings)
        assert child.process.wait(10) == 2 and said in child.said()
