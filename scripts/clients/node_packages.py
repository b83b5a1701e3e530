#!/usr/bin/env python3
"""Checks that the clients of OpenAI's audio API for Node work with the server as they do with OpenAI's: OpenAI's own package, its
realtime clients, and Vercel's AI SDK.

Starts the server under test and runs the programs of scripts/clients/node, which print a line for each call. What is spoken is
transcribed again, so that no recording is needed. Node and the packages, in the versions of package-lock.json, are fetched into
the cache. Exit code 1 when a call did not do what it should.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402
from measuring.node import Programs  # noqa: E402
from measuring.server import PACKS, serving  # noqa: E402

PACKAGES = ["trustme==1.2.1"]
DIARIZING = (*PACKS, "speaker-campplus", "segmentation-pyannote")
CALLS_A_MINUTE = 30
PARTS = ["openai_package", "realtime", "vercel_sdk", "refusals"]


def certificates(folder):
    """Writes a certificate for localhost with its key, and that of its authority; returns their paths."""
    import trustme

    authority = trustme.CA()
    own, root = folder / "localhost.pem", folder / "authority.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(own)
    authority.cert_pem.write_to_path(root)
    return own, root


def main():
    options = parser(__doc__)
    options.add_argument("--parts", type=needs.some_of(PARTS), default=PARTS, help=f"some of: {', '.join(PARTS)}")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=DIARIZING, packages=PACKAGES)
    wrong = 0
    with Programs() as programs, tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        own, authority = certificates(Path(folder))
        if of_one := [part for part in PARTS if part != "refusals" and part in options.parts]:
            with serving(options.binary, packs=DIARIZING) as server:
                hasty = server.limited_key("hasty", CALLS_A_MINUTE)
                secured = {"VOCABOX_CERTIFICATE": str(own), "NODE_EXTRA_CA_CERTS": str(authority)}
                for part in of_one:
                    wrong += programs.run(part, server, VOCABOX_HASTY_KEY=hasty, **secured)
        if "refusals" in options.parts:
            with serving(options.binary, packs=("kokoro", "onnxruntime"), options=["--lanes", "1", "--queue", "1"]) as server:
                wrong += programs.run("refusals", server)
    return 1 if wrong else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
