"""A conversation is the same through every tunnel: same events, same community id, nothing but where it was said."""
import json
import struct
import subprocess

import pytest
from scapy.all import DNS, DNSQR, GRE, IP, TCP, UDP, Dot1Q, Ether, IPv6, PPPoE, PPP, Raw, raw, wrpcap
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.vxlan import VXLAN

from conftest import program

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUTER = IP(src="192.0.2.1", dst="192.0.2.2")
OUTER6 = IPv6(src="2001:db8::1", dst="2001:db8::2")


def conversation(family):
    """A DNS question, and an HTTP request over TCP, as IP packets."""
    there, back = ((IP(src="10.1.2.3", dst="198.51.100.9"), IP(src="198.51.100.9", dst="10.1.2.3")) if family == 4 else
                   (IPv6(src="2001:db8:1::3", dst="2001:db8:9::9"), IPv6(src="2001:db8:9::9", dst="2001:db8:1::3")))
    request = b"GET /a HTTP/1.1\r\nHost: inside.example\r\nUser-Agent: t\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    port = dict(sport=40000, dport=80)
    reply = dict(sport=80, dport=40000)
    return [
        there / UDP(sport=5353, dport=53) / DNS(id=7, rd=1, qd=DNSQR(qname="tunnel.example")),
        there / TCP(flags="S", seq=1, **port),
        back / TCP(flags="SA", seq=100, ack=2, **reply),
        there / TCP(flags="A", seq=2, ack=101, **port),
        there / TCP(flags="PA", seq=2, ack=101, **port) / Raw(request),
        back / TCP(flags="PA", seq=101, ack=2 + len(request), **reply) / Raw(answer),
        there / TCP(flags="FA", seq=2 + len(request), ack=101 + len(answer), **port),
        back / TCP(flags="FA", seq=101 + len(answer), ack=3 + len(request), **reply),
        there / TCP(flags="A", seq=3 + len(request), ack=102 + len(answer), **port),
    ]


def gre(proto, inside, **flags):
    return OUTER / GRE(proto=proto, **flags) / inside


def teredo(p):
    return OUTER / UDP(sport=40001, dport=3544) / Raw(raw(p))


def gtp_extended(p):
    """With a sequence number and one extension header of four bytes."""
    inside = b"\x00\x07\x00\x85" + b"\x01\x00\x00\x00" + raw(p)
    return OUTER / UDP(sport=2152, dport=2152) / Raw(b"\x36\xff" + struct.pack(">HI", len(inside), 9) + inside)


def erspan(p, kind):
    inside = raw(ETHER / p)
    if kind == 1:
        return OUTER / Raw(struct.pack(">HH", 0, 0x88be) + inside)
    if kind == 2:
        return OUTER / Raw(struct.pack(">HHI", 0x1000, 0x88be, 5) + b"\x10\x00\x00\x00\x00\x00\x00\x00" + inside)
    return OUTER / Raw(struct.pack(">HHI", 0x1000, 0x22eb, 5) + b"\x20" + bytes(10) + b"\x01" + bytes(8) + inside)


def as_gre(packet):
    packet[IP].proto = 47
    return packet


TUNNELS = {
    "plain": (46, "", lambda p: ETHER / p),
    "vlan": (46, "", lambda p: ETHER / Dot1Q(vlan=7) / p),
    "mpls": (4, "", lambda p: ETHER / MPLS(label=16, s=0) / MPLS(label=17, s=1) / p),
    "mpls-ethernet": (46, "", lambda p: ETHER / MPLS(label=16, s=1) / Raw(b"\0\0\0\0" + raw(ETHER / p))),
    "pppoe": (4, "", lambda p: ETHER / PPPoE(sessionid=3) / PPP(proto=0x21) / p),
    "pppoe6": (6, "", lambda p: ETHER / PPPoE(sessionid=3) / PPP(proto=0x57) / p),
    "4in4": (4, "ip", lambda p: ETHER / OUTER / p),
    "6in4": (6, "ip", lambda p: ETHER / OUTER / p),
    "4in6": (4, "ip", lambda p: ETHER / OUTER6 / p),
    "6in6": (6, "ip", lambda p: ETHER / OUTER6 / p),
    "gre": (4, "gre", lambda p: ETHER / gre(0x0800, p)),
    "gre6": (6, "gre", lambda p: ETHER / gre(0x86dd, p)),
    "gre-key-sequence-checksum": (4, "gre", lambda p: ETHER / gre(0x0800, p, key_present=1, seqnum_present=1, chksum_present=1)),
    "gre-ethernet": (46, "gre", lambda p: ETHER / gre(0x6558, ETHER / p)),
    "pptp": (4, "gre", lambda p: ETHER / as_gre(OUTER / Raw(struct.pack(">HHHHI", 0x3001, 0x880b, len(p) + 4, 1, 9) + b"\xff\x03\x00\x21" + raw(p)))),
    "erspan-1": (46, "erspan", lambda p: ETHER / as_gre(erspan(p, 1))),
    "erspan-2": (46, "erspan", lambda p: ETHER / as_gre(erspan(p, 2))),
    "erspan-3": (46, "erspan", lambda p: ETHER / as_gre(erspan(p, 3))),
    "vxlan": (46, "vxlan", lambda p: ETHER / OUTER / UDP(sport=5555, dport=4789) / VXLAN(vni=42, flags="Instance") / ETHER / p),
    "vxlan-8472": (4, "vxlan", lambda p: ETHER / OUTER / UDP(sport=5555, dport=8472) / VXLAN(vni=42, flags="Instance") / ETHER / p),
    "geneve": (46, "geneve", lambda p: ETHER / OUTER / UDP(sport=5555, dport=6081) / GENEVE(vni=42, proto=0x6558) / ETHER / p),
    "geneve-options": (4, "geneve", lambda p: ETHER / OUTER / UDP(sport=5555, dport=6081) /
                       Raw(b"\x02\x00\x08\x00\x00\x00\x2a\x00" + bytes(8) + raw(p))),
    "gtp": (46, "gtp", lambda p: ETHER / OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=9) / p),
    "gtp-extended": (4, "gtp", lambda p: ETHER / gtp_extended(p)),
    "teredo": (6, "teredo", lambda p: ETHER / teredo(p)),
    "vxlan-in-gre": (4, "vxlan", lambda p: ETHER / gre(0x0800, OUTER / UDP(sport=5555, dport=4789) / VXLAN(vni=1, flags="Instance") / ETHER / p)),
}


def read(path):
    done = subprocess.run([program("probe"), "-r", str(path), "-o", "-"], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def capture(folder, packets):
    path = folder / "c.pcap"
    for n, packet in enumerate(packets):
        packet.time = 1795392000 + n / 100
    wrpcap(str(path), packets)
    return path


def told(events):
    """What the events say of the conversation; not its bytes on the wire nor where it went through."""
    out = []
    for event in events:
        if event["event_type"] == "stats":
            continue
        event = {k: v for k, v in event.items() if k not in ("event_id", "flow_id", "vlan", "haidang")}
        if "flow" in event:
            event["flow"] = {k: v for k, v in event["flow"].items() if not k.startswith("bytes")}
        out.append(event)
    return out


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return {family: told(read(capture(tmp_path_factory.mktemp("plain"), [ETHER / p for p in conversation(family)])))
            for family in (4, 6)}


@pytest.mark.parametrize("name,family", [(n, f) for n, (families, _, _) in TUNNELS.items() for f in (4, 6) if str(f) in str(families)])
def test_a_conversation_is_the_same_through(folder, plain, name, family):
    _, said, wrap = TUNNELS[name]
    assert {e["event_type"] for e in plain[family]} == {"dns", "http", "flow"}
    found = read(capture(folder, [wrap(p) for p in conversation(family)]))
    assert told(found) == plain[family]
    flows = [e for e in found if e["event_type"] == "flow"]
    assert {e.get("haidang", {}).get("tunnel", "") for e in flows} == {said}


def test_what_only_uses_a_tunnels_port_stays_what_it_is(folder):
    payloads = [b"", b"\x08", b"\x08" + bytes(7), b"\x08" + bytes(40), b"\xff" * 60, b"\x30\xff\0\0\0\0\0\0\x45"]
    sent = {(40000 + n, port): ETHER / IP(src="10.1.2.3", dst="10.1.2.4") / UDP(sport=40000 + n, dport=port) / Raw(payload)
            for port in (2152, 3544, 4789, 6081) for n, payload in enumerate(payloads)}
    flows = [e for e in read(capture(folder, list(sent.values()))) if e["event_type"] == "flow"]
    assert {(e["src_port"], e["dest_port"]) for e in flows} == set(sent)
    assert all(e["src_ip"] == "10.1.2.3" and "tunnel" not in e.get("haidang", {}) for e in flows)


def test_tunnels_in_tunnels_without_end_are_bounded(folder):
    packet = conversation(4)[0]
    for _ in range(40):
        packet = OUTER / packet
    found = read(capture(folder, [ETHER / packet]))
    flow, = [e for e in found if e["event_type"] == "flow"]
    assert flow["src_ip"] == "192.0.2.1"
