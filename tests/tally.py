#!/usr/bin/env python3
"""Adds up what the kinds of tests said: FOLDER KIND… -> "N passed, N failed" and the exit status.

Each kind left KIND.tap (with a last line "# exit N") or KIND.xml (JUnit). A kind that left
nothing, or ended badly without naming a failure, counts as one failure."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def tap(path):
    text = path.read_text(errors="replace")
    passed = len(re.findall(r"^ok ", text, re.M))
    failed = len(re.findall(r"^not ok ", text, re.M))
    planned = re.findall(r"^1\.\.(\d+)", text, re.M)
    ended = re.findall(r"^# exit (\d+)", text, re.M)
    whole = planned and int(planned[-1]) == passed + failed and ended and ended[-1] == "0"
    if not failed and not (whole and passed):
        failed = 1
    return passed, failed, 0


def junit(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed or int(not passed), skipped


def main():
    folder, kinds = pathlib.Path(sys.argv[1]), sys.argv[2:]
    total = [0, 0, 0]
    for kind in kinds:
        xml, text = folder / f"{kind}.xml", folder / f"{kind}.tap"
        counts = junit(xml) if xml.exists() else tap(text) if text.exists() else (0, 1, 0)
        print(f"{kind:8} {counts[0]} passed, {counts[1]} failed" + (f", {counts[2]} skipped" if counts[2] else ""))
        total = [a + b for a, b in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return int(total[1] > 0)


sys.exit(main())
