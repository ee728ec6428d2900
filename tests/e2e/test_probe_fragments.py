"""Fragments: the same events in any order and cut; what contradicts itself is an anomaly, never silence."""
import itertools
import random

import pytest
from scapy.all import DNS, DNSQR, GRE, IP, TCP, UDP, Ether, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN, Raw, raw
from scapy.layers.vxlan import VXLAN

from test_probe_tunnels import ETHER, OUTER, capture, read, told

QUESTION = raw(UDP(sport=40000, dport=53) / DNS(id=7, rd=1, qd=DNSQR(qname="a-rather-long-name-of-a-host.fragments.example")))
V4, V6 = dict(src="10.1.2.3", dst="198.51.100.9"), dict(src="2001:db8:1::3", dst="2001:db8:9::9")


def whole(family):
    """The question with a right checksum, which UDP over IPv6 must have."""
    head = IP(**V4) if family == 4 else IPv6(**V6)
    return head / UDP(sport=40000, dport=53) / DNS(id=7, rd=1, qd=DNSQR(qname="a-rather-long-name-of-a-host.fragments.example"))


def body(family):
    return raw(whole(family).payload)


def piece(family, offset, data, more, ident=9):
    if family == 4:
        return IP(**V4, id=ident, frag=offset // 8, flags="MF" if more else 0, proto=17) / Raw(data)
    return IPv6(**V6) / IPv6ExtHdrFragment(nh=17, id=ident, offset=offset // 8, m=int(more)) / Raw(data)


def cut(family, size, ident=9):
    data = body(family)
    return [piece(family, at, data[at:at + size], at + size < len(data), ident) for at in range(0, len(data), size)]


def events(folder, packets):
    return read(capture(folder, [ETHER / p for p in packets]))


def said(found):
    """Without what fragments change by nature: bytes, packets and the time at which the last one came."""
    out = []
    for event in told(found):
        event.pop("timestamp")
        event.pop("flow", None)
        out.append(event)
    return out


def anomalies(found):
    return [e["anomaly"]["event"] for e in found if e["event_type"] == "anomaly"]


def flow(found):
    one, = [e for e in found if e["event_type"] == "flow"]
    return one


@pytest.mark.parametrize("family", [4, 6])
def test_any_order_and_cut_gives_the_same_events(folder, family):
    plain = said(events(folder, [whole(family)]))
    assert [e["event_type"] for e in plain] == ["dns", "flow"]
    for order in itertools.permutations(cut(family, 32)):
        found = events(folder, order)
        assert said(found) == plain
        assert flow(found)["flow"]["pkts_toserver"] == len(order)
        assert flow(found)["flow"]["bytes_toserver"] == sum(len(ETHER / p) for p in order)
    tiny = cut(family, 8)  # the header of UDP alone, then eight bytes each
    random.Random(5).shuffle(tiny)
    assert said(events(folder, tiny)) == plain


@pytest.mark.parametrize("family", [4, 6])
def test_two_datagrams_of_one_pair_are_kept_apart(folder, family):
    mixed = [p for pair in zip(cut(family, 24, 1), cut(family, 24, 2)) for p in pair]
    found = events(folder, mixed)
    assert [e["event_type"] for e in found].count("dns") == 2 and not anomalies(found)


@pytest.mark.parametrize("family", [4, 6])
def test_repeated_fragments_change_nothing(folder, family):
    pieces = cut(family, 32)
    found = events(folder, [pieces[0], pieces[0], *pieces[1:-1], pieces[1], pieces[-1]])
    assert said(found) == said(events(folder, [whole(family)])) and not anomalies(found)


@pytest.mark.parametrize("family", [4, 6])
def test_where_fragments_contradict_each_other_the_first_stays_and_it_is_told(folder, family):
    pieces, data = cut(family, 32), body(family)
    other = piece(family, 32, b"\xff" * 32, True)
    found = events(folder, [pieces[0], pieces[1], other, *pieces[2:]])
    assert anomalies(found) == ["fragment_overlap"]
    assert [e for e in said(found) if e["event_type"] == "dns"] == [e for e in said(events(folder, [whole(family)])) if e["event_type"] == "dns"]
    beyond = piece(family, 8 * ((len(data) + 15) // 8), b"\0" * 8, False)
    assert anomalies(events(folder, [pieces[0], beyond, *pieces[1:]])) == ["fragment_overlap"]


@pytest.mark.parametrize("family", [4, 6])
def test_what_never_comes_whole_is_not_silent(folder, family):
    first, *rest = cut(family, 32)
    found = events(folder, [first])
    assert flow(found)["src_port"] == 40000 and flow(found)["flow"]["pkts_toserver"] == 1
    found = events(folder, rest)
    assert "src_port" not in flow(found) and flow(found)["flow"]["pkts_toserver"] == len(rest)


def test_a_datagram_that_cannot_be_is_taken_as_it_comes(folder):
    """Beyond 65,535 bytes ("ping of death"), or cut where no fragment may be cut."""
    found = events(folder, [piece(4, 65528, b"x" * 100, False), piece(4, 0, b"x" * 13, True)])
    assert sum(e["flow"]["pkts_toserver"] for e in found if e["event_type"] == "flow") == 2


def test_tunnels_may_be_fragmented_inside_and_outside(folder):
    plain = said(events(folder, [whole(4)]))
    outer = raw(UDP(sport=5555, dport=4789) / VXLAN(vni=42, flags="Instance") / ETHER / whole(4))
    outside = [IP(src="192.0.2.1", dst="192.0.2.2", id=3, proto=17, frag=at // 8, flags="MF" if at + 40 < len(outer) else 0) /
               Raw(outer[at:at + 40]) for at in range(0, len(outer), 40)]
    found = events(folder, reversed(outside))
    assert said([{k: v for k, v in e.items()} for e in found]) == plain
    inside = [OUTER / GRE(proto=0x0800) / p for p in cut(4, 32)]
    found = events(folder, inside)
    assert said(found) == plain and flow(found)["haidang"]["tunnel"] == "gre"


def test_a_flood_of_datagrams_never_completed_is_bounded(folder):
    """5,000 of them, five times what is held: none is lost to the counts, and the question after them is still read."""
    firsts = [ETHER / IP(src="10.9.0.1", dst="10.9.0.2", id=n % 65536, proto=17, flags="MF") / Raw(b"\x9c\x40\x9c\x41\0\0\0\0" + bytes(8))
              for n in range(5000)]
    found = read(capture(folder, firsts + [ETHER / p for p in cut(4, 32)]))
    assert [e["event_type"] for e in found].count("dns") == 1
    stats = found[-1]["stats"]
    flows = [e["flow"] for e in found if e["event_type"] == "flow"]
    assert sum(f["pkts_toserver"] + f["pkts_toclient"] for f in flows) == stats["packets"] == 5000 + len(cut(4, 32))


def test_a_header_in_pieces_is_read(folder):
    """A scan by nmap -f: the header of TCP in three fragments."""
    syn = raw((IP(**V4) / TCP(sport=40000, dport=80, flags="S", seq=5)).payload)
    found = events(folder, [IP(**V4, id=9, frag=at // 8, flags="MF" if at + 8 < len(syn) else 0, proto=6) / Raw(syn[at:at + 8])
                            for at in range(0, len(syn), 8)])
    assert flow(found)["dest_port"] == 80 and flow(found)["proto"] == "TCP" and flow(found)["flow"]["pkts_toserver"] == 3
    assert flow(found)["tcp"]["syn"]


def test_options_between_the_fragment_header_and_udp_hide_nothing(folder):
    data = raw(IPv6ExtHdrDestOpt(nh=17, options=[PadN(optdata=bytes(4))])) + body(6)
    pieces = [IPv6(**V6) / IPv6ExtHdrFragment(nh=60, id=9, offset=at // 8, m=int(at + 32 < len(data))) / Raw(data[at:at + 32])
              for at in range(0, len(data), 32)]
    assert said(events(folder, pieces)) == said(events(folder, [whole(6)]))
