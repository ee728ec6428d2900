"""Articles that were read are read again: what changed is told by its kind, what was taken back is
told and erased, and what did not change costs an answer 304."""
import pytest

from conftest import wait_for
from test_crawler import FLOOD, Crawl, Web, feed, page


@pytest.fixture
def web(folder):
    server = Web(folder)
    yield server
    server.child.stop()


@pytest.fixture
def crawl(web, folder, spawn, shared, redis):
    return Crawl(web, folder, spawn, shared, redis)


def start(web, crawl, *names):
    web.put("bao.example", "feed.xml", feed(web, "bao.example", [(n, f"Nước lũ lên nhanh ({n})", "") for n in names]))
    for name in names:
        web.put("bao.example", name, page(f"Nước lũ lên nhanh ({name})", FLOOD, f"Bản tin {name} về vùng ngập."))
    crawl.add("bao.example", delay="10ms")
    crawl.start(revisit="1s")
    crawl.wait(len(names))


def test_what_changed_is_told_by_its_kind(web, crawl):
    names = ("a.html", "b.html", "c.html", "d.html", "e.html", "f.html")
    start(web, crawl, *names)
    title, text = "Nước lũ lên nhanh ({})", "Bản tin {} về vùng ngập."
    web.put("bao.example", "a.html", page(title.format("a.html"), FLOOD, "Nước đã rút ở vùng ngập, dân trở về nhà."))
    web.put("bao.example", "b.html", page("Nước lũ đang rút ở Đại Lộc", FLOOD, text.format("b.html")))
    web.put("bao.example", "c.html", page(title.format("c.html"), FLOOD, "Đính chính: bản tin trước nêu sai số hộ bị ngập."))
    (web.root / "bao.example/d.html").unlink()
    web.put("bao.example", "e.html", page(title.format("e.html"), FLOOD, head='<meta name="robots" content="noindex">'))
    events = crawl.wait(len(names) + 5, seconds=30)[len(names):]
    told = {e["article"]["url"].rsplit("/", 1)[1]: (e["article"]["change"], e["article"]["changed"]) for e in events}
    assert told == {"a.html": ("updated", "text"), "b.html": ("updated", "title"), "c.html": ("updated", "correction"),
                    "d.html": ("removed", "gone"), "e.html": ("removed", "noindex")}
    for event in events:
        if event["article"]["change"] == "removed":
            assert not {"title", "excerpt", "text_folded"} & set(event["article"])
    # (nginx makes an ETag of second and size: what is written anew above has another size.)
    # The page that stayed as it was was asked for with its ETag, and with ever longer pauses.
    wait_for(lambda: any(status == "304" and "/f.html" in rest for status, rest in web.asked("bao.example")), 15, "a 304")
    assert 2 <= sum("/f.html" in rest for _, rest in web.asked("bao.example")) <= 4


def test_what_was_taken_back_is_erased_here(web, crawl):
    start(web, crawl, "a.html")
    client = crawl.redis.client
    assert list(client.scan_iter("crawler:t1:doc:*")) or list(client.scan_iter("*doc*"))
    (web.root / "bao.example/a.html").unlink()
    assert crawl.wait(2, seconds=15)[1]["article"]["changed"] == "gone"
    wait_for(lambda: not list(client.scan_iter("*doc*")), 10, "the end of the signature")
