"""The crawler killed again and again over real web servers, the access log as judge: no page is
asked for twice within its cadence, none is lost. CRAWLER_KILLS sets how often (20 in make check)."""
import collections
import os
import random
import time

import pytest

from conftest import wait_for
from test_crawler import FLOOD, Crawl, Web, feed, page

KILLS = int(os.environ.get("CRAWLER_KILLS", "20"))
CADENCE_S = 2.0
TOLERANCE_S = 0.05   # nginx logs the end of a request, the claim is made before its begin
HOSTS = ("bao.example", "tin.example", "cong.example")


@pytest.fixture
def web(folder):
    server = Web(folder)
    yield server
    server.child.stop()


@pytest.fixture
def crawl(web, folder, spawn, shared, redis):
    return Crawl(web, folder, spawn, shared, redis)


class News:
    """Feeds that go on; every few steps one of them names a new article."""

    def __init__(self, web):
        self.web, self.written = web, {host: [] for host in HOSTS}

    def write(self, host):
        names = self.written[host]
        number = len(names)
        title = f"Nước lũ lên nhanh, bản tin {number} của {host}"
        names.append((f"tin-{number}.html", title, "Ngập sâu"))
        self.web.put(host, f"tin-{number}.html", page(title, FLOOD, f"Bản tin số {number}. {title}"))
        self.web.put(host, "feed.xml", feed(self.web, host, names))

    def urls(self):
        return {self.web.url(host, name) for host, names in self.written.items() for name, _, _ in names}


def requests(folder):
    """{(host, path): [times]} of everything but robots.txt."""
    found = collections.defaultdict(list)
    for line in (folder / "timed.log").read_text().splitlines():
        when, host, _, path = line.split(" ", 3)
        if path != "/robots.txt":
            found[host, path].append(float(when))
    return found


def play(news, crawl, chance, redis):
    redis_restart = KILLS // 2
    for i in range(KILLS):
        if i % 2 == 0:
            news.write(chance.choice(HOSTS))
        time.sleep(chance.uniform(0.05, 0.9))
        crawl.child.kill()
        if i == redis_restart:
            redis.stop()
            redis.start()
        crawl.start()


def test_a_crawler_killed_at_random_reads_each_page_and_none_too_soon(web, crawl, redis, folder):
    seed = int(time.time())
    print("seed", seed)
    chance, news = random.Random(seed), News(web)
    for host in HOSTS:
        for _ in range(3):
            news.write(host)
        crawl.add(host, cadence=[f"{CADENCE_S:.0f}s"] * 2, delay="20ms")
    crawl.start()
    play(news, crawl, chance, redis)
    wait_for(lambda: news.urls() <= {e["article"]["url"] for e in crawl.events("article")}, 40, "every article")
    for (host, path), times in sorted(requests(folder).items()):
        gaps = [b - a for a, b in zip(times, times[1:])]
        assert all(gap >= CADENCE_S - TOLERANCE_S for gap in gaps), (host, path, gaps)
    asked = {web.url(host, path[1:]) for host, path in requests(folder)}
    assert news.urls() <= asked
    told = collections.Counter((e["article"]["url"], e["article"]["sha256"]) for e in crawl.events("article"))
    assert sum(told.values()) - len(told) <= KILLS   # a kill between event and note repeats it, with the same hash


def test_what_a_feed_names_no_longer_is_read_after_a_kill(web, crawl, folder):
    names = [(f"tin-{i}.html", f"Nước lũ lên nhanh, bản tin {i}", "") for i in range(8)]
    for name, title, _ in names:
        web.put("bao.example", name, page(title, FLOOD, title))
    web.put("bao.example", "feed.xml", feed(web, "bao.example", names))
    crawl.add("bao.example", delay="300ms")
    crawl.start()
    crawl.wait(2)
    crawl.child.kill()
    web.put("bao.example", "feed.xml", feed(web, "bao.example", []))
    crawl.start()
    wait_for(lambda: len({e["article"]["url"] for e in crawl.events("article")}) == len(names), 20, "every article")


def test_what_waited_when_redis_lost_everything_is_read_all_the_same(web, crawl, folder):
    names = [(f"tin-{i}.html", f"Nước lũ lên nhanh, bản tin {i}", "") for i in range(6)]
    for name, title, _ in names:
        web.put("bao.example", name, page(title, FLOOD, title))
    web.put("bao.example", "feed.xml", feed(web, "bao.example", names))
    crawl.add("bao.example", delay="300ms")
    crawl.start()
    crawl.wait(2)
    crawl.redis.client.flushall()   # the feed stays as it is: its ETag would hide what was not read
    wait_for(lambda: {path for _, path in requests(folder)} >= {"/" + name for name, _, _ in names}, 15, "every article")


def test_redis_away_pauses_the_crawl_and_loses_nothing(web, crawl, redis, folder):
    news = News(web)
    for host in HOSTS:
        news.write(host)
        crawl.add(host, cadence=["1s", "1s"], delay="20ms")
    crawl.start()
    crawl.wait(len(HOSTS))
    redis.stop()
    time.sleep(0.5)
    asked = sum(map(len, requests(folder).values()))
    for host in HOSTS:
        news.write(host)
    time.sleep(2.5)
    assert sum(map(len, requests(folder).values())) - asked <= len(HOSTS)   # those whose claim was made before
    redis.start()
    wait_for(lambda: news.urls() <= {e["article"]["url"] for e in crawl.events("article")}, 20, "every article")
    for (host, path), times in sorted(requests(folder).items()):
        assert all(b - a >= 1.0 - TOLERANCE_S for a, b in zip(times, times[1:])), (host, path, times)
