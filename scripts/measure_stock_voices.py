#!/usr/bin/env python3
"""Measures Kokoro's voices for cloning, and puts the measurements into its pack.

A server with an empty data folder and the packs that are fetched by default measures all voices; its file is rounded and packed into
scripts/models/stock-voices.json.xz, from which scripts/fetch-models takes it, and models/kokoro/pack.toml gets its size and hash. To
be run when a graph of these packs, a voice or the measuring (MEASURING in src/clone/catalog.rs) changes. Needs a release build.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import sys

from measuring import ROOT, Fault, guarded, needs, parser, write_atomically
from measuring.server import serving

PACKS = ["kokoro", "silero-vad", "speaker-campplus", "speaker-ge2e", "segmentation-pyannote", "onnxruntime"]
NAME = "stock-voices.json"
MANIFEST = ROOT / "models/kokoro/pack.toml"
LISTED = re.compile(rf'\[\[files\]\]\nrole = "measurements"\npath = "{re.escape(NAME)}"\nsize = \d+\nsha256 = "[0-9a-f]+"\n')
# Values are below 10, most of them below 1: the cosine of two voices changes by less than 1e-4.
DECIMALS = 5


def rounded(value):
    """The value with its numbers rounded."""
    match value:
        case float():
            return round(value, DECIMALS)
        case list():
            return [rounded(inner) for inner in value]
        case dict():
            return {name: rounded(inner) for name, inner in value.items()}
    return value


def main() -> None:
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS)
    with serving(options.binary, PACKS, {"kokoro": lambda text: LISTED.sub("", text)}, log_level="info") as server:
        count = server.said(r"(\d+) stock voices measured in")
        measured = json.loads((server.data / NAME).read_bytes())
    file = json.dumps(rounded(measured), separators=(",", ":")).encode()
    packed = lzma.compress(file, preset=9 | lzma.PRESET_EXTREME)
    write_atomically(ROOT / "scripts/models" / f"{NAME}.xz", packed)
    listed = f'[[files]]\nrole = "measurements"\npath = "{NAME}"\nsize = {len(file)}\nsha256 = "{hashlib.sha256(file).hexdigest()}"\n'
    manifest, replaced = LISTED.subn(listed, MANIFEST.read_text())
    if replaced != 1:
        raise Fault(f"{MANIFEST} lists {NAME} {replaced} times")
    write_atomically(MANIFEST, manifest.encode())
    print(f"{count} voices, {len(file)} bytes, {len(packed)} packed")


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
