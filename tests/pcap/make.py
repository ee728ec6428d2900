#!/usr/bin/env python3
"""Makes the captures of the case folders beside it; the same bytes each time.

    make.py                      writes */input.pcap
    make.py --expect PROBE       also writes */expected.ndjson with that haidang-probe: read them
                                 before they are committed

A case holds input.pcap and expected.ndjson, what `haidang-probe -r input.pcap -o -` must write."""
import pathlib
import random
import ssl
import struct
import subprocess
import sys

from scapy.all import (ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, Raw, wrpcap)
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX

HERE = pathlib.Path(__file__).resolve().parent
START = 1767225600  # 2026-01-01
CLIENT, SERVER = "10.20.0.5", "203.0.113.10"


def at(packets, step=0.01, start=START):
    for number, packet in enumerate(packets):
        packet.time = start + number * step
    return packets


def ether():
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


class Connection:
    """A TCP connection whose segments are kept as frames."""

    def __init__(self, port, client=CLIENT, server=SERVER, sport=40000, network=IP):
        self.ends = ((client, sport), (server, port))
        self.network, self.seq, self.frames = network, [1000, 5000], []

    def segment(self, side, flags, payload=b"", seq=None):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        frame = (ether() / self.network(src=src, dst=dst) /
                 TCP(sport=sport, dport=dport, flags=flags, seq=self.seq[side] if seq is None else seq,
                     ack=self.seq[1 - side] if "A" in flags else 0))
        if payload:
            frame = frame / Raw(payload)
        if seq is None:
            self.seq[side] += len(payload) + ("S" in flags) + ("F" in flags)
        self.frames.append(frame)

    def open(self):
        self.segment(0, "S")
        self.segment(1, "SA")
        self.segment(0, "A")
        return self

    def say(self, side, *payloads):
        for payload in payloads:
            self.segment(side, "PA", payload if isinstance(payload, bytes) else payload.encode())
        self.segment(1 - side, "A")
        return self

    def close(self):
        self.segment(0, "FA")
        self.segment(1, "FA")
        self.segment(0, "A")
        return self.frames


def dns():
    def ask(ident, name, kind, **answer):
        query = DNS(id=ident, rd=1, qd=DNSQR(qname=name, qtype=kind))
        reply = DNS(id=ident, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind), **answer)
        port = 41000 + ident
        return [ether() / IP(src=CLIENT, dst="10.20.0.53") / UDP(sport=port, dport=53) / query,
                ether() / IP(src="10.20.0.53", dst=CLIENT) / UDP(sport=53, dport=port) / reply]

    packets = ask(1, "www.Example.vn", "A", an=DNSRR(rrname="www.example.vn", type="CNAME", rdata="web.example.vn") /
                  DNSRR(rrname="web.example.vn", type="A", ttl=60, rdata="203.0.113.10"))
    packets += ask(2, "example.vn", "MX", an=DNSRRMX(rrname="example.vn", type="MX", preference=10, exchange="mx.example.vn"))
    packets += ask(3, "khong-co.example.vn", "AAAA", rcode=3)
    packets += ask(4, "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHR1bm5lbA.t.example.com", "TXT",
                   an=DNSRR(rrname="t.example.com", type="TXT", rdata=[b"hello", b"world"]))
    message = bytes(DNS(id=9, rd=1, qd=DNSQR(qname="tcp.example.vn", qtype="A")))
    tcp = Connection(53, server="10.20.0.53").open()
    tcp.say(0, struct.pack("!H", len(message))[:1], struct.pack("!H", len(message))[1:] + message)
    return packets + tcp.close()


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def handshake(kind, body):
    message = bytes([kind]) + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x03" + struct.pack("!H", len(message)) + message


def client_hello(name, versions=b""):
    sni = name.encode()
    extensions = (extension(0, struct.pack("!HBH", len(sni) + 3, 0, len(sni)) + sni) +
                  extension(10, b"\0\4\0\x1d\0\x17") + extension(11, b"\1\0") + extension(16, b"\0\x0c\2h2\x08http/1.1") +
                  versions)
    return handshake(1, b"\3\3" + bytes(range(32)) + b"\0\0\4\xc0\x2b\xc0\x2f\1\0" +
                     struct.pack("!H", len(extensions)) + extensions)


def server_hello(extensions=b"", cipher=b"\xc0\x2b"):
    return handshake(2, b"\3\3" + bytes(range(32, 64)) + b"\0" + cipher + b"\0" +
                     struct.pack("!H", len(extensions)) + extensions)


def tls_expired():
    der = ssl.PEM_cert_to_DER_cert((HERE / "tls_expired/certificate.pem").read_text())
    length = lambda data: struct.pack("!I", len(data))[1:] + data
    answer = server_hello() + handshake(11, length(length(der))) + handshake(14, b"")
    c = Connection(443).open()
    c.say(0, client_hello("dichvu.example.vn"))
    c.say(1, answer[:300], answer[300:])
    c.say(0, b"\x14\3\3\0\1\1")
    return c.close()


def tls13():
    c = Connection(443).open()
    c.say(0, client_hello("mail.example.vn", extension(43, b"\4\3\4\3\3")))
    c.say(1, server_hello(extension(43, b"\3\4"), b"\x13\1") + b"\x14\3\3\0\1\1" + b"\x17\3\3\0\x10" + bytes(16))
    c.say(0, b"\x17\3\3\0\x10" + bytes(16))
    return c.close()


def http():
    c = Connection(80).open()
    c.say(0, "GET /trang-chu HTTP/1.1\r\nHost: portal.example.vn\r\nUser-Agent: curl/7.88.1\r\n\r\n")
    c.say(1, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n",
          "5\r\nhello\r\n", "0\r\n\r\n")
    c.say(0, "GET /tin?id=1%27%20OR%20%271%27=%271 HTTP/1.1\r\nHost: portal.example.vn\r\nUser-Agent: sqlmap/1.7\r\n\r\n")
    c.say(1, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno")
    c.say(0, "GET /quan-tri HTTP/1.1\r\nHost: portal.example.vn\r\nAuthorization: Basic YTpi\r\n\r\n")
    c.say(1, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    return c.close()


def out_of_order():
    """Segments swapped, sent again and overlapping; the server's answer lacks a piece of its body."""
    c = Connection(80).open()
    request = b"GET /theo-thu-tu HTTP/1.1\r\nHost: portal.example.vn\r\nUser-Agent: test\r\n\r\n"
    base = c.seq[0]
    for start, end in ((40, len(request)), (10, 30), (10, 30), (20, 45), (0, 12)):
        c.segment(0, "PA", request[start:end], seq=base + start)
    c.seq[0] += len(request)
    c.segment(1, "PA", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\n")
    c.seq[1] += 4000
    c.segment(1, "PA", bytes(1000))
    c.say(0, "GET /tiep-theo HTTP/1.1\r\nHost: portal.example.vn\r\n\r\n")
    c.say(1, "HTTP/1.1 304 Not Modified\r\n\r\n")
    return c.close()


def ssh():
    def kexinit(*lists):
        body = b"\x14" + bytes(16) + b"".join(struct.pack("!I", len(x)) + x for x in lists) + bytes(5)
        return struct.pack("!IB", len(body) + 5, 4) + body + bytes(4)

    lists = [b"curve25519-sha256", b"ssh-ed25519", b"aes128-ctr", b"aes256-ctr", b"hmac-sha2-256", b"hmac-sha2-512",
             b"none", b"zlib", b"", b""]
    c = Connection(22).open()
    c.say(1, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    c.say(0, "SSH-2.0-libssh2_1.10.0\r\n")
    c.say(0, kexinit(*lists))
    c.say(1, kexinit(*lists))
    return c.close()


def ftp_login():
    c = Connection(21).open()
    c.say(1, "220 (vsFTPd 3.0.3)\r\n").say(0, "USER an\r\n").say(1, "331 Please specify the password.\r\n")
    c.say(0, "PASS not-to-be-seen\r\n").say(1, "230 Login successful.\r\n")
    return c.close()


def telnet_login():
    c = Connection(23).open()
    c.say(1, b"\xff\xfd\x18\xff\xfd\x20").say(0, b"\xff\xfb\x18\xff\xfc\x20").say(1, "router login: ")
    for letter in "an\r":
        c.say(0, letter).say(1, letter)
    c.say(1, "\nPassword: ")
    for letter in "not-to-be-seen\r":
        c.say(0, letter)
    c.say(1, "\r\n$ ")
    return c.close()


def port_scan():
    """Ten closed ports that answer, then ten that do not, then silence until flows are written."""
    packets = []
    for port in range(20, 40):
        c = Connection(port, server="10.20.0.9", sport=50000 + port)
        c.segment(0, "S")
        if port < 30:
            c.segment(1, "RA")
        packets += c.frames
    late = ether() / IP(src=CLIENT, dst="10.20.0.9") / ICMP()
    late.time = START + 20
    return at(packets) + [late]


def vlan():
    query = DNS(id=7, rd=1, qd=DNSQR(qname="vlan.example.vn"))
    return [ether() / Dot1Q(vlan=100) / IP(src=CLIENT, dst="10.20.0.53") / UDP(sport=42000, dport=53) / query,
            ether() / Dot1AD(vlan=200) / Dot1Q(vlan=30) / IP(src=CLIENT, dst="10.20.0.53") /
            UDP(sport=42000, dport=53) / query]


def ipv6():
    client, server = "2001:db8::5", "2001:db8:1::80"
    c = Connection(80, client=client, server=server, network=IPv6).open()
    c.say(0, "GET /v6 HTTP/1.1\r\nHost: v6.example.vn\r\n\r\n").say(1, "HTTP/1.1 204 No Content\r\n\r\n")
    echo = ether() / IPv6(src=client, dst=server) / ICMPv6EchoRequest(id=1)
    reply = ether() / IPv6(src=server, dst=client) / ICMPv6EchoReply(id=1)
    query = (ether() / IPv6(src=client, dst=server) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() /
             UDP(sport=43000, dport=53) / DNS(id=8, rd=1, qd=DNSQR(qname="six.example.vn", qtype="AAAA")))
    return c.close() + [echo, reply, query]


def fragments():
    query = bytes(UDP(sport=44000, dport=53, len=1500) / DNS(id=5, rd=1, qd=DNSQR(qname="fragment.example.vn")))
    first = ether() / IP(src=CLIENT, dst="10.20.0.53", proto=17, flags="MF", id=1) / Raw(query.ljust(800, b"\0"))
    later = ether() / IP(src=CLIENT, dst="10.20.0.53", proto=17, frag=100, id=1) / Raw(bytes(700))
    return [first, later]


def malformed():
    good = bytes(ether() / IP(src=CLIENT, dst=SERVER) / UDP(sport=1, dport=53) / Raw(b"\0" * 20))
    frames = [good[:cut] for cut in (1, 13, 14, 20, 33, 34, 38, 41)]
    frames += [good[:14] + bytes([byte]) + good[15:] for byte in (0x05, 0x41, 0x4F, 0x65, 0xF5)]
    frames += [good[:12] + b"\x81\x00\x00\x01" * 8, good[:16] + b"\0\x05" + good[18:], good[:38] + b"\0\1" + good[40:]]
    rng = random.Random(1)
    for _ in range(60):  # noise behind a good IP header, for ports that parsers look at
        noise = bytes(rng.getrandbits(8) for _ in range(rng.randrange(1, 200)))
        port = rng.choice((53, 80, 443, 22, 21, 23, 25, 445))
        kind = UDP(sport=rng.randrange(1024, 65536), dport=port) if rng.random() < 0.5 else \
            TCP(sport=rng.randrange(1024, 65536), dport=port, flags="PA", seq=rng.getrandbits(32))
        frames.append(bytes(ether() / IP(src=CLIENT, dst=SERVER) / kind / Raw(noise)))
    return [Raw(frame) for frame in frames]


def udp53_monster():
    """Sends nDPI 4.2 into an endless loop when it is handed over whole (ntop/nDPI#1804)."""
    return [ether() / IP(src=CLIENT, dst="10.20.0.53") / UDP(sport=45000, dport=53) / Raw(b"\x3f" * 65507)]


CASES = [dns, tls_expired, tls13, http, out_of_order, ssh, ftp_login, telnet_login, port_scan, vlan, ipv6, fragments,
         malformed, udp53_monster]


def main():
    for case in CASES:
        folder = HERE / case.__name__
        folder.mkdir(exist_ok=True)
        packets = case()
        if case is not port_scan:
            at(packets)
        wrpcap(str(folder / "input.pcap"), packets, linktype=1, snaplen=262144)
        if sys.argv[1:2] == ["--expect"]:
            said = subprocess.run([sys.argv[2], "-r", "input.pcap", "-o", "-"], cwd=folder, check=True,
                                  stdout=subprocess.PIPE).stdout
            (folder / "expected.ndjson").write_bytes(said)
        print(f"{case.__name__}: {len(packets)} packets")


if __name__ == "__main__":
    main()
