#!/usr/bin/env python3
"""Checks the examples in scripts/examples: starts the server under test and runs each example with its client; each must print what
was spoken. Fetches Python packages; examples of Node run where node is installed, those with OpenAI's package also need npm and
its registry (--node). Exit code 1 when an example does not print the sentence.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import ROOT, guarded, needs, parser  # noqa: E402
from measuring.server import PACKS, serving  # noqa: E402

PACKAGES = ["openai==3.57.0", "requests==2.34.2"]
NODE_PACKAGE = "openai@7"
FOLDER = ROOT / "scripts/examples"
SAID = "Good morning from this machine."
PATIENCE_S = 300


def run(command, server, cwd=None):
    """Runs an example; returns whether it printed the sentence, and prints what it did."""
    environment = {**os.environ, "VOCABOX_BASE": server.url, "VOCABOX_KEY": server.key}
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S)
    holds = done.returncode == 0 and done.stdout.strip() == SAID
    told = done.stdout.strip() if holds else f"{done.returncode} {done.stdout}{done.stderr}"
    print(f"{'ok    ' if holds else 'WRONG '} {Path(command[-1]).name}: {told}", flush=True)
    return holds


def main():
    options = parser(__doc__)
    options.add_argument("--node", action="store_true", help="install OpenAI's package for Node and run its example, too")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS, packages=PACKAGES)
    needs.command("curl", "curl")
    needs.command("jq", "jq")
    holds = []
    with serving(options.binary, PACKS) as server, tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        holds.append(run([FOLDER / "curl.sh"], server))
        for name in ("python_requests.py", "python_openai.py"):
            holds.append(run([sys.executable, FOLDER / name], server))
        if shutil.which("node"):
            holds.append(run(["node", FOLDER / "node_fetch.mjs"], server))
        else:
            print("not run: node_fetch.mjs, because node is not installed")
        if options.node:
            npm = needs.command("npm", "npm")
            subprocess.run([npm, "install", "--silent", NODE_PACKAGE], cwd=folder, check=True)
            shutil.copy(FOLDER / "node_openai.mjs", folder)
            holds.append(run(["node", Path(folder) / "node_openai.mjs"], server))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
