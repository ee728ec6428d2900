#!/usr/bin/env python3
"""Memory of the whole idle appliance: the five programs with their children, and Redis, after ten
quiet seconds. Rss counts pages that programs share once for each, Pss once in all. BUILD names the
build folder."""
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "packaging/demo"))
sys.dont_write_bytecode = True

from appliance import PROGRAMS  # noqa: E402
from demo import Demo  # noqa: E402

QUIET_S = 10
MOST_MIB = 300


def family(pid):
    """The process and its descendants."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def memory_kib(pid):
    rows = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    values = {row.split(":")[0]: int(row.split()[1]) for row in rows if row.endswith("kB")}
    return values["Rss"], values["Pss"]


def main():
    programs = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve() / "bin"
    with tempfile.TemporaryDirectory(prefix="hd-memory-") as folder:
        demo = Demo(pathlib.Path(folder), programs, replay=True)
        try:
            demo.start_network()
            demo.start_appliance()
            time.sleep(QUIET_S)
            demo.children.check()
            sums = [0, 0]
            for name, process in demo.children.all:
                if name not in (*PROGRAMS, "redis"):
                    continue
                of_all = [memory_kib(pid) for pid in family(process.pid)]
                rss, pss = (sum(column) for column in zip(*of_all))
                sums[0] += rss
                sums[1] += pss
                print(f"{name:<12} {rss / 1024:7.1f} MiB resident  {pss / 1024:7.1f} MiB proportional")
        finally:
            demo.end()
    print(f"{'appliance':<12} {sums[0] / 1024:7.1f} MiB resident  {sums[1] / 1024:7.1f} MiB proportional  "
          f"(at most {MOST_MIB}: ratio {sums[0] / 1024 / MOST_MIB:.2f})")
    return sums[0] / 1024 > MOST_MIB


if __name__ == "__main__":
    sys.exit(main())
