#!/usr/bin/env python3
"""Writes the capture of the probe's benchmark: the same bytes each time for the same numbers.

    make_capture.py OUT.pcap [FLOWS]

A mix of short conversations (DNS, HTTP, TLS 1.2, unanswered SYNs) and bulk TCP. The packets of
FLOWS conversations are interleaved in time, as on a wire."""
import heapq
import pathlib
import random
import struct
import sys

ETHERNET = bytes.fromhex("020000000001020000000002")


def ipv4(src, dst, proto, body):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0x4000, 64, proto, 0, src, dst)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ETHERNET + b"\x08\x00" + head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + body


def udp(src, sport, dst, dport, payload):
    return ipv4(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload)


class Tcp:
    """One connection; each method appends frames."""

    def __init__(self, client, sport, server, dport, rng):
        self.ends = ((client, sport), (server, dport))
        self.seq = [rng.getrandbits(32), rng.getrandbits(32)]
        self.frames = []

    def send(self, side, flags, payload=b""):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        ack = self.seq[1 - side] if flags & 0x10 else 0
        head = struct.pack("!HHIIBBHHH", sport, dport, self.seq[side], ack, 0x50, flags, 64240, 0, 0)
        self.frames.append(ipv4(src, dst, 6, head + payload))
        step = len(payload) + (1 if flags & 3 else 0)
        self.seq[side] = (self.seq[side] + step) & 0xFFFFFFFF

    def open(self):
        self.send(0, 0x02)
        self.send(1, 0x12)
        self.send(0, 0x10)

    def data(self, side, payload):
        for at in range(0, len(payload), 1460):
            self.send(side, 0x18, payload[at:at + 1460])
        self.send(1 - side, 0x10)

    def close(self):
        self.send(0, 0x11)
        self.send(1, 0x11)
        self.send(0, 0x10)


def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def dns(client, rng, name):
    sport, ident = rng.randrange(1024, 65536), rng.getrandbits(16)
    server, question = bytes([10, 0, 0, 53]), labels(name) + b"\0\1\0\1"
    query = struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question
    answer = (struct.pack("!HHHHHH", ident, 0x8180, 1, 1, 0, 0) + question +
              b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + bytes(rng.getrandbits(8) for _ in range(4)))
    return [udp(client, sport, server, 53, query), udp(server, 53, client, sport, answer)]


def http(client, rng, name):
    c = Tcp(client, rng.randrange(1024, 65536), bytes([203, 0, 113, rng.randrange(1, 255)]), 80, rng)
    body = b"x" * rng.randrange(200, 20000)
    c.open()
    c.data(0, (f"GET /page/{rng.getrandbits(20)}?id={rng.getrandbits(10)} HTTP/1.1\r\nHost: {name}\r\n"
               "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n\r\n").encode())
    c.data(1, (f"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    c.close()
    return c.frames


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def handshake(kind, body):
    message = bytes([kind]) + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x03" + struct.pack("!H", len(message)) + message


def random_bytes(rng, count):
    return rng.getrandbits(8 * count).to_bytes(count, "big")


def tls(client, rng, name):
    c = Tcp(client, rng.randrange(1024, 65536), bytes([198, 51, 100, rng.randrange(1, 255)]), 443, rng)
    sni = name.encode()
    extensions = (extension(0, struct.pack("!HBH", len(sni) + 3, 0, len(sni)) + sni) +
                  extension(10, b"\0\4\0\x1d\0\x17") + extension(11, b"\1\0") +
                  extension(16, b"\0\x0c\2h2\x08http/1.1") + extension(43, b"\4\3\4\3\3"))
    hello = (b"\3\3" + random_bytes(rng, 32) + b"\x20" + random_bytes(rng, 32) +
             b"\0\6\x13\1\x13\2\xc0\x2f\1\0" + struct.pack("!H", len(extensions)) + extensions)
    answer = (b"\3\3" + random_bytes(rng, 32) + b"\0\x13\1\0" +
              struct.pack("!H", 6) + extension(43, b"\3\4"))
    secret = random_bytes(rng, rng.randrange(400, 1300))
    c.open()
    c.data(0, handshake(1, hello))
    c.data(1, handshake(2, answer) + b"\x14\3\3\0\1\1" +
           b"\x17\3\3" + struct.pack("!H", len(secret)) + secret)
    for _ in range(rng.randrange(2, 12)):
        c.data(rng.randrange(2), b"\x17\3\3\2\0" + random_bytes(rng, 512))
    c.close()
    return c.frames


def syn(client, rng, _name):
    c = Tcp(client, rng.randrange(1024, 65536), bytes([192, 0, 2, rng.randrange(1, 255)]),
            rng.randrange(1, 10000), rng)
    c.send(0, 0x02)
    return c.frames


def bulk(client, rng, _name):
    c = Tcp(client, rng.randrange(1024, 65536), bytes([10, 9, 0, rng.randrange(1, 255)]), 8000, rng)
    block = random_bytes(rng, 1460)
    c.open()
    for _ in range(rng.randrange(1000, 6000)):
        c.send(1, 0x10, block)
    c.close()
    return c.frames


def conversations(flows, rng):
    kinds = [dns] * 45 + [http] * 25 + [tls] * 25 + [syn] * 5
    for number in range(flows):
        client = bytes([10, 1, rng.randrange(256), rng.randrange(1, 255)])
        name = f"host{rng.randrange(20000)}.example{rng.randrange(50)}.com"
        kind = bulk if number % 500 == 7 else rng.choice(kinds)
        yield number * 200, rng.randrange(20, 3000), kind(client, rng, name)


def main():
    out, flows = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60000
    rng, count, waiting = random.Random(20261123), 0, []
    with out.open("wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))

        def write_until(time):
            nonlocal count
            while waiting and waiting[0][0] < time:
                at, order, step, index, frames = heapq.heappop(waiting)
                frame = frames[index]
                f.write(struct.pack("<IIII", 1700000000 + at // 1000000, at % 1000000, len(frame), len(frame)))
                f.write(frame)
                count += 1
                if index + 1 < len(frames):
                    heapq.heappush(waiting, (at + step, order, step, index + 1, frames))

        for order, (start, step, frames) in enumerate(conversations(flows, rng)):
            write_until(start)
            heapq.heappush(waiting, (start, order, step, 0, frames))
        write_until(float("inf"))
    print(count, out.stat().st_size)


if __name__ == "__main__":
    main()
