#!/usr/bin/env python3
"""How many alerts the rule pack raises on an ordinary day: 400 office machines, eight servers, a province's
press. Nothing in it is an attack; the clumsy things that happen daily are (a wrong domain suffix, a
scanner of the provider at the border, backups, updates, a browser that probes its DNS, one machine with a
remote tool that the office uses). Prints flows, alerts and the rules that raised them; the aim is at most
one alert per 10,000 flows. BUILD names the build folder, an argument the number of flows."""
import collections
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve() / "bin/haidang-correlator"
DAY = 1_795_132_800  # 2026-11-20T00:00:00Z; the office works from 00:30 to 10:00 UTC
SITES = ["baomai.example", "thuvien.example", "hoctap.example", "capnhat.example", "hop-truc-tuyen.example", "kho-anh.example",
         "ban-do.example", "tim-kiem.example", "thu-dien-tu.example", "danang.gov.vn", "dichvucong.gov.vn", "van-ban.example"]
SERVERS = {f"10.77.2.{n}": port for n, port in ((10, 443), (11, 445), (12, 443), (13, 5432), (14, 25), (15, 80), (16, 8080), (17, 389))}
NDPI = [("TLS.Google", "Web"), ("TLS.Microsoft365", "Collaborative"), ("TLS.Facebook", "SocialNetwork"), ("TLS.Zalo", "Chat"), ("TLS.YouTube", "Media"),
        ("QUIC.Google", "Web"), ("TLS.WindowsUpdate", "SoftwareUpdate"), ("TLS", "Web")]
JA3 = [f"{n:032x}" for n in range(11, 15)]


class Day:
    def __init__(self, seed, flows):
        self.rng, self.events, self.flows, self.wanted = random.Random(seed), [], 0, flows

    def add(self, at, kind, sensor="s1", **parts):
        self.events.append((at, {"event_type": kind, "sensor": sensor, **parts}))

    def net(self, at, kind, src, dst, port, proto="TCP", app="tls", **parts):
        inside = src.startswith("10."), dst.startswith("10.")
        direction = {(True, True): "internal", (True, False): "outbound", (False, True): "inbound"}[inside]
        self.add(at, kind, in_iface="enp2s0", flow_id=self.rng.getrandbits(48), src_ip=src, src_port=self.rng.randrange(32768, 61000),
                 dest_ip=dst, dest_port=port, proto=proto, app_proto=app, direction=direction, **parts)

    def flow(self, at, src, dst, port, proto="TCP", app="tls", ndpi=("TLS", "Web"), answered=True, up=None, **ndpi_more):
        r = self.rng
        pkts = r.randrange(6, 60)
        up = up if up is not None else int(r.lognormvariate(8.2, 1.2))
        tcp = {"tcp": {"tcp_flags": "1b" if answered else "02", "syn": True, "state": "closed" if answered else "syn_sent"}} if proto == "TCP" else {}
        self.net(at, "flow", src, dst, port, proto, app, ndpi={"proto": ndpi[0], "category": ndpi[1], **ndpi_more},
                 flow={"pkts_toserver": pkts if answered else 2, "pkts_toclient": pkts + 3 if answered else 0, "bytes_toserver": up, "bytes_toclient": up * r.randrange(2, 30) if answered else 0,
                       "age": r.randrange(0, 200), "state": "closed" if answered else "new", "reason": "closed"}, **tcp)
        self.flows += 1

    def lookup(self, at, src, name, rcode="NOERROR"):
        domain = ".".join(name.split(".")[-3 if name.endswith(".gov.vn") else -2:])
        q = {"id": 7, "rrname": name, "rrtype": self.rng.choice(["A", "A", "AAAA", "HTTPS"]), "domain": domain, "name_len": len(name)}
        if name != domain:
            q["labels_entropy"] = 1500
        self.net(at, "dns", src, "10.77.0.2", 53, "UDP", "dns", dns={"type": "query", **q})
        self.net(at, "dns", src, "10.77.0.2", 53, "UDP", "dns", dns={"type": "answer", "rcode": rcode, **q,
                 **({"answers": [{"rrname": name, "rrtype": "A", "ttl": 300, "rdata": "203.0.113.20"}]} if rcode == "NOERROR" else {})})
        self.flow(at, src, "10.77.0.2", 53, "UDP", "dns", ("DNS", "Network"), up=90)

    def visit(self, at, src):
        r = self.rng
        host = r.choice(["www.", "cdn.", "api.", ""]) + r.choice(SITES)
        dst = f"203.0.113.{r.randrange(1, 250)}"
        if r.random() < 0.5:
            self.lookup(at, src, host)
        ndpi = r.choice(NDPI)
        self.net(at, "tls", src, dst, 443, tls={"sni": host, "version": r.choice(["TLS 1.3", "TLS 1.3", "TLS 1.2"]), "ja3": {"hash": r.choice(JA3)}, "alpn": "h2"})
        self.flow(at, src, dst, 443, "UDP" if ndpi[0].startswith("QUIC") else "TCP", "quic" if ndpi[0].startswith("QUIC") else "tls", ndpi)

    def inside(self, at, src):
        dst, port = self.rng.choice(list(SERVERS.items()))
        app = {445: "smb", 25: "smtp", 389: "ldap", 80: "http", 8080: "http", 5432: "pgsql"}.get(port, "tls")
        if app == "http":
            self.net(at, "http", src, dst, port, app="http", http={"hostname": "noibo.ioc.example", "url": f"/ho-so/{self.rng.randrange(9999)}", "http_method": self.rng.choice(["GET", "GET", "POST"]),
                     "http_user_agent": "Mozilla/5.0", "http_content_type": "text/html", "status": self.rng.choice([200] * 40 + [302, 304, 404, 500]), "length": 4000})
        self.flow(at, src, dst, port, app=app, ndpi=({"smb": "SMBv23", "smtp": "SMTP", "ldap": "LDAP", "http": "HTTP", "pgsql": "PostgreSQL"}.get(app, "TLS"), "System"))

    def clumsy(self, at):
        """What happens daily and is no attack."""
        r, src = self.rng, f"10.77.1.{self.rng.randrange(1, 250)}"
        kind = r.randrange(7)
        if kind == 0:    # a browser that tests for DNS redirection
            for n in range(3):
                self.lookup(at + n, src, "".join(r.choice("abcdefghijklmnop") for _ in range(10)) + ".example", "NXDOMAIN")
        elif kind == 1:  # a printer that is switched off
            for n in range(4):
                self.flow(at + n * 3, src, "10.77.6.20", 9100, answered=False, app="")
        elif kind == 2:  # the Internet knocks at a closed port
            self.flow(at, f"198.51.100.{r.randrange(1, 250)}", "10.77.2.10", r.choice([22, 23, 3389, 8080]), answered=False, app="")
        elif kind == 3:  # a search engine meets pages that moved
            for n in range(12):
                self.net(at + n, "http", "198.51.100.7", "10.77.2.15", 80, app="http", http={"hostname": "cong.ioc.example", "url": f"/cu/{r.randrange(500)}",
                         "http_method": "GET", "http_user_agent": "bot", "http_content_type": "text/html", "status": 404, "length": 300})
        elif kind == 4:  # somebody mistypes a password over SSH
            for n in range(3):
                self.net(at + n * 9, "ssh", src, "10.77.2.16", 22, app="ssh", ssh={"client_software": "PuTTY_0.80", "server_software": "OpenSSH_9.2p1"})
        elif kind == 5:  # a large update
            self.flow(at, src, "203.0.113.99", 443, ndpi=("TLS.WindowsUpdate", "SoftwareUpdate"), up=900_000)
        else:            # a night backup inside the network
            self.flow(at, "10.77.2.11", "10.77.2.90", 22, app="ssh", ndpi=("SSH", "RemoteAccess"), up=4_000_000_000)

    def press(self, at, n):
        r = self.rng
        topic = r.choice([["ioc.socioeconomic"], ["ioc.urban"], ["ioc.tourism"], ["disaster.flood"], ["ioc.education"], ["ioc.agri"], [], [], [], ["incident.traffic"]])
        self.add(at, "article", "c1", article={"url": f"https://baomai.example/{n}", "title": f"Tin {n}", "title_folded": f"tin {n}", "text_folded": "hai nguoi tu vong" if r.random() < 0.05 else "noi dung", "publisher": r.choice(SITES), "tier": r.choice([2, 2, 3]),
                 "form": "news", "topics": topic, "story_id": f"st-{n // 2}", "subject": f"Tin {n // 2}", "markers": [] if r.random() < .8 else ["prevention"]})

    def make(self):
        while self.flows < self.wanted:
            at = DAY + 1800 + int(min(1, max(0, self.rng.gauss(0.5, 0.25))) * 34200) + self.rng.random()
            src = f"10.77.{self.rng.choice((1, 3))}.{self.rng.randrange(1, 201)}"
            (self.visit if self.rng.random() < 0.75 else self.inside)(at, src)
            if self.rng.random() < 0.004:
                self.clumsy(at)
        for n in range(280):
            self.press(DAY + 1800 + n * 120, n)
        for n in range(96):
            for host in ("cong.ioc.example", "dichvucong.ioc.example"):
                self.add(DAY + n * 900, "site_check", "c1", site_check={"url": f"https://{host}/", "host": host, "service": "portal", "owner": "ioc", "check": "availability",
                         "result": "unreachable" if n == 40 else "ok", "status": 0 if n == 40 else 200})
        first = [(DAY - 30 * 86400 + n, e) for n, (_, e) in enumerate(e for e in self.events if e[1]["event_type"] in ("flow", "tls"))][:4000]
        return first + sorted(self.events, key=lambda e: e[0])


def main():
    flows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    day = Day(7, flows)
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        for n, (at, event) in enumerate(day.make()):
            stamp = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
            file.write(json.dumps({"event_id": f"{int(at * 1000):013d}-{n % 1000000:06d}", "timestamp": stamp, **event}, separators=(",", ":")) + "\n")
        file.flush()
        said = subprocess.run([PROGRAM, "alerts", ROOT / "rules/sigma", file.name], capture_output=True, text=True, check=True)
    raised = collections.Counter()
    for line in said.stdout.splitlines():
        alert = json.loads(line)
        if alert["revision"] == 1:
            raised[f'{alert["rule"]["level"]:13} {alert["rule"]["title"]}'] += 1
    alerts = sum(raised.values())
    print(f"{day.flows} flows, {len(day.events)} events, {alerts} alerts: {alerts * 10000 / day.flows:.2f} per 10,000 flows")
    for rule, count in raised.most_common():
        print(f"  {count:4}  {rule}")
    return 0 if alerts * 10000 <= day.flows else 1


if __name__ == "__main__":
    sys.exit(main())
