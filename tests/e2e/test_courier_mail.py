"""Alerts as mail: for people, in Vietnamese, encrypted, each once; digests that lose nothing."""
import email
import email.policy
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import alerts
from conftest import Child, free_port, wait_for
from courier_setup import certificate, command, pending, put_many  # noqa: F401 (fixtures)
from test_courier_routes import change, put_change

PASSWORD = "mật khẩu của máy thư"


class Mailbox:
    """An SMTP server that keeps what it gets; `refuse` may name a reply to RCPT or to the message."""

    def __init__(self, tls, port=0):
        self.mails, self.logins, self.replies, self.port, self.tls = [], [], {}, port or free_port(), tls
        self.start()

    def start(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if self.tls else None
        if context:
            context.load_cert_chain(*self.tls)
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=context, require_starttls=bool(context),
            authenticator=self.login, auth_required=bool(context))
        self.controller.start()

    def stop(self):
        self.controller.stop()

    def login(self, server, session, envelope, mechanism, data):
        self.logins.append((session.ssl is not None, data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "rcpt" in self.replies:
            return self.replies["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.replies.get("data"):
            return self.replies["data"]
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope, message))
        return "250 taken"

    def ids(self):
        return [message["Message-ID"] for _, message in self.mails]


@pytest.fixture
def mailbox(folder):
    boxes = []

    def start(tls=True):
        boxes.append(Mailbox(certificate(folder, "127.0.0.1") if tls else None))
        return boxes[-1]

    yield start
    for box in boxes:
        box.stop()


@pytest.fixture
def config(shared, folder):
    def make(box, **settings):
        secret = folder / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        safe = {"user": "haidang", "secret_file": str(secret), "ca_file": str(folder / "127.0.0.1.crt")} if box.tls else {"allow_plain": True}
        return {**shared, "courier": {"console_url": "https://haidang.example", "targets": [
            {"name": "ca-truc", "kind": "mail", "url": f"smtp://127.0.0.1:{box.port}", "from": "haidang@tinh-a.example",
             "to": ["truc@ioc.example", "soc@ioc.example"], "retry_min": "50ms", "retry_max": "300ms", **safe, **settings}]}}
    return make


def parts(message):
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}


def test_an_alert_is_a_mail_that_people_can_read(redis, mailbox, config, spawn):
    box = mailbox()
    courier = spawn("courier", config(box))
    body = alerts.alert(1, notify=[{"id": "pa05", "vi": "Phòng PA05", "en": "PA05"}, {"id": "ioc", "vi": "Trung tâm IOC", "en": "IOC"}])
    alerts.put(redis, body)
    wait_for(lambda: box.mails)
    envelope, message = box.mails[0]
    assert envelope.mail_from == "haidang@tinh-a.example" and envelope.rcpt_tos == ["truc@ioc.example", "soc@ioc.example"]
    assert box.logins == [(True, "haidang", PASSWORD)], "only over TLS"
    assert message["Subject"] == "[Hải Đăng] [cao] Quét cổng 1 – 10.1.0.5"
    assert message["Message-ID"] == f"<{alerts.key(body)}@tinh-a.example>" and message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text, html = parts(message)["text/plain"], parts(message)["text/html"]
    for words in ("Quét cổng 1", "Mức cao, an toàn mạng", "14:59 23/11/2026", "Máy 10.1.0.5 dò 25 cổng.", "Cô lập máy.",
                  "Phòng PA05; Trung tâm IOC", f"https://haidang.example/#{body['alert_id']}"):
        assert words in text and words in html, words
    raw = envelope.original_content
    assert all(len(line) <= 76 for line in raw.split(b"\r\n")) and all(byte < 128 for byte in raw)
    assert PASSWORD not in courier.said() and "Cô lập" not in courier.said()


def test_no_text_can_add_a_header_or_a_part(redis, mailbox, config, spawn):
    box = mailbox(tls=False)
    spawn("courier", config(box))
    evil = "a\r\nBcc: x@evil.example\r\n\r\n--=_x\r\n=?UTF-8?B?QmNj?=\u2028\u202eb<script>alert(1)</script>\u0000"
    body = alerts.alert(1, entity=evil, explanation={"vi": evil, "en": ""}, advice={"vi": evil * 50, "en": ""}, owner=evil)
    body["rule"]["title_vi"] = evil
    alerts.put(redis, body)
    wait_for(lambda: box.mails)
    envelope, message = box.mails[0]
    assert message["Bcc"] is None and len(message.get_payload()) == 2 and message.defects == []
    assert "\n" not in message["Subject"] and envelope.rcpt_tos == ["truc@ioc.example", "soc@ioc.example"]
    assert "<script" not in parts(message)["text/html"] and "&lt;script&gt;" in parts(message)["text/html"]
    assert set(message.keys()) == {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
                                   "Content-Language", "MIME-Version", "Content-Type"} | ({"X-Peer", "X-MailFrom", "X-RcptTo"} & set(message.keys()))


def test_what_becomes_of_an_alert_is_in_its_thread(redis, mailbox, config, spawn):
    box = mailbox(tls=False)
    spawn("courier", config(box, concurrency=1))
    body = alerts.alert(1)
    alerts.put(redis, body)
    put_change(redis, change(body, 1, "acknowledged", incident="serious", incident_at="2026-11-23T08:30:00+00:00"))
    put_change(redis, change(body, 2, "closed", disposition="false_positive", reason="Máy quét của chính mình.\nXin lỗi."))
    first = f"<{body['alert_id']}-1@tinh-a.example>"
    wait_for(lambda: any("RÚT LẠI" in m["Subject"] for _, m in box.mails))
    last = next(m for _, m in box.mails if "RÚT LẠI" in m["Subject"])
    assert last["In-Reply-To"] == first and last["References"] == first
    text = parts(last)["text/plain"]
    assert "đã đóng lúc 15:30 23/11/2026, kết luận: báo động giả. Lý do: Máy quét của chính mình. Xin lỗi." in text
    assert "Cảnh báo này là nhầm" in text
    assert len(set(box.ids())) == len(box.ids())


def test_mail_is_never_sent_in_the_clear_unless_permitted(redis, mailbox, config, spawn, command, folder):
    plain = mailbox(tls=False)
    settings = config(plain)
    target = settings["courier"]["targets"][0]
    del target["allow_plain"]
    said = command("test", "ca-truc", config=settings)
    assert said.returncode == 1 and plain.mails == [], said
    secret = folder / "password"
    target.update({"allow_plain": True, "user": "haidang", "secret_file": str(secret)})
    assert command("test", "ca-truc", config=settings).returncode == 1 and plain.logins == [], "no password in the clear"
    del target["user"], target["secret_file"]
    said = command("test", "ca-truc", config=settings)
    assert said.returncode == 0 and "SMTP 250" in said.stdout and "THỬ" in plain.mails[0][1]["Subject"]
    box = mailbox()
    settings = config(box)
    del settings["courier"]["targets"][0]["ca_file"]
    said = command("test", "ca-truc", config=settings)
    assert said.returncode == 1 and "certificate" in said.stdout and box.mails == []
    (folder / "password").write_text("another\n")
    settings = config(box)
    (folder / "password").write_text("another\n")
    said = command("test", "ca-truc", config=settings)
    assert said.returncode == 1 and "does not accept user and password" in said.stdout


def test_refusals_are_told_apart_from_failures(redis, mailbox, config, spawn):
    box = mailbox(tls=False)
    box.replies["rcpt"] = "550 no such mailbox"
    courier = spawn("courier", config(box, refused_max=2))
    body = alerts.alert(1)
    alerts.put(redis, body)
    wait_for(lambda: "takes no alerts" in courier.said())
    assert redis.client.xlen("dead:{ca-truc}") == 0, "an address is the operator's to mend"
    box.replies = {"data": "554 looks like spam"}
    wait_for(lambda: redis.client.xlen("dead:{ca-truc}") == 1)
    assert b"it refuses the mail" in redis.client.xrange("dead:{ca-truc}")[0][1][b"reason"]
    box.replies = {"data": "451 later"}
    alerts.put(redis, alerts.alert(2))
    time.sleep(0.3)
    box.replies = {}
    wait_for(lambda: box.mails)


def test_a_digest_is_one_mail_per_period_with_every_alert(redis, mailbox, config, spawn):
    box = mailbox(tls=False)
    settings = config(box, digest="2s")
    box.stop()
    bodies = []
    for turn in range(6):
        courier = spawn("courier", settings)
        for body in [alerts.alert(turn * 20 + n) for n in range(20)]:
            alerts.put(redis, body)
            bodies.append(body)
        wait_for(lambda: pending(redis, "ca-truc") == 0)
        time.sleep(0.4)
        if turn == 3:
            wait_for(lambda: "digest not mailed" in courier.said(), 10)
            box.start()
        courier.kill()
    spawn("courier", settings)
    seen = lambda: [key for _, m in box.mails for key in re.findall(r"^Mã: (\S+)$", parts(m)["text/plain"], re.M)] + [
        key for _, m in box.mails for key in re.findall(r"^- .*\((al-\S+)\)$", parts(m)["text/plain"], re.M)]
    wait_for(lambda: len(set(seen())) == len(bodies))
    by_id = {m["Message-ID"]: m for _, m in box.mails}
    once = [key for m in by_id.values() for key in re.findall(r"al-[0-9a-f]{24}-1\b", parts(m)["text/plain"]) ]
    assert sorted(set(once)) == sorted(alerts.key(b) for b in bodies) and all("Bản tin cảnh báo" in m["Subject"] for m in by_id.values())
    counts = [int(re.search(r": (\d+) mục", m["Subject"]).group(1)) for m in by_id.values()]
    assert sum(counts) == len(bodies) and len(by_id) < 8


@pytest.fixture
def opensmtpd(folder):
    """A real mail server with its spool in a mount namespace of its own; gives port and folder of the mails taken. In the
    clear: Debian's smtpd 6.8 cannot use any key with OpenSSL 3. TLS is tried against the other server."""
    smtpd = shutil.which("smtpd", path="/usr/sbin:/usr/bin")
    alone = ["unshare", "--mount", "--propagation", "private"]
    if not smtpd or subprocess.run([*alone, "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, check=False).returncode:
        pytest.skip("OpenSMTPD is not here, or mount namespaces are not permitted")
    port, taken = free_port(), folder / "taken"
    taken.mkdir()
    taken.chmod(0o777)
    folder.chmod(0o711)
    keep = folder / "keep"
    keep.write_text(f"#!/bin/sh\nmail=$(mktemp {taken}/.XXXXXX) && cat > $mail && mv $mail {taken}/$(basename $mail | tr -d .)\n")
    keep.chmod(0o755)
    (folder / "smtpd.conf").write_text(f"""
        table people {{ "@ioc.example" = "daemon" }}
        listen on 127.0.0.1 port {port}
        action "keep" mda "{folder}/keep" virtual <people>
        match from any for any action "keep"
        """)
    setup = ("mkdir -p /var/spool/smtpd && mount -t tmpfs -o mode=711 tmpfs /var/spool/smtpd && mount -t tmpfs tmpfs /run && "
             f"exec {smtpd} -d -f {folder}/smtpd.conf")
    server = Child([*alone, "sh", "-c", setup], folder / "smtpd.log")
    wait_for(lambda: answers(port), 10, "smtpd")
    yield port, taken
    server.stop()


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_opensmtpd_takes_and_delivers_each_mail_once(redis, opensmtpd, shared, spawn, folder):
    port, taken = opensmtpd
    spawn("courier", {**shared, "courier": {"targets": [
        {"name": "ca-truc", "kind": "mail", "url": f"smtp://127.0.0.1:{port}", "from": "haidang@tinh-a.example",
         "to": ["truc@ioc.example"], "allow_plain": True}]}})
    bodies = put_many(redis, 12)
    wait_for(lambda: len(list(taken.glob("[!.]*"))) == 12 and pending(redis, "ca-truc") == 0, 20, "the mails")
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in taken.iterdir()]
    assert sorted(m["Message-ID"] for m in mails) == sorted(f"<{alerts.key(b)}@tinh-a.example>" for b in bodies)
    assert all("Cô lập máy." in parts(m)["text/plain"] and m.defects == [] for m in mails)


BAD_TARGETS = [
    ({"url": "https://mail.example/"}, "no smtps:// or smtp:// URL"),
    ({"url": "smtp://u:p@mail.example/"}, "must not hold a user"),
    ({"from": "a\r\nBcc: x@y"}, "from: found"), ({"from": ""}, "from: found"),
    ({"to": []}, "to: expected"), ({"to": ["a@b", "x@y>, <z@z"]}, "to: found"), ({"to": ["a b@c"]}, "to: found"),
    ({"user": "x"}, "belong together"), ({"digest": "1h", "digest_at": ["06:00"]}, "exclude each other"),
    ({"digest_at": ["6h"]}, "expected a time of day"), ({"path": "/tmp/x"}, "kind mail has no setting 'path'"),
]


def test_a_bad_target_is_refused_in_words(mailbox, config, command):
    box = mailbox(tls=False)
    for change, words in BAD_TARGETS:
        said = command("--check", config=config(box, **change))
        assert said.returncode == 2 and words in said.stderr, said.stderr
