"""Stored traffic: written while the real programs run, and played again as if it happened now."""
import heapq
import os
import struct
import threading
import time

FILE_HEADER = struct.Struct("<IHHiIII")
PACKET_HEADER = struct.Struct("<IIII")
MAGIC_US = 0xA1B2C3D4
ETHERNET = 1
LONGEST_PAUSE_S = 0.5


def read(path):
    """[(seconds since the first packet, bytes)], long pauses cut short."""
    data = path.read_bytes()
    magic, _, _, _, _, _, link = FILE_HEADER.unpack_from(data)
    if magic != MAGIC_US or link != ETHERNET:
        raise ValueError(f"{path}: not a little-endian Ethernet pcap file")
    packets, at, last, now = [], FILE_HEADER.size, None, 0.0
    while at + PACKET_HEADER.size <= len(data):
        sec, usec, captured, _ = PACKET_HEADER.unpack_from(data, at)
        at += PACKET_HEADER.size
        stamp = sec + usec / 1e6
        if last is not None:
            now += min(max(stamp - last, 0.0), LONGEST_PAUSE_S)
        last = stamp
        packets.append((now, data[at:at + captured]))
        at += captured
    return packets


def write_header(out):
    out.write(FILE_HEADER.pack(MAGIC_US, 2, 4, 0, 0, 262144, ETHERNET))


def write_packet(out, stamp, packet):
    sec = int(stamp)
    out.write(PACKET_HEADER.pack(sec, int((stamp - sec) * 1e6), len(packet), len(packet)) + packet)


class Player:
    """Writes packets into a pipe at the pace they were captured, with the time of now. The probe
    reads the pipe as a capture file that does not end yet."""

    def __init__(self, folder):
        self.pipe = folder / f"traffic-{time.monotonic_ns()}.pcap"
        os.mkfifo(self.pipe, 0o600)
        self.waiting, self.order = [], 0
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def add(self, packets):
        """Plays them from now on; gives the time when the last will have been written."""
        start = time.time()
        with self.changed:
            for offset, packet in packets:
                self.order += 1
                heapq.heappush(self.waiting, (start + offset, self.order, packet))
            self.changed.notify()
        return start + packets[-1][0]

    def write(self):
        try:
            with open(self.pipe, "wb", buffering=0) as out:
                write_header(out)
                while True:
                    due = self.next_due()
                    if due is None:
                        return
                    write_packet(out, time.time(), due)
        except BrokenPipeError:
            pass  # the probe has ended

    def next_due(self):
        with self.changed:
            while not self.ended:
                if not self.waiting:
                    self.changed.wait()
                    continue
                wait = self.waiting[0][0] - time.time()
                if wait <= 0:
                    return heapq.heappop(self.waiting)[2]
                self.changed.wait(wait)
        return None

    def close(self):
        """The end of the capture: the probe reads to here and ends."""
        with self.changed:
            self.ended = True
            self.changed.notify()
        try:  # a writer that still waits for its reader gets one
            os.close(os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            pass
        self.thread.join(2)


class StoredTraffic:
    """Has the steps of traffic.LiveTraffic, from tests/pcap/demo."""

    def __init__(self, store, player, portal_page, injected_page):
        self.store, self.player = store, player
        self.portal_page, self.injected_page = portal_page, injected_page

    def do(self, step):
        end = self.player.add(read(self.store / f"{step}.pcap"))
        time.sleep(max(0.0, end - time.time()))
        if step == "portal_upload":  # nobody answers the upload here: put the page there ourselves
            self.portal_page.write_bytes(self.injected_page.read_bytes())
