"""A receiver of webhooks that trusts nobody: it checks each request against Standard Webhooks 1.0 and
CloudEvents 1.0, written from the two specifications and not from the courier's code."""
import base64
import hashlib
import hmac
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time

TOLERANCE_S = 300


def signatures_match(secrets, msg_id, timestamp, body, header):
    """True when any "v1," signature of the header was made with any of the secrets."""
    signed = b".".join([msg_id.encode(), timestamp.encode(), body])
    given = [s[3:] for s in header.split(" ") if s.startswith("v1,")]
    for secret in secrets:
        want = base64.b64encode(hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256))
        if any(hmac.compare_digest(want, g.encode()) for g in given):
            return True
    return False


def faults_of_event(event):
    """What CloudEvents 1.0 and its JSON format do not allow in this event."""
    faults = []
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            faults.append(f"{name} is not a non-empty string")
    if event.get("specversion") != "1.0":
        faults.append("specversion is not 1.0")
    if "subject" in event and (not isinstance(event["subject"], str) or not event["subject"]):
        faults.append("subject is not a non-empty string")
    for name, value in event.items():
        if not re.fullmatch("[a-z0-9]+", name):
            faults.append(f"attribute name {name}")
        if name != "data" and isinstance(value, str) and re.search("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", value):
            faults.append(f"control character in {name}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", event.get("time", "")):
        faults.append("time is not RFC 3339")
    if event.get("datacontenttype") != "application/json" or not isinstance(event.get("data"), dict):
        faults.append("data is not the JSON value that datacontenttype says")
    return faults


class Receiver:
    """Listens on a free port of 127.0.0.1. `behave(number, request)` says what to answer to a request: a status,
    (status, headers, body), "reset" to cut the connection, "gigabyte", or a number of seconds to sleep first as
    ("sleep", seconds, status)."""

    def __init__(self, secrets, behave=None, port=0, tls=None):
        self.secrets, self.behave, self.tls = secrets, behave or (lambda number, request: 204), tls
        self.lock = threading.Lock()
        self.requests = []   # all of them: {"id", "at", "status", "faults", "event", "headers", "body"}
        self.taken = {}      # webhook-id -> how often it was answered with 2xx
        self.connections = 0
        self.start(port)

    def start(self, port=None):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with receiver.lock:
                    receiver.connections += 1

            def do_POST(self):
                receiver.handle(self)

            def do_GET(self):
                receiver.requests.append({"id": None, "status": 405, "faults": ["a GET"], "at": time.monotonic()})
                self.send_error(405)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", self.port if port is None else port), Handler)
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def check(self, request, body):
        faults = []
        msg_id, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not re.fullmatch("al-[0-9a-f]{24}-[0-9]+(-s[0-9]+)?(-n[0-9a-z-]+)?", msg_id):
            faults.append(f"webhook-id {msg_id!r}")
        if not re.fullmatch("[0-9]+", timestamp) or abs(int(timestamp) - time.time()) > TOLERANCE_S:
            faults.append(f"webhook-timestamp {timestamp!r}")
        if not signatures_match(self.secrets, msg_id, timestamp, body, request.headers.get("webhook-signature", "")):
            faults.append("no signature matches")
        if request.headers.get_content_type() != "application/cloudevents+json":
            faults.append("content-type " + request.headers.get("content-type", "none"))
        try:
            event = json.loads(body)
            faults += faults_of_event(event)
            if event.get("id") != msg_id:
                faults.append("the event's id is not the webhook-id")
        except ValueError as error:
            event = None
            faults.append(f"the body is no JSON: {error}")
        return {"id": msg_id, "at": time.monotonic(), "faults": faults, "event": event, "body": body,
                "headers": dict(request.headers)}

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        seen = self.check(request, body)
        with self.lock:
            number = len(self.requests)
            self.requests.append(seen)
            answer = self.behave(number, seen)
        if isinstance(answer, tuple) and answer[0] == "sleep":
            time.sleep(answer[1])
            answer = answer[2]
        seen["status"] = answer
        if answer == "reset":
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.close_connection = True
            request.connection.close()
        elif answer == "gigabyte":
            request.send_response(200)
            request.send_header("content-length", str(1 << 30))
            request.end_headers()
            for _ in range(1 << 14):
                request.wfile.write(b"x" * 65536)
        else:
            self.answer(request, seen, *(answer if isinstance(answer, tuple) else (answer, {}, b"")))

    def answer(self, request, seen, status, headers, text):
        if status < 300:
            with self.lock:  # before the answer: it may be lost on its way, and that must not hide a double
                self.taken[seen["id"]] = self.taken.get(seen["id"], 0) + 1
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if status != 204:
            request.send_header("content-length", str(len(text)))
        request.end_headers()
        if status != 204:
            request.wfile.write(text)

    def faults(self):
        return [(r["id"], f) for r in self.requests for f in r["faults"]]
