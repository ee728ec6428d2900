#!/usr/bin/env python3
"""Feeds beside python3-feedparser: how often both say the same of feeds as they come, well-formed and
damaged at random (the same damage in each run), and what a feed of 100 entries costs each.

    BUILD=build/release tests/bench/crawler/bench_feeds.py [FEEDS]"""
import html
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile

try:
    import feedparser
except ImportError:
    sys.exit("bench_feeds: install python3-feedparser")

CRAWLER = pathlib.Path(os.environ.get("BUILD", "build/release")) / "bin/haidang-crawler"
BASE, TYPE = "http://h.example/a/b", "application/xml; charset=utf-8"
ITEM = ("<item><title>Nước &amp; lũ {n}</title><link>/tin-{n}.html</link><guid isPermaLink='false'>g{n}</guid>"
        "<description>&lt;p&gt;Mưa lớn ở <![CDATA[<b>Đại Lộc</b>]]> {n}&lt;/p&gt;</description>"
        "<content:encoded><![CDATA[<p>Bài <a href='../x'>dài</a> {n}</p><script>x</script>]]></content:encoded>"
        "<dc:creator>Tên {n}</dc:creator><pubDate>Mon, 23 Nov 2026 07:{m:02}:00 +0700</pubDate><category>Lũ</category></item>")
RSS = ("<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' "
       "xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Báo</title><link>http://h.example/</link>"
       "<description>Tin</description>{items}</channel></rss>")
ENTRY = ("<entry><title type='html'>Tin &lt;i&gt;{n}&lt;/i&gt;</title><link href='tin-{n}'/><id>urn:x:{n}</id>"
         "<updated>2026-11-23T07:{m:02}:00+07:00</updated><summary>Tóm tắt {n}</summary>"
         "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Bài {n} &amp; hết</p></div></content></entry>")
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='http://h.example/x/'><title>Báo</title><link href='/'/>{items}</feed>"


def make(count, kind):
    frame, one = (RSS, ITEM) if kind == "rss" else (ATOM, ENTRY)
    return frame.format(items="".join(one.format(n=n, m=n % 60) for n in range(count)))


def damage(text, rng):
    for _ in range(rng.randint(0, 2)):
        tag = rng.choice(list(re.finditer(r"</?[A-Za-z][^>]*>", text)))
        text = rng.choice([
            lambda: text[:tag.start()] + text[tag.end():],
            lambda: text[:tag.start()] + " & " + text[tag.start():],
            lambda: text[:tag.end()] + "\x0b" + text[tag.end():],
            lambda: text[:tag.end()] + "&nbsp;&#xe9;" + text[tag.end():],
            lambda: text[:len(text) - rng.randint(1, 60)],
        ])()
    return text


def plain(text):
    text = re.sub(r"<(script|style)\b.*?</\1\s*>", "", str(text or ""), flags=re.S | re.I)
    return " ".join(html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", text)).replace("\xa0", " ").split())


def ours(path):
    done = subprocess.run([CRAWLER, "feed", "--url", BASE, "--content-type", TYPE, path], capture_output=True, check=False)
    return json.loads(done.stdout)


def theirs(text):
    return feedparser.parse(text.encode(), response_headers={"content-location": BASE, "content-type": TYPE})


def agreement(count, path):
    rng, asked, same = random.Random(1), 0, 0
    for n in range(count):
        text = damage(make(3, "rss" if n % 2 else "atom"), rng)
        path.write_text(text)
        a, b = theirs(text), ours(path)
        pairs = [(a.feed.get(k), b["feed"].get(k)) for k in ("title", "link", "subtitle")] + [(len(a.entries), len(b["entries"]))]
        for x, y in zip(a.entries, b["entries"]):
            pairs += [(x.get(k), y.get(k)) for k in ("title", "link", "id", "summary", "author")]
            pairs.append((x.content[0].value if "content" in x else "", y.get("content")))
        asked += len(pairs)
        same += sum(plain(x) == plain(y) for x, y in pairs)
    print(f"fields that both read the same: {same}/{asked} = {same / asked:.4f} of {count} feeds, two of three damaged")


def cpu(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def cost(path):
    text = make(100, "rss")
    path.write_text(text)
    before = cpu(resource.RUSAGE_CHILDREN)
    for _ in range(20):
        ours(path)
    mine = (cpu(resource.RUSAGE_CHILDREN) - before) / 20
    before = cpu(resource.RUSAGE_SELF)
    for _ in range(5):
        theirs(text)
    peer = (cpu(resource.RUSAGE_SELF) - before) / 5
    print(f"CPU for a feed of 100 entries: {1000 * mine:.1f} ms with starting the program, feedparser {1000 * peer:.1f} ms without: "
          f"{mine / peer:.3f} of it")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "feed.xml"
        agreement(int(sys.argv[1]) if len(sys.argv) > 1 else 300, path)
        cost(path)


if __name__ == "__main__":
    main()
