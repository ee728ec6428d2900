"""Any program may be killed at any time: compared with an undisturbed run of the same packets and
pages no alert is missing and none is doubled."""
import concurrent.futures
import json
import random
import sys
import time

import pytest

from conftest import BIN, ROOT

sys.path.insert(0, str(ROOT / "packaging/demo"))
import capture  # noqa: E402
import demo as demo_module  # noqa: E402
import pages as web  # noqa: E402
from console import Console  # noqa: E402
from scenario import NETWORK_STEPS  # noqa: E402

PROGRAMS = ("probe", "crawler", "correlator", "courier", "console")
STEP_S = 0.8  # between two steps on the wire
PAGES = (web.PHISHING_POST, web.RUMOURS[0], web.COPY, web.RUMOURS[1], web.RUMOURS[2], web.RESCUE_POST, web.DENIAL)
KILLS, KILL_FROM_S, KILL_TO_S = 12, 1.0, 12.0
SETTLED_S = 3  # so long without a new alert
LONGEST_S = 45


def whole_capture():
    """All steps one after the other, as one list of packets."""
    packets, at = [], 1.5
    for step in NETWORK_STEPS:
        for offset, packet in capture.read(ROOT / f"tests/pcap/demo/{step}.pcap"):
            packets.append((at + offset, packet))
        at = packets[-1][0] + STEP_S
    return packets


class Chain:
    """The whole appliance, reading one capture and crawling the fictional web."""

    def __init__(self, folder):
        self.demo = demo_module.Demo(folder, BIN, replay=True)
        self.packets = whole_capture()
        self.demo.start_network()
        self.demo.start_appliance()
        self.demo.player.add(self.packets)

    def kill(self, name):
        self.demo.children.kill(name)
        if name == "probe":  # it reads its capture again from the start
            self.demo.player.close()
        self.demo.start_program(name)
        if name == "probe":
            self.demo.player.add(self.packets)

    def inject(self):
        portal = self.demo.folder / "portal/index.html"
        portal.write_bytes((self.demo.folder / "injected.html").read_bytes())

    def play(self, kills):
        plan = [(1.5 + i, lambda item=item: self.demo.pages.publish(*item)) for i, item in enumerate(PAGES)]
        plan.append((5.0, self.inject))
        plan += [(at, lambda name=name: self.kill(name)) for at, name in kills]
        start = time.monotonic()
        for at, act in sorted(plan, key=lambda step: step[0]):
            time.sleep(max(0.0, start + at - time.monotonic()))
            act()
        self.settle(self.packets[-1][0] + 2)

    def settle(self, at_least_s):
        """Until the capture is through and no alert has come for a while."""
        start = changed = time.monotonic()
        known = 0
        while time.monotonic() - start < LONGEST_S:
            now = len(self.demo.receiver.receipts)
            if now != known:
                known, changed = now, time.monotonic()
            if time.monotonic() - max(changed, start + at_least_s) > SETTLED_S:
                return
            time.sleep(0.1)
        pytest.fail("alerts kept coming")

    def received(self):
        """{alert id: (rule, entity)} of the receiver."""
        return {r.alert["alert_id"]: (r.alert["rule"]["title"], r.entity) for r in self.demo.receiver.alerts()}

    def shown(self):
        """The alert ids in the console."""
        a = self.demo.appliance
        return [alert["id"] for alert in Console(a.address, a.user, a.one_time).alerts()]


def run_chain(folder, kills):
    chain = Chain(folder)
    try:
        chain.play(kills)
        return chain.received(), chain.shown(), chain.demo.receiver.refused
    finally:
        chain.demo.end()


def test_killed_programs_neither_lose_nor_double_an_alert(folder):
    seed = int(time.time())
    print("seed", seed)
    chance = random.Random(seed)
    times = sorted(chance.uniform(KILL_FROM_S, KILL_TO_S) for _ in range(KILLS))
    names = list(PROGRAMS) + [chance.choice(PROGRAMS) for _ in range(KILLS - len(PROGRAMS))]
    chance.shuffle(names)
    kills = list(zip(times, names))
    print(kills)
    for name in ("calm", "wild"):
        (folder / name).mkdir()
    with concurrent.futures.ThreadPoolExecutor() as pool:  # side by side: it only saves time
        undisturbed = pool.submit(run_chain, folder / "calm", [])
        disturbed = pool.submit(run_chain, folder / "wild", kills)
    calm, calm_shown, _ = undisturbed.result()
    wild, wild_shown, refused = disturbed.result()
    expected = json.loads((ROOT / "packaging/demo/expected.json").read_text())
    assert len(calm) == len(expected), calm
    assert sorted(wild.values()) == sorted(calm.values())
    assert len(set(wild.values())) == len(wild)
    assert sorted(wild_shown) == sorted(wild)
    assert sorted(calm_shown) == sorted(calm)
    assert refused == 0
