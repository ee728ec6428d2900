#!/usr/bin/env python3
"""What the inventory costs when nothing is new, as it is nearly always: CPU time of matching the same events against the
rule pack without it and with one in memory that has seen them all, in turns. BUILD names the build folder; an argument
changes the number of events."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from bench_correlator import make_events

ROOT = pathlib.Path(__file__).resolve().parents[3]
MATCH = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve() / "tests/bench/correlator/bench_match"
RUNS, MOST = 5, 1.5


def match(events, *options):
    said = subprocess.run([MATCH, *options, "3", events, ROOT / "rules/sigma"], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def main():
    with tempfile.TemporaryDirectory(prefix="hd-inventory-") as name:
        events = pathlib.Path(name) / "events.ndjson"
        events.write_text("\n".join(make_events(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)) + "\n")
        runs = [(match(events), match(events, "--inventory")) for _ in range(RUNS)]
    off, on = (min((run[i] for run in runs), key=lambda found: found["match_s"]) for i in (0, 1))
    ratio = on["match_s"] / off["match_s"]
    print(f"{off['events']} events, {off['rules']} rules: {off['events'] / off['match_s']:,.0f} events/s of one core without the "
          f"inventory, {on['events'] / on['match_s']:,.0f} with it and nothing new; on / off = {ratio:.2f} in CPU time "
          f"({(on['match_s'] - off['match_s']) / off['events'] * 1e9:.0f} ns an event)")
    if (on["alerts"], on["matched"]) != (off["alerts"], off["matched"]):
        sys.exit("with nothing new the alerts must be the same")
    return ratio > MOST


sys.exit(main())
