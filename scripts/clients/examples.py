#!/usr/bin/env python3
"""Checks the examples in scripts/examples: starts the server under test and runs each example with its client; each must print what
was spoken. Fetches Node and the packages of Python and Node. Exit code 1 when an example does not print the sentence.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import ROOT, guarded, needs, parser  # noqa: E402
from measuring.node import Programs  # noqa: E402
from measuring.server import PACKS, serving  # noqa: E402

PACKAGES = ["openai==3.57.0", "requests==2.34.2"]
FOLDER = ROOT / "scripts/examples"
SAID = "Good morning from this machine."
PATIENCE_S = 300


def run(command, server):
    """Runs an example; returns whether it printed the sentence, and prints what it did."""
    environment = {**os.environ, "VOCABOX_BASE": server.url, "VOCABOX_KEY": server.key}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    holds = done.returncode == 0 and done.stdout.strip() == SAID
    told = done.stdout.strip() if holds else f"{done.returncode} {done.stdout}{done.stderr}"
    print(f"{'ok    ' if holds else 'WRONG '} {Path(command[-1]).name}: {told}", flush=True)
    return holds


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS, packages=PACKAGES)
    needs.command("curl", "curl")
    needs.command("jq", "jq")
    holds = []
    with Programs() as programs, serving(options.binary, PACKS) as server:
        holds.append(run([FOLDER / "curl.sh"], server))
        for name in ("python_requests.py", "python_openai.py"):
            holds.append(run([sys.executable, FOLDER / name], server))
        for name in ("node_fetch.mjs", "node_openai.mjs"):
            holds.append(run(programs.command(FOLDER / name), server))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
