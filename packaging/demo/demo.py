"""The demo as a whole: folder, servers, appliance, traffic, and everything's end."""
import pathlib

import appliance as box
import pages as web
from capture import Player, StoredTraffic
from children import Children, Failed, wait_until
from config import sections
from network import INTERFACE, Network
from receiver import Receiver
from scenario import Background, Scenario
from servers import Servers
from traffic import LiveTraffic

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STORE = ROOT / "tests/pcap/demo"
BACKGROUND_PAUSE_S = 3


def say(text):
    print(f"demo: {text}", flush=True)


class Demo:
    """With replay True, or where namespaces are not permitted, the traffic is stored traffic."""

    def __init__(self, folder, programs, replay):
        self.folder, self.replay = folder, replay
        self.children = Children(folder)
        self.network = self.servers = self.player = self.background = None
        self.receiver = Receiver(folder)
        self.pages = web.Pages(folder / "sites", box.free_port())
        web.write_portal(folder)
        self.appliance = box.Appliance(self.children, folder, programs,
                                       sections(ROOT, folder, self.pages, self.receiver))

    def start(self):
        try:
            self.start_network()
            self.start_appliance()
            self.start_traffic()
        except BaseException:
            self.end()
            raise

    def start_network(self):
        if self.replay:
            say("playing stored traffic, as asked")
            return
        self.network = Network(self.children, self.folder)
        try:
            self.network.make()
        except Failed as e:
            say(f"no network namespaces here ({e}): playing stored traffic of the same programs")
            self.network.remove()
            self.network, self.replay = None, True
            return
        self.servers = Servers(self.children, self.network, self.folder)
        self.servers.start()

    def start_appliance(self):
        a = self.appliance
        a.check()
        a.start_redis()
        a.start_web(self.pages.nginx_servers(self.folder / "portal"))
        for name in ("correlator", "courier", "console"):
            self.start_program(name)
        a.add_user()
        wait_until(a.console_answers, 10, "console", self.children)
        for name in ("crawler", "probe"):
            self.start_program(name)

    def start_program(self, name):
        if name != "probe":
            self.appliance.start(name)
        elif not self.replay:
            self.appliance.start(name, "-i", INTERFACE, wrap=self.network.in_servers)
        else:
            self.player = Player(self.folder)
            self.appliance.start(name, "-r", self.player.pipe)

    def start_traffic(self):
        if self.replay:
            self.traffic = StoredTraffic(STORE, self.player, self.folder / "portal/index.html",
                                         self.folder / "injected.html")
        else:
            stored_tunnel = None if self.servers.has_tunnel else STORE / "dns_tunnel.pcap"
            if stored_tunnel:
                say("no /dev/net/tun here: the DNS tunnel is stored traffic of iodine")
            self.traffic = LiveTraffic(self.children, self.network, self.folder, stored_tunnel)
        self.background = Background(self.traffic, BACKGROUND_PAUSE_S)
        self.scenario = Scenario(self.traffic, self.pages)

    def check(self):
        """Raises when something that should run has ended."""
        self.children.check()
        if self.background.fault:
            raise Failed(f"background traffic: {self.background.fault}")

    def end(self):
        if self.background:
            self.background.stop()
        if self.player:
            self.player.close()
        self.children.end_all()
        if self.network:
            self.network.remove()
        self.receiver.close()
