"""Real servers in the server room: DNS, web, SSH, FTP and the far end of a DNS tunnel."""
import os
import shutil

import network as net
from children import wait_until

TUNNEL_DOMAIN = "kho-lanh.example"
LOOKALIKE = "dichvucong-gov-vn.example"
PORTAL_HOST = "cong.ioc.example"
EXPIRED_HOST = "quanly.ioc.example"
NEWS_HOST = "baomai.example"
TUNNEL_SECRET = "demo"
FTP_USER, FTP_SECRET = "vanthu", "chi-de-trinh-dien"

NAMES = {
    NEWS_HOST: net.NEWS,
    f"www.{NEWS_HOST}": net.NEWS,
    PORTAL_HOST: net.PORTAL,
    EXPIRED_HOST: net.EXPIRED,
    "ftp.ioc.example": net.FTP,
    LOOKALIKE: net.PHISHING,
}

NGINX = """
daemon off;
user root;
worker_processes 1;
pid {folder}/servers-nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    default_type text/html;
    types {{ text/html html; text/css css; image/png png; }}
    charset utf-8;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    ssl_protocols TLSv1.2;
    server {{
        listen {portal}:80;
        server_name {portal_host};
        root {folder}/portal;
        dav_methods PUT;
    }}
    server {{ listen {news}:80; listen {phishing}:80; root {folder}/browsing; }}
    server {{
        listen {news}:443 ssl;
        ssl_certificate {folder}/good.pem; ssl_certificate_key {folder}/key.pem;
        root {folder}/browsing;
    }}
    server {{
        listen {expired}:443 ssl;
        ssl_certificate {folder}/expired.pem; ssl_certificate_key {folder}/key.pem;
        root {folder}/browsing;
    }}
    server {{ listen 10.99.0.1:80; root {folder}/browsing; dav_methods PUT; client_max_body_size 1m; }}
}}
"""

DNSMASQ = """
keep-in-foreground
user=root
group=root
no-resolv
no-hosts
bind-interfaces
edns-packet-max=4096
"""

SSHD = """
Port 22
ListenAddress {ssh}
HostKey {folder}/ssh_host_key
PidFile none
UsePAM no
PermitRootLogin no
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
"""

CA = """
[ca]
default_ca = demo
[demo]
dir = {folder}/ca
database = {folder}/ca/index
serial = {folder}/ca/serial
new_certs_dir = {folder}/ca
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def make_certificates(children, folder):
    """One authority, one certificate that is valid and one that ended a year ago."""
    (folder / "ca").mkdir()
    (folder / "ca/index").write_text("")
    (folder / "ca/serial").write_text("01\n")
    (folder / "ca.cnf").write_text(CA.format(folder=folder))
    openssl = lambda *args: children.run(["openssl", *args], cwd=folder)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ca/key.pem")
    openssl("req", "-config", "ca.cnf", "-x509", "-new", "-key", "ca/key.pem", "-subj", "/CN=CA trinh dien",
            "-days", "3650", "-out", "ca/cert.pem")
    for name, host, start, end in (("good", NEWS_HOST, "20260101000000Z", "20360101000000Z"),
                                   ("expired", EXPIRED_HOST, "20241101000000Z", "20251101000000Z")):
        openssl("req", "-config", "ca.cnf", "-new", "-key", "key.pem", "-subj", f"/CN={host}", "-out", f"{name}.csr")
        openssl("ca", "-config", "ca.cnf", "-batch", "-notext", "-in", f"{name}.csr", "-out", f"{name}.pem",
                "-keyfile", "ca/key.pem", "-cert", "ca/cert.pem", "-startdate", start, "-enddate", end)


class Servers:
    def __init__(self, children, network, folder):
        self.children, self.network, self.folder = children, network, folder
        self.has_tunnel = os.path.exists("/dev/net/tun") and shutil.which("iodined") is not None

    def start(self):
        for name in ("tmp", "browsing", "ftp", "portal"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "ftp/bao-cao.txt").write_text("Báo cáo tuần\n")
        make_certificates(self.children, self.folder)
        if self.has_tunnel:
            self.start_tunnel()
        self.start_dns()
        self.start_web()
        self.start_ssh()
        self.start_in_servers("ftpd", "/usr/bin/python3", "-m", "pyftpdlib", "-i", net.FTP, "-p", "21",
                              "-d", self.folder / "ftp", "-u", FTP_USER, "-P", FTP_SECRET)
        for address, port in ((net.RESOLVER, 53), (net.NEWS, 443), (net.PORTAL, 80), (net.SSH, 22), (net.FTP, 21)):
            self.wait_for_port(address, port)

    def start_in_servers(self, name, *argv):
        self.children.start(name, self.network.in_servers(*argv), cwd=self.folder)

    def wait_for_port(self, address, port):
        probe = ("import socket,sys; s=socket.socket(); s.settimeout(1);"
                 "sys.exit(s.connect_ex((sys.argv[1], int(sys.argv[2]))))")
        argv = self.network.in_servers("/usr/bin/python3", "-c", probe, address, str(port))

        def answers():
            try:
                self.children.run(argv)
            except Exception:  # noqa: BLE001  any failure means: not yet
                return False
            return True

        wait_until(answers, 15, f"server on {address}:{port}", self.children)

    def start_tunnel(self):
        self.start_in_servers("iodined", "iodined", "-f", "-c", "-l", "127.0.0.1", "-p", "5353",
                              "-P", TUNNEL_SECRET, "10.99.0.1/27", TUNNEL_DOMAIN)
        wait_until(lambda: "10.99.0.1" in self.children.run(self.network.in_servers("ip", "address")), 10, "iodined",
                   self.children)

    def start_dns(self):
        lines = [f"listen-address={net.RESOLVER}", f"listen-address={net.SECOND_RESOLVER}",
                 f"server=/{TUNNEL_DOMAIN}/127.0.0.1#5353"]
        lines += [f"address=/{host}/{address}" for host, address in NAMES.items()]
        conf = self.folder / "dnsmasq.conf"
        conf.write_text(DNSMASQ + "\n".join(lines) + "\n")
        self.start_in_servers("dnsmasq", "dnsmasq", f"--conf-file={conf}", "--pid-file")

    def start_web(self):
        conf = self.folder / "servers-nginx.conf"
        text = NGINX.format(folder=self.folder, portal=net.PORTAL, portal_host=PORTAL_HOST, news=net.NEWS,
                            phishing=net.PHISHING, expired=net.EXPIRED)
        if not self.has_tunnel:
            text = "".join(line for line in text.splitlines(True) if "10.99.0.1" not in line)
        conf.write_text(text)
        (self.folder / "browsing/index.html").write_text(
            "<!doctype html><html lang=vi><title>Báo Mai</title><p>Tin trong ngày." + " Nội dung." * 400)
        self.start_in_servers("servers-nginx", "nginx", "-e", "stderr", "-p", self.folder, "-c", conf)

    def start_ssh(self):
        self.children.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "ssh_host_key"])
        (self.folder / "sshd_config").write_text(SSHD.format(folder=self.folder, ssh=net.SSH))
        # sshd insists on a folder under /run that its service makes; here it gets a /run of its own.
        script = 'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec /usr/sbin/sshd -D -e -f "$0"'
        self.start_in_servers("sshd", "sh", "-c", script, self.folder / "sshd_config")
