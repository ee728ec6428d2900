"""The Centre fetches alerts: STIX 2.1 by TAXII 2.1, and Atom feeds, to known readers only."""
import base64
import hashlib
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import feedparser
import pytest

import alerts
import stix_rules
from authority import Authority
from conftest import ROOT, free_port, program, wait_for

TOKEN, OTHER = "f" * 64, "0" * 64
MEDIA = "application/taxii+json;version=2.1"
BEARER = {"Authorization": f"Bearer {TOKEN}", "Accept": MEDIA}
FAST = {"retry_min": "20ms", "retry_max": "200ms", "timeout": "2s"}


@pytest.fixture
def readers(folder):
    path = folder / "readers"
    path.write_text(f"# who may read\ncentre sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def config(shared, readers):
    """A configuration with one target, and where it listens."""
    def make(kind, **settings):
        port = free_port()
        row = {"name": "out", "kind": kind, "listen": f"127.0.0.1:{port}", "secret_file": readers, **FAST, **settings}
        return {**shared, "courier": {"targets": [row]}}, f"http://127.0.0.1:{port}"
    return make


def ask(url, method="GET", body=None, context=None, **headers):
    """Status, headers, text; the headers are given with _ for -."""
    headers = {k.replace("_", "-"): v for k, v in {**BEARER, **headers}.items() if v is not None}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read().decode()


def listens(base):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", int(base.rsplit(":", 1)[1]))) == 0


class Client:
    """A TAXII client that knows the discovery address only."""

    def __init__(self, base, context=None):
        self.context = context
        self.root = self.get(f"{base}/taxii2/")["default"]
        self.collection, = self.get(self.root + "collections/")["collections"]
        self.url = f"{self.root}collections/{self.collection['id']}/"

    def get(self, url, **headers):
        status, headers, text = ask(url, context=self.context, **headers)
        assert status == 200 and headers["Content-Type"] == MEDIA, (status, text)
        return json.loads(text)

    def objects(self, query="", what="objects"):
        """Every page of what fits."""
        found, after = [], ""
        while True:
            page = self.get(f"{self.url}{what}/?{query}{after}")
            found += page.get("objects", [])
            if not page.get("more"):
                return found
            after = f"&next={page['next']}"

    def keys(self):
        return [next(iter(o["extensions"].values()))["key"] for o in self.objects("match[type]=report&match[version]=all")]


@pytest.fixture
def taxii(redis, config, spawn):
    settings, base = config("taxii")
    spawn("courier", settings)
    wait_for(lambda: listens(base))
    return Client(base)


def test_an_alert_becomes_a_sound_bundle_that_the_docs_show():
    said = subprocess.run([program("courier"), "stix", ROOT / "docs/examples/alert.json"], capture_output=True, text=True, check=True)
    bundle = json.loads(said.stdout)
    assert bundle == json.loads((ROOT / "docs/examples/alert.stix.json").read_text())
    stix_rules.check_id(bundle)
    stix_rules.check(bundle["objects"])
    assert {o["type"] for o in bundle["objects"]} == set(stix_rules.OBSERVABLE) | set(stix_rules.REQUIRED) | {"marking-definition"}


def test_every_rule_of_the_product_gives_sound_bundles(folder):
    for number, path in enumerate(sorted(pathlib.Path(ROOT / "rules/sigma").glob("*/*.match.ndjson"))[::7]):
        events = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")][:10]
        body = alerts.alert(number, events=events, attack=["T1059.001"] if number % 2 else [], group={"src_ip": "10.0.0.1"})
        body["rule"]["tags"] = ["attack.command-and-control"]
        (folder / "a.json").write_text(json.dumps(body))
        said = subprocess.run([program("courier"), "stix", folder / "a.json"], capture_output=True, text=True, check=True)
        stix_rules.check(json.loads(said.stdout)["objects"])


def test_a_client_finds_its_way_and_gets_every_object_once(redis, taxii):
    bodies = [alerts.alert(n) for n in range(40)]
    for body in bodies:
        alerts.put(redis, body)
    wait_for(lambda: set(taxii.keys()) == {alerts.key(b) for b in bodies})
    objects = taxii.objects("limit=7")
    assert objects == taxii.objects() and len({o["id"] for o in objects}) == len(objects)
    stix_rules.check(objects)
    assert taxii.get(taxii.root)["versions"] == [MEDIA]
    assert taxii.get(taxii.url) == taxii.collection and taxii.collection["can_write"] is False
    manifest = taxii.objects(what="manifest")
    assert [m["id"] for m in manifest] == [o["id"] for o in objects]
    added = [m["date_added"] for m in manifest]
    assert added == sorted(set(added))
    later = taxii.objects(f"added_after={added[99]}", what="manifest")
    assert later == manifest[100:]
    _, headers, text = ask(f"{taxii.url}manifest/?limit=3")
    assert (headers["X-TAXII-Date-Added-First"], headers["X-TAXII-Date-Added-Last"]) == (added[0], added[2])
    assert json.loads(text)["more"] is True


def test_filters_and_versions(redis, taxii):
    first = alerts.alert(1)
    second = alerts.alert(1, revision=2, count=99, timestamp="2026-11-23T09:00:00.000000+00:00")
    for body in (first, second):
        alerts.put(redis, body, bucket=1)
    wait_for(lambda: set(taxii.keys()) == {alerts.key(first), alerts.key(second)})
    report, = taxii.objects("match[type]=report")
    assert report["modified"] == "2026-11-23T09:00:00.000Z" and report["created"] == "2026-11-23T07:59:00.000Z"
    assert [o["modified"] for o in taxii.objects("match[type]=report&match[version]=first")] == ["2026-11-23T08:00:00.000Z"]
    assert len(taxii.objects("match[type]=report&match[version]=all")) == 2
    assert len(taxii.objects("match[type]=report&match[version]=first,last")) == 2
    assert len(taxii.objects("match[type]=report&match[version]=2026-11-23T08:00:00.000Z")) == 1
    assert len(taxii.objects("match[type]=identity,note")) == 3
    assert taxii.objects(f"match[id]={report['id']},indicator--x") == [report]
    assert taxii.objects("match[spec_version]=2.0") == [] and taxii.objects("match[spec_version]=2.0,2.1")
    assert taxii.get(f"{taxii.url}objects/{report['id']}/")["objects"] == [report]
    assert taxii.get(f"{taxii.url}objects/{report['id']}/versions/")["versions"] == ["2026-11-23T08:00:00.000Z", report["modified"]]
    assert taxii.get(f"{taxii.url}objects/?added_after=2099-01-01T00:00:00Z") == {}
    for wrong in ("limit=0", "limit=x", "added_after=yesterday", "next=-1", "match[version]=newest"):
        status, _, text = ask(f"{taxii.url}objects/?{wrong}")
        assert status == 400 and json.loads(text)["http_status"] == "400"


def test_a_retracted_alert_is_revoked(redis, taxii):
    body = alerts.alert(1)
    alerts.put(redis, body, bucket=1)
    wait_for(taxii.keys)
    standing = {"change": 1, "at": "2026-11-23T10:00:00.000000+00:00", "state": "closed", "disposition": "false_positive",
                "reason": "quét hợp lệ"}
    redis.client.xadd("changes:{console}", {"a": json.dumps({**body, "standing": standing}, ensure_ascii=False)})
    report = wait_for(lambda: [o for o in taxii.objects("match[type]=report") if o.get("revoked")])[0]
    assert report["modified"] == "2026-11-23T10:00:00.000Z" and next(iter(report["extensions"].values()))["reason"] == "quét hợp lệ"
    assert all(o.get("revoked") for o in taxii.objects("match[type]=sighting,observed-data,note"))


def test_only_known_readers_get_anything(taxii):
    def basic(name, word):
        return "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode()
    for wrong in (None, "", "Bearer", f"Bearer {OTHER}", f"Bearer {TOKEN}x", basic("centre", OTHER), basic("other", TOKEN), "Basic !!!",
                  f"Digest {TOKEN}", basic("", TOKEN)):
        for path in ("taxii2/", "haidang/", "nowhere"):
            status, headers, text = ask(taxii.root.replace("haidang/", path), Authorization=wrong)
            assert status == 401 and "Basic" in str(headers.get_all("WWW-Authenticate")), wrong
            assert json.loads(text)["title"] == "Unauthorized"
    assert ask(taxii.root, Authorization=basic("centre", TOKEN))[0] == 200


def test_what_is_not_offered_is_refused_as_the_standard_says(taxii):
    objects = taxii.url + "objects/"
    for accept in (None, "application/json", "application/taxii+json;version=2.0", "application/vnd.oasis.taxii+json", "*/*;q=0"):
        assert ask(taxii.root, Accept=accept)[0] == 406, accept
    for accept in ("*/*", "application/taxii+json", "text/html, application/taxii+json; version=2.1;q=0.5"):
        assert ask(taxii.root, Accept=accept)[0] == 200, accept
    assert ask(objects, "POST", b"{}", Content_Type="application/json")[0] == 415
    assert ask(objects, "POST", b"{}", Content_Type=MEDIA)[0] == 403
    assert ask(objects, "POST", b"x" * 2000, Content_Type=MEDIA)[0] == 413
    assert ask(f"{objects}report--x/", "DELETE")[0] == 403
    status, headers, _ = ask(taxii.root, "PUT", b"")
    assert status == 405 and headers["Allow"] == "GET, HEAD"
    for path in ("", "taxii/", "haidang/status/x/", "haidang/collections/x/", "haidang/collections/x/objects/", "haidang//collections/",
                 "haidang/collections/../x/"):
        assert ask(taxii.root.replace("haidang/", path))[0] == 404, path
    for path in ("objects/report--1/", "objects/report--1/versions/", "objects/a/b/", "objects/a/versions/c/", "manifest/x/"):
        assert ask(taxii.url + path)[0] == 404, path


@pytest.mark.parametrize("raw", [
    b"GET /taxii2/ HTTP/1.1\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
    b"POST /taxii2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_hostile_requests_are_refused_and_the_server_goes_on(taxii, raw):
    port = int(taxii.root.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=25) as s:  # a request has 20 s to arrive
        s.sendall(raw)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while data := s.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
    assert not answer or answer.split()[1].startswith(b"4"), answer[:100]
    assert taxii.get(taxii.root)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/taxii2/", headers={**BEARER, "Host": "x\"><script>"})
    assert connection.getresponse().status == 400


def test_every_alert_is_there_once_though_the_courier_is_killed(redis, config, spawn):
    settings, base = config("taxii")
    wanted = set()
    for number in range(8):
        courier = spawn("courier", settings)
        for n in range(25):
            body = alerts.alert(number * 100 + n)
            alerts.put(redis, body)
            wanted.add(alerts.key(body))
        wait_for(lambda: listens(base))
        Client(base)
        courier.kill()
    spawn("courier", settings)
    wait_for(lambda: listens(base))
    client = Client(base)
    wait_for(lambda: set(client.keys()) == wanted, 20)
    assert len(client.keys()) == len(wanted)


def test_tls_is_served_and_what_others_could_read_is_refused(redis, config, spawn, folder):
    authority = Authority(folder)
    certificate, key = authority.issue("127.0.0.1")
    settings, base = config("taxii", cert_file=certificate, key_file=key)
    spawn("courier", settings)
    wait_for(lambda: listens(base))
    client = Client(base.replace("http:", "https:"), ssl.create_default_context(cafile=str(authority.certificate)))
    assert client.root.startswith("https://")
    for change, words in (({"listen": "0.0.0.0:0"}, "can be reached by others"), ({"listen": "x"}, "no ADDRESS:PORT"),
                          ({"secret_file": "/nonexistent"}, "/nonexistent"), ({"cert_file": certificate}, "belong together"),
                          ({"url": "https://x/"}, "no setting 'url'")):
        settings, _ = config("taxii", **change)
        (folder / "c.yaml").write_text(json.dumps(settings))
        said = subprocess.run([program("courier"), "--check", "--config", folder / "c.yaml"], capture_output=True, text=True, check=False)
        assert said.returncode == 2 and words in said.stderr, said.stderr


def test_a_taken_address_stops_nothing_and_a_trial_disturbs_nobody(redis, config, spawn, folder):
    settings, base = config("taxii")
    with socket.create_server(("127.0.0.1", int(base.rsplit(":", 1)[1]))):
        courier = spawn("courier", settings)
        body = alerts.alert(1)
        alerts.put(redis, body)
        wait_for(lambda: "cannot listen at" in courier.said())
        assert courier.running()
    client = wait_for(lambda: listens(base) and Client(base))
    wait_for(lambda: client.keys() == [alerts.key(body)])
    (folder / "c.yaml").write_text(json.dumps(settings))
    said = subprocess.run([program("courier"), "test", "out", "--config", folder / "c.yaml"], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "nothing was stored" in said.stdout
    assert client.keys() == [alerts.key(body)]


def test_a_feed_reader_follows_alerts(redis, config, spawn):
    settings, base = config("atom")
    settings["courier"]["console_url"] = "https://console.example/"
    spawn("courier", settings)
    wait_for(lambda: listens(base))
    body = alerts.alert(1, entity='<b>&"\u0001\ufffe Đà Nẵng')
    alerts.put(redis, body, bucket=1)
    feed = wait_for(lambda: (f := feedparser.parse(f"{base}/feed/{TOKEN}")).entries and f)
    assert not feed.bozo and feed.version == "atom10" and feed.feed.title == "Hải Đăng: out" and feed.feed.id.startswith("urn:uuid:")
    entry, = feed.entries
    assert entry.title == 'Quét cổng 1: <b>&" Đà Nẵng' and entry.link == f"https://console.example/#{body['alert_id']}"
    assert entry.updated == "2026-11-23T08:00:00.000Z" and "Máy 10.1.0.5 dò 25 cổng." in entry.content[0].value
    again = feedparser.parse(f"{base}/feed/{TOKEN}", etag=feed.etag)
    assert again.status == 304
    alerts.put(redis, alerts.alert(1, revision=2, timestamp="2026-11-23T09:00:00.000000+00:00"), bucket=1)
    alerts.put(redis, alerts.alert(2, timestamp="2026-11-23T09:30:00.000000+00:00"), bucket=1)
    later = wait_for(lambda: len((f := feedparser.parse(f"{base}/feed/{TOKEN}", etag=feed.etag)).entries) == 2 and f)
    assert later.feed.updated == "2026-11-23T09:30:00.000Z"
    assert [e.updated for e in later.entries] == ["2026-11-23T09:30:00.000Z", "2026-11-23T09:00:00.000Z"]
    assert later.entries[1].id == entry.id and TOKEN not in ask(f"{base}/feed/{TOKEN}")[2]
    status, headers, _ = ask(f"{base}/feed")
    assert status == 200 and headers["Last-Modified"] and ask(f"{base}/feed", If_Modified_Since=headers["Last-Modified"])[0] == 304
    for path, token in (("feed", None), ("feed/", None), (f"feed/{OTHER}", None), ("feed", f"Bearer {OTHER}")):
        assert ask(f"{base}/{path}", Authorization=token)[0] == 401
    assert ask(f"{base}/")[0] == 404 and ask(f"{base}/feed", "POST", b"")[0] == 405


def test_what_comes_by_escalation_alone_is_offered_and_what_is_offered_does_not_change_by_it(redis, config, spawn):
    settings, base = config("atom", min_level="high")
    notice = {"notice": {"id": "escalation", "kind": "escalation", "vi": "Sau 30 phút.", "en": "After 30 minutes."}}
    known, unknown = alerts.alert(1), alerts.alert(2, level="low")
    spawn("courier", settings)
    alerts.put(redis, known)
    entries = lambda: feedparser.parse(ask(base + "/feed")[2]).entries
    wait_for(lambda: listens(base) and len(entries()) == 1)
    before = entries()[0]
    for body in (known, unknown):
        redis.client.xadd("to:{out}", {"a": json.dumps({**body, **notice})})
    wait_for(lambda: len(entries()) == 2)
    assert before in entries()
