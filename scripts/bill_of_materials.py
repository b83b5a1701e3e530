#!/usr/bin/env python3
"""Writes what is inside the packaged program: a bill of materials (CycloneDX 1.5, with the models) and the licences of all of it.

scripts/package runs it after it has built the program into FOLDER. It refuses a licence under which the program could not be
handed on under Apache-2.0: of the GNU GPL, AGPL or LGPL, and one that is not stated.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from measuring import ROOT, guarded, needs, parser

TARGET = "x86_64-unknown-linux-gnu"
REFUSED = re.compile(r"\b[AL]?GPL\b|unstated", re.I)
LICENCE_FILE = re.compile(r"^(licen[cs]e|copying|notice|unlicense)", re.I)


def output(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed")
    return done.stdout


def crates():
    """The crates that are linked into the program, without ours and those that only build it."""
    told = json.loads(output("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET))
    packages = {package["id"]: package for package in told["packages"]}
    needs = {
        node["id"]: [d["pkg"] for d in node["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])]
        for node in told["resolve"]["nodes"]
    }
    seen, left = set(), [told["resolve"]["root"]]
    while left:
        one = left.pop()
        if one not in seen and not any("proc-macro" in target["kind"] for target in packages[one]["targets"]):
            seen.add(one)
            left += needs[one]
    return sorted((packages[one] for one in seen if packages[one]["source"]), key=lambda p: (p["name"], p["version"]))


def may_be_handed_on(licence):
    """Whether one choice of an expression of SPDX is none that is refused."""
    choices = re.split(r"\s+OR\s+|/", licence or "")
    return any(choice and not REFUSED.search(choice) for choice in choices)


def texts(folder):
    return [path for path in sorted(folder.iterdir()) if path.is_file() and LICENCE_FILE.match(path.name)]


def packs(program):
    """The manifests of the packs within the program."""
    rows = json.loads(output(program, "--models-dir", ROOT / "target/package/none", "models", "list", "--json"))
    return [json.loads(output(program, "--models-dir", ROOT / "target/package/none", "models", "show", row["name"])) for row in rows]


def runtime():
    """The manifest of ONNX Runtime, which the program embeds."""
    return json.loads(output(ROOT / "target/package/share/vocabox", "models", "show", "onnxruntime"))


def model(manifest):
    """A component of CycloneDX."""
    return {
        "type": "library" if manifest["kind"] == "runtime" else "machine-learning-model",
        "bom-ref": f"pack:{manifest['name']}",
        "name": manifest["name"],
        "description": manifest["description"],
        "licenses": [{"expression": manifest["licence"]}],
        "components": [
            {
                "type": "file",
                "name": file["path"],
                "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
            }
            for file in manifest["files"]
        ],
        "externalReferences": [{"type": "distribution", "url": url} for url in re.findall(r"https?://[^\s,;)]+", manifest["origin"])],
    }


def bill(models):
    """The bill of the crates as cargo-cyclonedx writes it, with the models added."""
    name = "bill"
    output("cargo", "cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", TARGET, "--override-filename", name)
    # Without the folder of this machine, which it names in its references.
    text = (ROOT / f"{name}.json").read_text(encoding="utf-8").replace(str(ROOT), "/vocabox")
    bill = json.loads(text)
    # It writes one beside the manifest of each member of the workspace.
    for member in json.loads(output("cargo", "metadata", "--format-version", "1", "--locked", "--no-deps"))["packages"]:
        Path(member["manifest_path"]).with_name(f"{name}.json").unlink(missing_ok=True)
    bill.pop("serialNumber", None)
    bill["components"] += models
    return bill


def main():
    options = parser(__doc__)
    options.add_argument("folder", type=Path, metavar="FOLDER")
    folder = options.parse_args().folder
    program = needs.file(folder / "vocabox", "scripts/package makes it").resolve()
    used = crates()
    manifests = [runtime(), *packs(program)]
    named = [(f"{p['name']} {p['version']}", p["license"]) for p in used] + [(m["name"], m["licence"]) for m in manifests]
    refused = [f"{name}: {licence}" for name, licence in named if licence and not may_be_handed_on(licence)]
    if refused:
        sys.exit("these licences do not allow to hand on the program under Apache-2.0: " + "; ".join(refused))
    (folder / "vocabox.cdx.json").write_text(json.dumps(bill([model(m) for m in manifests]), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    with (folder / "THIRD-PARTY-LICENCES.txt").open("w", encoding="utf-8") as out:
        for manifest in manifests:
            out.write(f"== {manifest['name']}: {manifest['licence']}\n{manifest['title']}. From {manifest['origin']}\n\n")
        for package in used:
            out.write(f"== {package['name']} {package['version']}: {package['license'] or 'see below'}\n")
            for path in texts(Path(package["manifest_path"]).parent):
                out.write(f"-- {path.name}\n{path.read_text(encoding='utf-8', errors='replace').strip()}\n")
            out.write("\n")
    print(f"{len(used)} crates and {len(manifests)} packs; vocabox.cdx.json, THIRD-PARTY-LICENCES.txt")


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
