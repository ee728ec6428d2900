"""Two network namespaces joined by a veth pair, with no way outside: an office and a server room.
The probe listens in the server room, at its end of the pair."""
import os
import re

from children import Failed, process_is_alive

INTERFACE = "tap0"  # the same name at both ends
WORKSTATION = "10.77.1.15"
TUNNELER = "10.77.1.23"
ATTACKER = "10.77.1.66"
OFFICE = (WORKSTATION, TUNNELER, ATTACKER)

ARCHIVE = "10.77.2.20"  # nothing listens on it
SSH = "10.77.2.30"
EXPIRED = "10.77.2.40"
FTP = "10.77.2.50"
RESOLVER = "10.77.2.53"
SECOND_RESOLVER = "10.77.2.54"
PORTAL = "10.77.2.60"
NEWS = "10.77.2.70"
PHISHING = "10.77.2.80"
SERVERS = (ARCHIVE, SSH, EXPIRED, FTP, RESOLVER, SECOND_RESOLVER, PORTAL, NEWS, PHISHING)

# Programs that cannot choose their source address get it from the route.
SOURCES = {ARCHIVE: ATTACKER, SSH: ATTACKER, SECOND_RESOLVER: TUNNELER}


class Network:
    def __init__(self, children, folder):
        self.children, self.folder = children, folder
        self.office, self.servers = f"hd-{os.getpid()}-a", f"hd-{os.getpid()}-b"

    def make(self):
        remove_abandoned(self.children)
        ip = lambda *args: self.children.run(["ip", *args])
        for namespace in (self.office, self.servers):
            ip("netns", "add", namespace)
            ip("netns", "exec", namespace, "sh", "-c",  # fewer packets that nobody asked for
               "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || :")
        ip("-n", self.office, "link", "add", INTERFACE, "type", "veth",
           "peer", "name", INTERFACE, "netns", self.servers)
        for namespace, addresses in ((self.office, OFFICE), (self.servers, SERVERS)):
            for address in addresses:
                ip("-n", namespace, "address", "add", f"{address}/16", "dev", INTERFACE)
            for link in ("lo", INTERFACE):
                ip("-n", namespace, "link", "set", link, "up")
        for target, source in SOURCES.items():
            ip("-n", self.office, "route", "add", target, "dev", INTERFACE, "src", source)
        (self.folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\noptions timeout:1\n")
        self.children.run(self.in_office("true"))

    def in_office(self, *argv):
        """The command line that runs argv in the office, where names are asked of our resolver."""
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return ["ip", "netns", "exec", self.office, "sh", "-c", script, self.folder / "resolv.conf", *argv]

    def in_servers(self, *argv):
        return ["ip", "netns", "exec", self.servers, *argv]

    def remove(self):
        for namespace in (self.office, self.servers):
            try:
                self.children.run(["ip", "netns", "delete", namespace])
            except Failed:
                pass  # it was never made


def remove_abandoned(children):
    """Namespaces of a demo that was killed; those of a running one are left alone."""
    for name in re.findall(r"^hd-\d+-[ab]", children.run(["ip", "netns", "list"]), re.M):
        if not process_is_alive(name.split("-")[1]):
            children.run(["ip", "netns", "delete", name], check=False)
