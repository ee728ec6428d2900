"""Kinds of sources against a web server on loopback: what each is asked, what becomes of its answer."""
import gzip
import json
import subprocess

from conftest import program, wait_for
from test_crawler import FLOOD, crawl, feed, page, scripted, web  # noqa: F401 (fixtures)

JSON = {"Content-Type": "application/json"}


def figures(crawl, source):
    said = crawl.redis.client.hget("sources:t1", source)
    return json.loads(said) if said else {}


def test_posts_of_wordpress_are_asked_for_at_its_interface(crawl, scripted):
    path = "/wp-json/wp/v2/posts?per_page=40&_fields=id,date_gmt,modified_gmt,link,title,excerpt,content.protected,status"
    scripted.answers[path] = (200, JSON, json.dumps([{
        "id": 1, "link": scripted.url("qrt.example", "nuoc-len/"), "date_gmt": "2026-11-20T01:02:03",
        "title": {"rendered": "Nước l&#234;n &#8211; Đại Lộc"}, "excerpt": {"rendered": "<p>Ngập</p>"}}]))
    scripted.answers["/nuoc-len/"] = (200, {}, page("Nước lên – Đại Lộc", FLOOD))
    crawl.add("qrt.example", "", "wordpress")
    crawl.start()
    article = crawl.wait(1)[0]["article"]
    assert article["title"] == "Nước lên – Đại Lộc" and article["source"] == "qrt-example-wordpress"
    assert article["published"].startswith("2026-11-20T01:02:03")


def test_public_posts_of_mastodon_become_articles_without_a_visit_and_without_accounts(crawl, scripted):
    status = {"visibility": "public", "created_at": "2026-11-20T01:02:03Z", "reblog": None, "spoiler_text": "",
              "content": f"<p>{FLOOD} <span>@<span>nguoi</span></span></p>", "account": {"acct": "tenrieng", "display_name": "Tên Riêng"}}
    scripted.answers["/api/v1/timelines/tag/DaNang?limit=40"] = (200, JSON, json.dumps([
        {**status, "url": scripted.url("m.example", "@tenrieng/1")},
        {**status, "visibility": "unlisted", "url": scripted.url("m.example", "@tenrieng/2")}]))
    crawl.add("m.example", "tags/DaNang", "mastodon", tier=4)
    crawl.start()
    article = crawl.wait(1)[0]["article"]
    assert "disaster.flood" in article["topics"] and article["form"] == "post"
    assert "tenrieng" not in json.dumps(crawl.events()) and "Tên Riêng" not in json.dumps(crawl.events(), ensure_ascii=False)
    assert {p.split("?")[0] for p in scripted.asked} == {"/robots.txt", "/api/v1/timelines/tag/DaNang"}


def test_an_index_of_sitemaps_is_followed_news_first_packed_or_not(web, crawl):
    def urlset(*names):
        return "<urlset>" + "".join(f"<url><loc>{web.url('bao.example', n)}</loc></url>" for n in names) + "</urlset>"

    for name in ("tin-moi-1.html", "tin-cu-2.html"):
        web.put("bao.example", name, page(f"Nước lũ lên nhanh {name}", FLOOD, name))
    web.put("bao.example", "index.xml", "<sitemapindex>" + "".join(
        f"<sitemap><loc>{web.url('bao.example', n)}</loc><lastmod>{d}</lastmod></sitemap>"
        for n, d in (("old.xml.gz", "2026-01-01"), ("sitemap-news.xml", "2025-01-01"))) + "</sitemapindex>")
    web.put("bao.example", "sitemap-news.xml", urlset("tin-moi-1.html"))
    web.put("bao.example", "old.xml.gz", gzip.compress(urlset("tin-cu-2.html").encode()))
    crawl.add("bao.example", "index.xml", "sitemap", cadence=["1h", "1h"])
    crawl.start()
    assert {e["article"]["url"].rsplit("/")[-1] for e in crawl.wait(2)} == {"tin-moi-1.html", "tin-cu-2.html"}
    asked = " ".join(rest for _, rest in web.asked("bao.example"))
    assert asked.index("sitemap-news.xml") < asked.index("old.xml.gz")


def test_links_into_traps_are_refused_and_counted(web, crawl):
    links = [f"<a href='{h}'>Một dòng chữ dài cho liên kết này</a>" for h in
             ("/w/nuoc-len", "/lich/2031/02", "/su-kien-trong-thang?month=2031-02", "/a-b-c-d/a-b-c-d/a-b-c-d/a-b-c-d/x", "/" + "/".join(f"muc-{i}-a-b" for i in range(20)))]
    web.put("cong.example", "index.html", page("Cổng", FLOOD, extra="".join(links)))
    web.put("cong.example", "w/nuoc-len", page("Nước lên", FLOOD))
    crawl.add("cong.example", "", "liferay")
    web.put("dai.example", "feed.xml", feed(web, "dai.example", [("đ" * 1500, "Một địa chỉ quá dài", "")]))   # 9,000 bytes as asked for
    crawl.add("dai.example")
    crawl.start()
    wait_for(lambda: any("/w/nuoc-len" in rest for _, rest in web.asked("cong.example")), 15, "the article")
    refusals = wait_for(lambda: figures(crawl, "cong-example-liferay").get("refusals"), 15, "the refusals")
    assert {"trap_calendar", "trap_repeat", "trap_depth"} <= set(refusals)
    assert list(wait_for(lambda: figures(crawl, "dai-example-rss").get("refusals"), 15, "the long address")) == ["trap_length"]
    assert not any("2031" in rest for _, rest in web.asked("cong.example"))


def test_an_interface_is_asked_with_the_token_of_the_operator_only(crawl, scripted, folder):
    token = folder / "token"
    token.write_text("bi-mat-123\n")
    token.chmod(0o604)
    asked = "/v25.0/1/posts?fields=message,created_time,updated_time,permalink_url&limit=25"
    scripted.answers["/robots.txt"] = (200, {"Content-Type": "text/plain"}, "User-agent: *\nDisallow: /\n")
    scripted.answers[asked] = (200, JSON, json.dumps({"data": [
        {"id": "1_2", "message": FLOOD, "created_time": "2026-11-20T01:02:03+0000", "permalink_url": "https://www.facebook.com/1/posts/2"}]}))
    crawl.add("graph.example", "v25.0/1/posts", "facebook", tier=4, token_file=str(token))
    crawl.start()
    wait_for(lambda: "reason=no_token" in crawl.child.said(), 15, "the refusal")
    assert scripted.asked == []
    refusals = wait_for(lambda: figures(crawl, "graph-example-facebook").get("refusals"), 15, "the report")
    assert 1 <= refusals["no_token"] <= 15   # at its cadence of a second, not as fast as it can
    token.chmod(0o600)
    assert crawl.wait(1)[0]["article"]["url"] == "https://www.facebook.com/1/posts/2"
    assert set(scripted.asked) == {asked} and scripted.tokens == {"Bearer bi-mat-123"}
    assert "bi-mat" not in crawl.child.said()


def test_a_host_that_is_asked_too_often_is_asked_ever_more_rarely(crawl, scripted):
    scripted.answers["/feed.xml"] = (429, {"Retry-After": "0"}, "")
    crawl.add("bao.example", delay="400ms")
    crawl.start()
    wait_for(lambda: len(scripted.times) >= 4, 30, "four refusals")
    gaps = [b - a for a, b in zip(scripted.times[1:], scripted.times[2:])]
    assert gaps[-1] > 1.5   # four times the delay, not the second of the cadence


def test_haidang_sources_tells_silence_from_calm(crawl, scripted):
    def told(*options):
        return subprocess.run([program("ctl"), "sources", "--redis", crawl.redis.address, *options], capture_output=True, text=True)

    scripted.answers["/feed.xml"] = (200, {"Content-Type": "application/rss+xml"}, "<rss version='2.0'><channel><item>"
                                     f"<title>Nước lên</title><link>{scripted.url('bao.example', 'a')}</link></item></channel></rss>")
    scripted.answers["/a"] = (200, {}, page("Nước lên", FLOOD))
    assert "no crawler has ever run" in told().stdout and told().returncode == 1
    crawl.add("bao.example")
    crawl.add("gone.example", "none.xml")
    crawl.sources.append({"id": "t-me", "name": "x", "url": "https://t.me/s/x", "kind": "telegram", "tier": 4, "status": "enable", "cadence": [0, 0]})
    crawl.start()
    said = wait_for(lambda: (s := told().stdout) and "new 1" in s and "status_404" in s and s, 20, "the counts")
    rows = [line.split() for line in said.splitlines()]
    assert rows[0] == ["crawler", "t1", "is", "running"]
    assert [r[0:2] for r in rows[1:]] == [["trouble", "gone-example-rss"], ["ok", "bao-example-rss"], ["off", "t-me"]]
    assert "by import" in said and "refused: status_404=" in said and told().returncode == 1
    assert {json.loads(line)["state"] for line in told("--json").stdout.splitlines()} == {"trouble", "ok", "off"}


def test_what_only_search_engines_are_shown_on_our_site_is_found(crawl, scripted):
    good = page("Cổng thông tin điện tử", FLOOD)
    bad = page("Nhà cái uy tín, tài xỉu đổi thưởng", FLOOD, extra="<a href='http://keo-888.example/'>nhà cái</a>")
    scripted.answers["/"] = (200, {}, good)
    crawl.add("cong.example", "", "site", service="portal", owner="ioc", tier=1)
    crawl.start()
    assert crawl.wait(1, "site_check")[0]["site_check"]["result"] == "ok"
    scripted.to_searchers["/"] = (200, {}, bad)
    check = crawl.wait(2, "site_check")[1]["site_check"]
    assert check["result"] == "injected" and check["hidden"] is True and check["check"] == "content"
    assert check["new_hosts"] == ["keo-888.example"] and "nhà cái" in check["phrases"]
    scripted.to_searchers["/"] = (403, {}, "")
    assert crawl.wait(3, "site_check")[2]["site_check"]["result"] == "ok"


def test_a_page_whose_header_says_none_is_not_published(crawl, scripted):
    scripted.answers["/feed.xml"] = (200, {"Content-Type": "application/rss+xml"}, "<rss version='2.0'><channel>" + "".join(
        f"<item><title>Nước lên {n}</title><link>{scripted.url('bao.example', n)}</link></item>" for n in ("kin", "mo")) + "</channel></rss>")
    scripted.answers["/kin"] = (200, {"X-Robots-Tag": "otherbot: nofollow, none"}, page("Nước lên kín", FLOOD))
    scripted.answers["/mo"] = (200, {"X-Robots-Tag": "noarchive"}, page("Nước lên mở", FLOOD))
    crawl.add("bao.example")
    crawl.start()
    refusals = wait_for(lambda: figures(crawl, "bao-example-rss").get("refusals"), 15, "the refusal")
    assert refusals == {"noindex": 1}
    assert [e["article"]["title"] for e in crawl.wait(1)] == ["Nước lên mở"]
