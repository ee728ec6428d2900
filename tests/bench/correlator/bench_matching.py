#!/usr/bin/env python3
"""Matching in one process, without Redis: events per second of CPU with the rule pack and with 3,750 rules shaped
like the public collection (made by make_rules.py), by their log sources and all of them on every event; how long
they take to load. Then the same counting job for the correlator's code in one process and its peer SEC (Debian package
sec), from the same file, with 1 and with 100 rules: CPU time of both, start and file reading included. BUILD names the build folder; an argument changes the number
of events."""
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
REACH = {"pack": 300_000, "public": 150_000, "load_s": 2}


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
    own, said = cpu_of([MATCH, "1", events, ours])
    own_alerts = json.loads(said)["alerts"]
    if not shutil.which("sec"):
        return print("sec is not installed: no peer")
    peer, peer_said = cpu_of(["sec", f"--conf={theirs}", f"--input={events}", "--notail", "--fromstart"])
    return print(f"{rules} counting rules over {len(lines)} events: {own:.2f} s of CPU ({own_alerts} alerts), "
                 f"sec {peer:.2f} s ({peer_said.count('alert')} alerts); sec / haidang = {peer / own:.1f}")


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
        for rules in (1, COUNTERS):
            count_against_sec(folder, lines, rules)
    short = [n for n, missed in (("pack", pack < REACH["pack"]), ("public", rate < REACH["public"]), ("load", found["load_s"] > REACH["load_s"])) if missed]
    print("short of: " + ", ".join(short) if short else "all reached")
    return bool(short)


sys.exit(main())
