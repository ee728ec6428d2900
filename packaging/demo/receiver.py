"""The Centre's end of the courier: takes signed webhooks, checks each signature by the Standard
Webhooks rules, and remembers what came and when."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

TOLERANCE_S = 300


class Receipt:
    def __init__(self, key, alert):
        self.key, self.alert, self.at = key, alert, time.time()

    @property
    def rule(self):
        return self.alert["rule"]["id"]

    @property
    def entity(self):
        return self.alert["entity"]


class Receiver:
    def __init__(self, folder):
        key = os.urandom(32)
        self.key = key
        self.secret_file = folder / "webhook.secret"
        self.secret_file.touch(mode=0o600)
        self.secret_file.write_text("whsec_" + base64.b64encode(key).decode() + "\n")
        self.receipts = []  # every accepted delivery, in order
        self.refused = 0  # deliveries with a bad signature
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def signed(self, headers, body):
        sent_at = headers.get("webhook-timestamp", "")
        if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_S:
            return False
        content = b".".join((headers.get("webhook-id", "").encode(), sent_at.encode(), body))
        right = "v1," + base64.b64encode(hmac.new(self.key, content, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(right, s) for s in headers.get("webhook-signature", "").split())

    def take(self, headers, body):
        """The HTTP status to answer with."""
        with self.lock:
            if not self.signed(headers, body):
                self.refused += 1
                return 401
            event = json.loads(body)
            self.receipts.append(Receipt(headers["webhook-id"], event["data"]))
            return 204

    def alerts(self):
        """The first delivery of each alert, by alert id."""
        with self.lock:
            first = {}
            for receipt in self.receipts:
                first.setdefault(receipt.alert["alert_id"], receipt)
            return list(first.values())

    def handler(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802  the library's name
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                self.send_response(receiver.take(self.headers, body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        return Handler
