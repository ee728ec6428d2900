"""The console's pages in a real browser.

Screenshots of each page are kept in BUILD_DIR/screenshots."""
import re
import tempfile

import pytest
from conftest import BIN, wait_for
from console_client import PASSWORD, alert, alert_id, arrived, console, publish, silent_probe  # noqa: F401
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"


class Page:
    """The console's page in a headless Chromium."""

    def __init__(self, folder):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                         f"--user-data-dir={folder}/chromium", "--window-size=1366,768"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.chrome.service.Service("/usr/bin/chromedriver")
        self.driver, self.url = webdriver.Chrome(service=service, options=options), None

    def begin(self, url):
        """A stranger's view of another console."""
        self.url = url
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.theme("light")
        self.size(1366, 768)
        self.complaints()

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def theme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def wait(self, condition, what):
        def holds():
            try:
                return condition()
            except WebDriverException:  # not there yet, or replaced meanwhile
                return None
        return wait_for(holds, 15, what)

    def sees(self, text, css="body"):
        self.wait(lambda: text in self.find(css).text, f"{text!r} in {css}")

    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def fill(self, **fields):
        for name, value in fields.items():
            self.find(f"[name='{name}']").send_keys(value)

    def open(self, name, password=PASSWORD):
        self.driver.get(self.url)
        self.wait(lambda: self.find("hd-login"), "the log-in page")
        self.fill(name=name, password=password + Keys.ENTER)

    def shot(self, name):
        folder = BIN.parent / "screenshots"
        folder.mkdir(exist_ok=True)
        self.driver.save_screenshot(str(folder / f"{name}.png"))

    def complaints(self):
        """What the browser's console holds but for refusals that the page asked for."""
        return [e["message"] for e in self.driver.get_log("browser")
                if not re.search(r"status of (401|403|409|429)|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE", e["message"])]


@pytest.fixture(scope="module")
def chromium():
    with tempfile.TemporaryDirectory() as folder:
        view = Page(folder)
        yield view
        view.driver.quit()


@pytest.fixture
def page(console, chromium):
    chromium.begin(console.url)
    yield chromium
    chromium.driver.get("about:blank")


def test_an_analyst_works_through_an_alert_by_keyboard(redis, console, page):
    console.add("lan")
    page.open("lan")
    page.sees("Không có cảnh báo đang mở")
    page.sees("Trực tiếp", ".live")
    publish(redis, alert(1), alert(2, domain="information", rule=alert(2)["rule"] | {
        "title_vi": "Tin chưa kiểm chứng lan nhanh", "level": "critical"}))
    page.sees("Tin chưa kiểm chứng lan nhanh", "hd-queue")
    page.sees("Dò mật khẩu SSH", "hd-queue")

    page.key("j")
    page.wait(lambda: page.find("hd-detail h2"), "an alert beside the queue")
    page.key("j")
    chosen = page.find("[aria-current]").get_attribute("data-id")
    page.wait(lambda: chosen in page.find("hd-detail header").text, "the next alert")
    page.key("k")
    page.key("j")
    for text in ("Vì sao có cảnh báo".upper(), "87 lần", "ngưỡng 20 trong 5 phút", "Hỏi cán bộ", "203.0.113.9:22", "18446744073709551557"):
        page.sees(text, "hd-detail")

    page.key("a")
    page.sees("Đã tiếp nhận", "hd-detail header")
    page.key("c")
    page.wait(lambda: page.find("dialog[open] textarea"), "the dialog for a comment")
    page.fill(note="Đã gọi cho đơn vị")
    page.find("dialog .primary").click()
    page.sees("Đã gọi cho đơn vị", "hd-detail .history")
    page.key("e")
    page.wait(lambda: page.find("dialog[open] fieldset"), "the dialog to close")
    page.shot("console-close")
    page.find("dialog input[value='false_positive']").click()
    page.fill(note="Máy quét của trung tâm")
    page.find("dialog .primary").click()
    page.sees("Đã đóng", "hd-detail header")
    page.sees("Báo động giả", "hd-detail .history")
    page.key("?")
    page.sees("Phím tắt", "dialog[open]")
    page.key(Keys.ESCAPE)

    assert page.all("img[onerror], hd-detail script") == []
    assert page.complaints() == []
    client = console.client("lan")
    assert client.get(f"alerts/{chosen}")["summary"]["disposition"] == "false_positive"


def test_a_flood_of_alerts_leaves_the_page_bounded_and_the_rest_within_reach(redis, console, page):
    console.add("lan")
    page.open("lan")
    page.sees("Trực tiếp", ".live")
    for first in range(0, 900, 300):
        publish(redis, *[alert(n) for n in range(first, first + 300)])
        arrived(console.client("lan"), 200)
    page.wait(lambda: len(page.all("hd-queue .alert")) == 500, "the newest 500 alerts")
    client = console.client("lan")
    oldest = min(arrived(client, 1, before=50), key=lambda a: a["seq"])
    client.post(f"alerts/{oldest['id']}/comment", {"text": "cũ"})
    publish(redis, alert(1000))
    page.wait(lambda: page.all(f"[data-id='{alert_id(1000)}']"), "what came after the change of an old one")
    assert page.all(f"[data-id='{oldest['id']}']") == []
    page.find("hd-queue .more").click()
    page.wait(lambda: len(page.all("hd-queue .alert")) == 600, "100 alerts more")
    assert page.complaints() == []


def test_the_page_is_live_across_a_restart_and_two_people(redis, console, page):
    console.add("lan")
    console.add("minh")
    page.open("lan")
    page.sees("Trực tiếp", ".live")
    publish(redis, alert(1))
    page.sees("Dò mật khẩu SSH", "hd-queue")
    page.key("j")
    page.sees("Mới", "hd-detail header")
    console.client("minh").post(f"alerts/{alert_id(1)}/acknowledge")
    page.sees("Đã tiếp nhận", "hd-detail header")
    page.sees("minh", "hd-detail .history")
    console.kill()
    page.sees("Mất kết nối", ".live")
    page.shot("console-offline")
    console.start()
    publish(redis, alert(2, rule=alert(2)["rule"] | {"title_vi": "Đến sau khi khởi động lại"}))
    page.sees("Đến sau khi khởi động lại", "hd-queue")
    page.sees("Trực tiếp", ".live")
    assert page.complaints() == []


def test_what_an_alert_quotes_is_only_ever_text(redis, console, page):
    console.add("lan")
    body = alert(1, entity=HOSTILE, owner=HOSTILE, group={HOSTILE: HOSTILE},
                 explanation={"vi": HOSTILE, "en": ""}, advice={"vi": HOSTILE, "en": ""},
                 events=[{"event_type": "article", "article": {"title": HOSTILE, "url": "javascript:alert(1)", HOSTILE: [HOSTILE]}}])
    body["rule"]["title_vi"] = HOSTILE
    body["rule"]["author"] = HOSTILE
    publish(redis, body)
    page.open("lan")
    page.sees(HOSTILE, "hd-queue")
    page.key("j")
    page.sees(HOSTILE, "hd-detail .why")
    page.sees("javascript:alert(1)", "hd-detail table")
    assert page.all("hd-queue img, hd-detail img, main script, hd-detail a") == []
    assert page.complaints() == []


def test_a_one_time_password_is_changed_in_the_page(console, page):
    once = console.run("user", "add", "minh", "--role", "viewer", "--domains", "network", "--one-time").strip()
    page.open("minh", "sai-mat-khau-roi")
    page.sees("không đúng")
    page.open("minh", once)
    page.sees("Mật khẩu dùng một lần")
    page.fill(old=once, new=PASSWORD, repeat=PASSWORD + "x" + Keys.ENTER)
    page.sees("không giống nhau")
    page.find("[name='repeat']").send_keys(Keys.BACKSPACE, Keys.ENTER)
    page.sees("Không có cảnh báo đang mở")
    console.run("user", "disable", "minh")
    page.find("select").send_keys("Đ")
    page.sees("Phiên làm việc đã hết")
    assert page.complaints() == []


def test_the_queue_is_filtered_and_searched(redis, console, page):
    console.add("lan")
    rule = alert(0)["rule"]
    levels = ["critical", "high", "medium", "low", "informational"]
    words = ["đỏ", "cam", "vàng", "xanh", "tím"]
    publish(redis, *[alert(n, rule=rule | {"level": levels[n % 5], "title_vi": f"Luật {words[n % 5]}"}) for n in range(130)])
    arrived(console.client("lan"), 130)
    page.open("lan")
    page.sees("100+ cảnh báo", ".total")
    page.find(".more").click()
    page.sees("130 cảnh báo", ".total")
    page.find(".level[data-level='critical']").click()
    page.sees("26 cảnh báo", ".total")
    assert {row.get_attribute("data-level") for row in page.all("hd-queue .alert")} == {"critical"}
    page.find(".level[data-level='critical']").click()
    page.key("/")
    page.key("luat xanh")
    page.sees("26 cảnh báo", ".total")
    page.key(Keys.ESCAPE)


def contrast_faults(page):
    """Texts whose contrast with their ground is below 4.5 (WCAG 2.1 AA), large ones below 3."""
    return page.driver.execute_script(r"""
        const channel = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
        const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m[3] ?? 1}; };
        const over = (top, under) => top.rgb.map((v, i) => v * top.a + under[i] * (1 - top.a));
        const light = (rgb) => .2126 * channel(rgb[0]) + .7152 * channel(rgb[1]) + .0722 * channel(rgb[2]);
        const ground = (e) => {
            const layers = [];
            for (let at = e; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
            return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
        };
        const faults = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const e = walker.currentNode.parentElement, style = getComputedStyle(e);
            if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
            if (style.backgroundImage !== "none" || e.parentElement.closest("hd-login, hd-password")) continue;
            const under = ground(e), text = parse(style.color);
            let opacity = 1;
            for (let at = e; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
            text.a *= opacity;
            const a = light(over(text, under)), b = light(under);
            const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
            const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)} ${e.className} ${walker.currentNode.data.slice(0, 40)}`);
        }
        return faults;""")


def test_the_page_is_readable_in_both_themes_and_sizes(redis, silent_probe, console, page):
    console.add("lan")
    rule = alert(0)["rule"]
    levels = ["critical", "high", "medium", "low", "informational"]
    domains = ["network", "information", "bridge"]
    publish(redis, *[alert(n, domain=domains[n % 3], rule=rule | {"level": levels[n % 5]}) for n in range(15)])
    client = console.client("lan")
    arrived(client, 15)
    client.post(f"alerts/{alert_id(3)}/acknowledge")
    client.post(f"alerts/{alert_id(4)}/close", {"disposition": "drill", "reason": "Diễn tập quý IV"})
    page.open("lan")
    page.sees("IM LẶNG", "hd-strip")
    page.find("select").send_keys("T")
    page.wait(lambda: page.find(f"[data-id='{alert_id(4)}']").click() or True, "the closed alert in the queue")
    page.sees("Diễn tập quý IV", "hd-detail")
    for theme in ("light", "dark"):
        page.theme(theme)
        for width, height in ((1366, 768), (1920, 1080)):
            page.size(width, height)
            page.shot(f"console-{theme}-{width}")
            assert contrast_faults(page) == []
            wide = page.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, "the page scrolls sideways"
