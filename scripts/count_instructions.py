#!/usr/bin/env python3
"""Counts the instructions of steps that must not get slower unnoticed, and compares them with benches/instructions.toml.

benches/instructions.rs runs each step once; valgrind counts. Counts do not depend on how busy the machine is, and hardly on which it
is: valgrind has the same instructions (up to AVX2) on all. They are those of a build for the tests, in which our crates that compute
have optimisation level 2. A count above its bound by more than 3 % is an error, one below by more than 10 % asks for a new bound.
Needs valgrind and cargo; builds what it counts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from measuring import ROOT, Fault, Usage, guarded, needs, parser, write_atomically

BOUNDS = ROOT / "benches/instructions.toml"
HEAD = """# The most instructions that each step of benches/work.rs may take; `scripts/count_instructions.py --write` renews them.
#
# They are those of the tests' build: dependencies have opt-level 3 there, the crates audio, engine, media, store and text 2, the
# others (edge, request, the server itself) 0. So compare a count with its bound, not one step with another. Valgrind shows programs
# the same processor on every machine with AVX2; what differs a little is the C library, and tables with random seeds.
"""
MORE, LESS = 1.03, 0.90


def built() -> Path:
    """Builds the program that runs the steps; returns its path."""
    command = ["cargo", "test", "--locked", "--bench", "instructions", "--no-run"]
    ran = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    found = re.search(r"Executable \S+ \((.+)\)", ran.stderr)
    if ran.returncode or found is None:
        raise Fault(f"cargo could not build what is counted: {ran.stderr[-2000:]}")
    return ROOT / found[1]


def counted(program: Path) -> dict[str, int]:
    """The instructions of each step: valgrind writes a file whenever `measured` has returned, and counts anew when it starts."""
    with tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        out = Path(folder, "counts")
        names = "--zero-before=measured", "--dump-after=measured"
        valgrind = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}", *names, str(program)]
        ran = subprocess.run(valgrind, capture_output=True, text=True)
        if ran.returncode:
            raise Fault(f"valgrind ended with {ran.returncode}: {ran.stderr[-2000:]}")
        steps = ran.stdout.split()
        counts = [re.search(r"^(?:totals|summary): (\d+)", Path(f"{out}.{at + 1}").read_text(), re.M) for at in range(len(steps))]
    return {step: int(count[1]) for step, count in zip(steps, counts, strict=True)}


def wrong(counts: dict[str, int], bounds: dict[str, int]) -> list[str]:
    """A line for each step whose bound does not hold or is out of date."""
    lines = [f"{step} is not in {BOUNDS.name}" for step in counts.keys() - bounds.keys()]
    lines += [f"{step} of {BOUNDS.name} was not counted" for step in bounds.keys() - counts.keys()]
    for step in counts.keys() & bounds.keys():
        ratio = counts[step] / bounds[step]
        if ratio > MORE:
            lines.append(f"{step} takes {counts[step]} instructions, {ratio:.2f} times its bound of {bounds[step]}")
        elif ratio < LESS:
            lines.append(f"{step} takes only {counts[step]} instructions of {bounds[step]}: lower its bound by --write")
    return sorted(lines)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--write", action="store_true", help="make the counts the new bounds")
    options = options.parse_args()
    needs.command("valgrind", "valgrind")
    if shutil.which("cargo") is None:
        raise Usage("cargo is missing: install rustup")
    counts = counted(built())
    for step, count in counts.items():
        print(f"{count:12,}  {step}".replace(",", " "))
    if options.write:
        write_atomically(BOUNDS, (HEAD + "".join(f"{step} = {count}\n" for step, count in counts.items())).encode())
        return
    if lines := wrong(counts, tomllib.loads(BOUNDS.read_text(encoding="utf-8"))):
        raise Fault("\n".join(lines))


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
