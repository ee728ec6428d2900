#!/usr/bin/env python3
"""Runs every bench, tests/bench/PART/bench_*.py, one after the other. Each prints what it measured
and its peer in the same run, as a ratio. BUILD names the build folder (build/release)."""
import os
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
failed = 0
for bench in sorted(here.glob("*/bench_*.py")):
    print(f"== {bench.relative_to(here)}", flush=True)
    env = {"BUILD": str(here.parents[1] / "build/release"), **os.environ}
    failed += subprocess.run([sys.executable, str(bench)], env=env, check=False).returncode != 0
sys.exit(failed > 0)
