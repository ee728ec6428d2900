#!/usr/bin/env python3
"""Matching in one process, without Redis: events per second of CPU with the rule pack and with 3,750 rules shaped
like the public collection (made by make_rules.py), by their log sources and all of them on every event; how long
they take to load. Then the same counting job for the correlator's code in one process and its peer SEC (Debian package
sec), from the same file, with 1 and with 100 rules: user and system time of both, start and file reading included, the
least of several runs in turns. Both must raise the same alerts: the windows are so long that it does not matter that SEC
takes the time from the clock and the correlator from the events; the correlator's revisions of an alert, by which it
tells of a storm that goes on, have no match in SEC and do not count. BUILD names the build folder; an argument changes the
number of events."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import make_rules
from bench_correlator import OUR_RULE, SEC_RULE, make_events

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
MATCH = BUILD / "tests/bench/correlator/bench_match"
RULES, COUNTERS = 3750, 100
RUNS = {1: 5, COUNTERS: 1}
REACH = {"pack": 300_000, "public": 150_000, "load_s": 2, "sec": 5}


def match(events, *rules, raw=False):
    said = subprocess.run([MATCH, *(["--raw"] if raw else []), "3", events, *rules], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(said.stdout)


def show(name, found):
    rate = found["events"] / found["match_s"]
    print(f"{name}: {found['rules']} rules loaded in {found['load_s']:.2f} s; {rate:,.0f} events/s of one core "
          f"({found['bytes'] // found['events']} bytes each, {found['matched'] / found['events']:.1%} matched)")
    return rate


def cpu_of(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def counted_question(rng, line, types):
    line = line.replace('"rrtype":"A"', f'"rrtype":"{rng.choice(types)}"')
    return re.sub('"src_ip":"[^"]*"', f'"src_ip":"10.77.9.{rng.randrange(3)}"', line)


def count_against_sec(folder, lines, rules):
    types = ["TXT"] + [f"TYPE{n}" for n in range(300, 299 + rules)]
    rng = random.Random(3)
    counted = [counted_question(rng, line, types) if '"rrtype":"A"' in line and rng.random() < 0.3 else line for line in lines]
    events, ours, theirs = folder / "count.ndjson", folder / "count.yml", folder / "sec.conf"
    events.write_text("\n".join(counted) + "\n")
    ours.write_text("".join(OUR_RULE % ((t,) * 5) for t in types))
    theirs.write_text("".join(SEC_RULE % (t, t) for t in types))
    if not shutil.which("sec"):
        print("sec is not installed: no peer")
        return True
    own, peer = [], []
    for _ in range(RUNS[rules]):
        own.append(cpu_of([MATCH, "1", events, ours]))
        peer.append(cpu_of(["sec", f"--conf={theirs}", f"--input={events}", "--notail", "--fromstart"]))
    said, peer_alerts = json.loads(own[0][1]), peer[0][1].count("alert")
    own_s, peer_s = min(own)[0], min(peer)[0]
    print(f"{rules} counting rules over {len(lines)} events: {own_s:.3f} s of CPU ({said['alerts']} alerts, and {said['revisions']} "
          f"revisions of them), sec {peer_s:.3f} s ({peer_alerts} alerts); sec / haidang = {peer_s / own_s:.1f}")
    if said["alerts"] != peer_alerts:
        sys.exit("the two did not do the same job")
    return peer_s / own_s >= REACH["sec"]


def main():
    lines = make_events(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    with tempfile.TemporaryDirectory(prefix="hd-match-") as name:
        folder = pathlib.Path(name)
        events, public = folder / "events.ndjson", folder / "public"
        events.write_text("\n".join(lines) + "\n")
        public.mkdir()
        for number, text in enumerate(make_rules.make(RULES)):
            (public / f"{number:04}.yml").write_text(text)
        pack = show("The rule pack", match(events, ROOT / "rules/sigma"))
        found = match(events, public)
        rate = show("Public shape", found)
        show("Public shape, every rule on every event", match(events, public, raw=True))
        show("Both", match(events, public, ROOT / "rules/sigma"))
        sec = all([count_against_sec(folder, lines, rules) for rules in RUNS])
    short = [n for n, missed in (("pack", pack < REACH["pack"]), ("public", rate < REACH["public"]),
                                 ("load", found["load_s"] > REACH["load_s"]), ("sec", not sec)) if missed]
    print("short of: " + ", ".join(short) if short else "all reached")
    return bool(short)


sys.exit(main())
