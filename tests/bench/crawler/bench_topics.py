#!/usr/bin/env python3
"""Topics and places of the labelled items (labelled.txt), those the rules were tuned on and those held out.
usage: bench_topics.py [-v] [--ndjson]   -v names each item that was judged wrongly, of the first half only."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
top = here.parents[2]
build = pathlib.Path(os.environ.get("BUILD", top / "build/release"))


def names_to_ids():
    """Every id a name stands for, from rules/places.yaml."""
    ids = {}
    for line in (top / "rules/places.yaml").read_text().splitlines():
        found = re.match(r'\s+- \{id: "?([^",]+(?:, [^",]+)*?)"?, name: "([^"]+)"', line)
        if found:
            ids.setdefault(found[2], []).append(found[1])
    return ids


def items():
    ids = names_to_ids()
    lines = [line for line in (here / "labelled.txt").read_text().splitlines() if line and line[0] != "#"]
    for number, line in enumerate(lines):
        topics, places, title, text = (part.strip() for part in line.split(" | ", 3))
        topics = [] if topics == "~" else topics.split()
        places = [] if places == "~" else [name.strip() for name in places.split(";")]
        unknown = [name for name in places if name.lstrip("?") not in ids]
        assert not unknown, f"line {number}: {unknown}"
        yield {"id": f"l{number:03}", "title": title, "text": text, "half": "held out" if number % 2 else "tuned on",
               "topics": {t for t in topics if t[0] != "?"}, "maybe": {t[1:] for t in topics if t[0] == "?"},
               "places": [set(ids[name]) for name in places if name[0] != "?"],
               "maybe_places": {place for name in places if name[0] == "?" for place in ids[name[1:]]}}


def classify(found):
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        for item in found:
            file.write(json.dumps({k: item[k] for k in ("id", "title", "text")}, ensure_ascii=False) + "\n")
        file.flush()
        rules = [part for name in ("topics", "places", "assets") for part in (f"--{name}", str(top / f"rules/{name}.yaml"))]
        out = subprocess.run([build / "bin/haidang-crawler", "classify", *rules, file.name],
                             capture_output=True, text=True, check=True).stdout
    return {json.loads(line)["id"]: json.loads(line) for line in out.splitlines()}


def main():
    found = list(items())
    got = classify(found)
    for half in ("tuned on", "held out"):
        right = wrong = missed = places = named = false = count = 0
        for item in (i for i in found if i["half"] == half):
            answer = got[item["id"]]
            topics = set(answer["topics"])
            allowed = item["maybe_places"].union(*item["places"])
            extra = [p for p in answer["places"] if p not in allowed and not p.startswith("prov:")]
            lost = [sorted(p) for p in item["places"] if not p & set(answer["places"])]
            count += 1
            right += len(topics & item["topics"])
            wrong += len(topics - item["topics"] - item["maybe"])
            missed += len(item["topics"] - topics)
            places += len(item["places"])
            named += len(item["places"]) - len(lost)
            false += len(extra)
            bad = (topics ^ item["topics"]) - item["maybe"] or extra or lost
            if bad and "-v" in sys.argv and half == "tuned on":
                print(f'{item["id"]} {item["title"][:60]} | more {sorted(topics - item["topics"] - item["maybe"])} '
                      f'missed {sorted(item["topics"] - topics)} | places more {extra} missed {lost} {answer["markers"]}')
        print(f"{half}: {count} items, topics precision {right / (right + wrong):.3f} recall {right / (right + missed):.3f} "
              f"(reach 0.90, 0.85); places recall {named / places:.3f}, false {false} = {30 * false / count:.1f} per 30 items "
              "(reach 0.90, 2)")


main()
