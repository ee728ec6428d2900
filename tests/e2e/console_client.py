"""A console under test, its clients and the alerts they ask for; the fixtures of its tests."""
import http.client
import json
import subprocess
import urllib.parse

import pytest
from conftest import program, wait_for

PASSWORD = "matkhau-rat-dai-2026"


def alert_id(number):
    return f"al-{number:024x}"


def alert(number, **changes):
    """An alert as the correlator writes it."""
    body = {
        "alert_id": alert_id(number), "revision": 1, "timestamp": "2026-11-23T08:00:00+07:00",
        "first_seen": "2026-11-23T07:58:00+07:00", "last_seen": "2026-11-23T08:00:00+07:00",
        "rule": {"id": "a1c9e5b2-0000-4000-8000-000000000001", "title": "SSH password guessing",
                 "title_vi": "Dò mật khẩu SSH", "author": "Hải Đăng contributors", "license": "Apache-2.0",
                 "level": "high", "status": "experimental", "file": "sigma/network/ssh_password_guessing.yml",
                 "tags": ["attack.t1110"]},
        "attack": ["T1110"], "domain": "network", "group": {"src_ip": "10.20.3.47"},
        "entity": f"10.20.3.47 → 203.0.113.{number % 250}", "count": 87, "threshold": 20, "timespan_s": 300,
        "explanation": {"vi": "87 lần đăng nhập SSH không thành công trong 5 phút, bình thường dưới 20.",
                        "en": "87 failed SSH log-ins in 5 minutes."},
        "advice": {"vi": "Hỏi cán bộ phụ trách máy 10.20.3.47 trước khi chặn.", "en": "Ask first."},
        "owner": "pa05",
        "events": [{"event_id": "1763856300000-000001", "timestamp": "2026-11-23T07:58:00+07:00", "event_type": "ssh",
                    "src_ip": "10.20.3.47", "src_port": 51514, "dest_ip": "203.0.113.9", "dest_port": 22,
                    "flow_id": 18446744073709551557, "ssh": {"client_software": "libssh2_1.10.0"}}],
    }
    body.update(changes)
    return body


def publish(redis, *alerts):
    pipe = redis.client.pipeline()
    for body in alerts:
        bucket = int(body["alert_id"][-2:], 16) % 16
        pipe.xadd("al:{b%02d}" % bucket, {"a": json.dumps(body, ensure_ascii=False)})
    pipe.execute()


class Client:
    """One person's API client: keeps the cookie and the token against forged requests."""

    def __init__(self, url):
        self.host = urllib.parse.urlsplit(url).netloc
        self.cookie, self.csrf = None, None

    def send(self, method, path, body=None, headers=None, raw=None):
        """(status, headers, answer) of one request."""
        sent = {"Cookie": self.cookie} if self.cookie else {}
        if method != "GET" and self.csrf:
            sent["X-CSRF-Token"] = self.csrf
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request(method, path, raw, {k: v for k, v in sent.items() if v is not None})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = "json" in (answer.headers["Content-Type"] or "")
        return answer.status, answer.headers, json.loads(text) if is_json and text else text

    def get(self, path):
        status, _, answer = self.send("GET", "/api/v1/" + path)
        assert status == 200, answer
        return answer

    def post(self, path, body=None, expect=200):
        status, _, answer = self.send("POST", "/api/v1/" + path, body)
        assert status == expect, answer
        return answer

    def enter(self, answer, headers):
        self.csrf = answer["csrf"]
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def login(self, name, password=PASSWORD):
        status, headers, answer = self.send("POST", "/api/v1/session", {"name": name, "password": password})
        assert status == 200, answer
        self.enter(answer, headers)
        return answer

    def alerts(self, **query):
        return self.get("alerts?" + urllib.parse.urlencode(query))["alerts"]


class Console:
    def __init__(self, spawn, config):
        self.spawn, self.config = spawn, config
        self.start()

    def start(self):
        self.child = self.spawn("console", self.config, stdout=subprocess.PIPE)
        self.url = self.child.process.stdout.readline().decode().strip().rstrip("/")
        assert self.url, self.child.said()
        # The next one of this test listens where this one did.
        self.config["console"]["listen"] = urllib.parse.urlsplit(self.url).netloc

    def kill(self):
        self.child.kill()
        self.child.process.stdout.close()

    def command(self, *args, stdin=""):
        return subprocess.run([*self.argv(), *args], input=stdin, capture_output=True, text=True, timeout=30)

    def argv(self):
        return [program("console")]

    def run(self, *args, stdin=""):
        done = self.command(*args, "--config", self.child.argv[2], stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, name, role="analyst", domains="network,information"):
        self.run("user", "add", name, "--role", role, "--domains", domains, stdin=PASSWORD + "\n")

    def client(self, name):
        client = Client(self.url)
        client.login(name)
        return client


@pytest.fixture
def console(spawn, shared):
    server = Console(spawn, shared | {"console": {"listen": "127.0.0.1:0"}})
    yield server
    if server.child.running():
        assert server.child.stop() == 0, server.child.said()
    server.child.process.stdout.close()


@pytest.fixture
def lan(console):
    """An analyst who sees everything."""
    console.add("lan")
    return console.client("lan")


def arrived(client, count, **query):
    wait_for(lambda: len(client.alerts(limit=200, **query)) >= count, what=f"{count} alerts in the console")
    return client.alerts(limit=200, **query)


@pytest.fixture
def silent_probe(redis):
    """A probe that reported once and then no more."""
    redis.client.sadd("health:index", "health:probe.s1")
