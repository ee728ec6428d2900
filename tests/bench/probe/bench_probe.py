#!/usr/bin/env python3
"""Packets per second of processor time: haidang-probe, all events written, beside ndpiReader -q, on
the same capture in the same run, one packet thread each. Best of three; the ratio should be 1 or more."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BUILD", HERE.parents[2] / "build/release"))
FLOWS, RUNS = 90000, 3


def cpu_seconds(argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hd-bench-"))
    try:
        capture = folder / "mix.pcap"
        said = subprocess.run([sys.executable, HERE / "make_capture.py", capture, str(FLOWS)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        packets, size = map(int, said.split())
        ours = [str(BUILD / "bin/haidang-probe"), "-r", str(capture), "-o", "/dev/null", "--redis", ""]
        peer = ["ndpiReader", "-q", "-i", str(capture)]
        best = {"ours": float("inf"), "peer": float("inf")}
        for _ in range(RUNS):  # by turns, so that a busy machine hurts both
            best["ours"] = min(best["ours"], cpu_seconds(ours))
            if shutil.which("ndpiReader"):
                best["peer"] = min(best["peer"], cpu_seconds(peer))
    finally:
        shutil.rmtree(folder)
    print(f"capture: {packets} packets, {size / 1e6:.0f} MB, {FLOWS} flows")
    print(f"haidang-probe  {packets / best['ours'] / 1e3:8.0f} kpackets/s of processor time")
    if best["peer"] == float("inf"):
        print("ndpiReader is not installed (package libndpi-bin): no ratio")
        return 0
    ratio = best["peer"] / best["ours"]
    print(f"ndpiReader -q  {packets / best['peer'] / 1e3:8.0f} kpackets/s of processor time")
    print(f"ratio          {ratio:8.2f}")
    return ratio < 1


if __name__ == "__main__":
    sys.exit(main())
