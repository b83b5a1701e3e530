#!/usr/bin/env python3
"""Tells by how much the times of benches differ without any change, and which differences are more than that.

Runs each bench several times with one and the same build, and prints a table for a record in benches/runs: for each benchmark the
median of the medians that criterion found, and the noise floor, by which the slowest run is above the fastest. Only a difference
above the floor is called a change. Figures hold for the machine that they are of.

    scripts/noise_floors.py kernels times                 a table of these benches
    scripts/noise_floors.py --since RECORD kernels times  one run, compared with the table in RECORD

--since names each benchmark that is slower or faster than in RECORD by more than its floor there; exit code 1 when one is slower.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
from pathlib import Path

from measuring import ROOT, Fault, Usage, children, guarded, last_line, needs, parser

# Where criterion keeps what it measured: GROUP/BENCHMARK/BASELINE.
CRITERION = ROOT / "target/criterion"
BASELINE = "noise-floors"
# Nanoseconds of the unit.
MICROSECOND = 1e3
ROW = re.compile(r"^\| `(.+)` \| ([\d.]+) \| ([\d.]+) \|$", re.M)


def measured(benches: list[str], profile: str, quick: bool) -> dict[str, float]:
    """Runs the benches; returns the median of each benchmark in nanoseconds."""
    for old in CRITERION.rglob(BASELINE):
        shutil.rmtree(old)
    for bench in benches:
        command = ["cargo", "bench", "--locked", "--profile", profile, "--bench", bench, "--"]
        ran = children.run([*command, "--noplot", "--save-baseline", BASELINE, *(["--quick"] if quick else [])])
        if ran.returncode:
            raise Fault(f"{bench}: {last_line(ran.stderr)}")
    medians = {}
    for told in CRITERION.rglob(f"{BASELINE}/benchmark.json"):
        name = json.loads(told.read_text(encoding="utf-8"))["full_id"]
        estimates = json.loads(told.with_name("estimates.json").read_text(encoding="utf-8"))
        medians[name] = estimates["median"]["point_estimate"]
    if not medians:
        raise Fault(f"criterion measured nothing in {', '.join(benches)}")
    return medians


def table(runs: list[dict[str, float]]) -> str:
    """The rows of a record."""
    rows = [f"| benchmark, {len(runs)} runs | median, µs | noise floor, % |", "| --- | --- | --- |"]
    for name in sorted(runs[0]):
        times = [run[name] for run in runs]
        floor = 100 * (max(times) / min(times) - 1)
        rows.append(f"| `{name}` | {statistics.median(times) / MICROSECOND:.2f} | {floor:.1f} |")
    return "\n".join(rows)


def slower(record: str, now: dict[str, float]) -> list[str]:
    """Prints what changed since the record; returns what is slower."""
    kept = {name: (float(median), float(floor)) for name, median, floor in ROW.findall(record)}
    both = sorted(kept.keys() & now.keys())
    if not both:
        raise Fault("the record has none of these benchmarks")
    found = []
    for name in both:
        median, floor = kept[name]
        change = 100 * (now[name] / MICROSECOND / median - 1)
        word = "no change" if abs(change) <= floor else "slower" if change > 0 else "faster"
        print(f"{name}: {change:+.1f} %, floor {floor:.1f} %: {word}")
        if word == "slower":
            found.append(name)
    return found


def main() -> int:
    options = parser(__doc__)
    options.add_argument("benches", nargs="+", metavar="BENCH", help="a bench of criterion's, as Cargo.toml names it")
    options.add_argument("--runs", type=needs.count, default=5, metavar="N", help="runs of the same build (default: 5)")
    options.add_argument("--profile", default="bench", metavar="NAME", help="cargo's profile (default: bench)")
    options.add_argument("--quick", action="store_true", help="criterion's quick mode: less sure")
    options.add_argument("--since", type=Path, metavar="RECORD", help="compare one run with this record")
    told = options.parse_args()
    if told.since is not None and not told.since.is_file():
        raise Usage(f"{told.since} is missing")
    if shutil.which("cargo") is None:
        raise Usage("cargo is missing: install rustup")
    if told.since is not None:
        now = measured(told.benches, told.profile, told.quick)
        return 1 if slower(told.since.read_text(encoding="utf-8"), now) else 0
    print(table([measured(told.benches, told.profile, told.quick) for _ in range(told.runs)]))
    return 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
