"""What happens in the demo, in its order, and when each cause was complete."""
import threading
import time

import pages as web
from children import Failed

NETWORK_STEPS = ("port_scan", "cleartext_login", "expired_certificate", "ssh_password_guessing", "dns_tunnel",
                 "lookalike_lookup", "portal_upload")
BACKGROUND = "background"


class Scenario:
    def __init__(self, traffic, pages):
        self.traffic, self.pages = traffic, pages
        self.completed = {}  # cause: time

    def steps(self):
        """(cause, what it does, seconds to wait after it)"""
        publish = lambda *item: lambda: self.pages.publish(*item)
        on_wire = lambda step: lambda: self.traffic.do(step)
        first, second, third = web.RUMOURS
        return (
            ("port_scan", on_wire("port_scan"), 2),
            ("phishing_post", publish(*web.PHISHING_POST), 1),
            ("rumour_1", publish(*first), 2),
            ("cleartext_login", on_wire("cleartext_login"), 2),
            ("rumour_copy", publish(*web.COPY), 1),
            ("expired_certificate", on_wire("expired_certificate"), 2),
            ("rumour_2", publish(*second), 2),
            ("ssh_password_guessing", on_wire("ssh_password_guessing"), 2),
            ("lookalike_lookup", on_wire("lookalike_lookup"), 2),
            ("dns_tunnel", on_wire("dns_tunnel"), 2),
            ("rumour_3", publish(*third), 3),
            ("rescue_post", publish(*web.RESCUE_POST), 2),
            ("portal_upload", on_wire("portal_upload"), 3),
            ("denial", publish(*web.DENIAL), 0),
        )

    def play(self, check):
        for cause, act, pause in self.steps():
            act()
            self.completed[cause] = time.time()
            check()
            time.sleep(pause)


class Background:
    """Ordinary browsing all the time, in a thread of its own."""

    def __init__(self, traffic, pause_s):
        self.traffic, self.pause_s = traffic, pause_s
        self.ended = threading.Event()
        self.fault = None
        self.thread = threading.Thread(target=self.browse, daemon=True)
        self.thread.start()

    def browse(self):
        while not self.ended.wait(self.pause_s):
            try:
                self.traffic.do(BACKGROUND)
            except (Failed, OSError) as e:
                if not self.ended.is_set():
                    self.fault = e
                return

    def stop(self):
        self.ended.set()
        self.thread.join(10)
