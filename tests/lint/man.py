#!/usr/bin/env python3
"""Man pages against the programs: each command and long option of --help stands in its page, the settings
of haidang.yaml(5) are those of --print-config, and man formats each page without a warning.

    man.py [--update]      --update rewrites the settings of haidang.yaml(5)"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("BUILD_DIR", "build/release") / "bin"
MAN = ROOT / "packaging" / "man"
PAGES = {
    "haidang.1": [["haidang"], ["haidang", "status"], ["haidang", "sources"], ["haidang", "alerts"], ["haidang", "assets"],
                  ["haidang", "mutes", "add"], ["haidang", "rules", "stats"]],
    "haidang-probe.8": [["haidang-probe"]],
    "haidang-crawler.8": [["haidang-crawler"]],
    "haidang-collector.8": [["haidang-collector"]],
    "haidang-correlator.8": [["haidang-correlator"]],
    "haidang-courier.8": [["haidang-courier"]],
    "haidang-console.8": [["haidang-console"]],
}
SETTINGS_OF = [["haidang-probe"], ["haidang-crawler"], ["haidang-collector"], ["haidang-correlator"], ["haidang-courier"], ["haidang-console"],
               ["haidang", "status"]]
BEGIN, END = '.\\" settings: begin (tests/lint/man.py --update)', '.\\" settings: end'


def run(command, *args):
    said = subprocess.run([BIN / command[0], *command[1:], *args], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if said.returncode != 0:
        sys.exit(f"{' '.join(command)} {' '.join(args)}: {said.stderr}")
    return said.stdout


def words_of_help(command):
    """Long options, and commands with their options, of a --help."""
    text = run(command, "--help")
    usage, options = text.split("\nOptions:\n")
    name = " ".join(command)
    commands = re.findall(rf"^  {re.escape(name)} ([a-z][a-z-]*)", usage, re.M)
    listed = options.split("\nSettings,")[0]
    return commands, sorted(set(re.findall(r"--([a-z][a-z-]*)", usage + listed)))


def faults_of_page(page, commands):
    path = MAN / page
    if not path.exists():
        return [f"{path} is missing"]
    text, faults = path.read_text(), []
    for command in commands:
        subcommands, options = words_of_help(command)
        faults += [f"{page}: no word of the command {' '.join(command)} {c}" for c in subcommands
                   if not re.search(rf"\bCm (?:[a-z]+ )?{re.escape(c)}\b", text)]
        faults += [f"{page}: no word of --{o}, an option of {' '.join(command)}" for o in options
                   if not re.search(rf"\bFl -{re.escape(o)}(?![a-z-])", text)]
    return faults


def settings_of(command):
    """(key, help, default) of each setting; items of a list as LIST[].NAME, without default."""
    section, rows, said = None, [], []
    for line in run(command, "--config", os.devnull, "--print-config").splitlines():
        if match := re.fullmatch(r"([a-z_]+):", line):
            section = match[1]
        elif match := re.fullmatch(r"  # (.*)", line):
            said.append(match[1])
        elif match := re.fullmatch(r"  ([a-z0-9_]+):(.*)", line):
            rows.append((f"{section}.{match[1]}", said[0], match[2].strip().strip('"')))
            rows += [(f"{section}.{match[1]}[].{name}", text, "") for name, text in
                     (re.fullmatch(r"  ([a-z0-9_]+): (.*)", s).groups() for s in said[1:])]
            said = []
    return rows


def escaped(text):
    text = text.replace("\\", "\\e").replace("…", "...")
    return "\\&" + text if text[:1] in ".'" else text


def generated():
    out, seen = [], set()
    for command in SETTINGS_OF:
        for key, help_text, default in settings_of(command):
            if key in seen:
                continue
            seen.add(key)
            out.append(f".It Cm {key}")
            out.append(escaped(help_text) + ".")
            if default not in ("", "[]"):
                out.append(f"Default: {escaped(default)}.")
    return out


def faults_of_settings(update):
    path = MAN / "haidang.yaml.5"
    lines = path.read_text().splitlines()
    first, last = lines.index(BEGIN) + 1, lines.index(END)
    wanted = generated()
    if lines[first:last] == wanted:
        return []
    if update:
        path.write_text("\n".join(lines[:first] + wanted + lines[last:]) + "\n")
        return []
    return [f"haidang.yaml.5: not what the programs say: {line}" for line in set(wanted) ^ set(lines[first:last])]


def warnings_of_man():
    if not shutil.which("man"):
        return []  # a bare machine; the names are checked all the same
    faults = []
    for page in sorted(MAN.glob("*.[158]")):
        said = subprocess.run(["man", "--warnings=w", "-E", "UTF-8", "-l", page], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"})
        faults += [f"{page.name}: {line}" for line in said.stderr.splitlines()]
    return faults


def main():
    faults = []
    for page, commands in PAGES.items():
        faults += faults_of_page(page, commands)
    faults += faults_of_settings("--update" in sys.argv[1:]) + warnings_of_man()
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
