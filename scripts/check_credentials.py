#!/usr/bin/env python3
"""Checks the content credentials of a real server by the library of others.

Makes a key, starts a server that signs by it, has it speak WAV and MP3 and dub a film (MP4), and reads the files with the package
c2pa-python, which has its own build of the official library with OpenSSL: each must be valid and, with the issuer's certificate,
trusted; without it, of an unknown signer; and with one changed byte, not what was signed. Needs a release build with the feature
c2pa (`cargo build --release --locked --features c2pa`); fetches packs and a package.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, Fault, children, guarded, last_line, needs, parser
from measuring.server import PACKS, serving

PACKAGES = ["c2pa-python==0.38.1"]
FILM = "test-video"
DUBBING = ("speaker-campplus", "segmentation-pyannote")
LINES = [{"id": 0, "start": 0.2, "end": 1.8, "text": "Good morning.", "speaker": "SPEAKER_00"}]
ORGANIZATION = "Check of credentials"
WAIT_S = 600


def key_in(binary: Path, folder: Path) -> tuple[Path, str]:
    """The file of a new key, and the PEM of its issuer."""
    made = children.run([str(binary), "c2pa", "create", str(folder), "--organization", ORGANIZATION])
    if made.returncode:
        raise Fault(last_line(made.stderr))
    return folder / "signer.pem", (folder / "trust.pem").read_text()


def dubbed(server) -> bytes:
    """A film that the server dubs."""
    film = (ROOT / "models/test-video/faststart.mp4").read_bytes()
    asked = {"segments": json.dumps(LINES), "voice_map": json.dumps({"SPEAKER_00": "af_heart"}), "target_language": "en"}
    job = server.form("/voice/dub/render", film, "film.mp4", **asked)["job_id"]
    until = time.monotonic() + WAIT_S
    while (told := json.loads(server.get(f"/voice/dub/jobs/{job}")))["status"] not in ("done", "error"):
        if time.monotonic() > until:
            raise Fault(f"the job did not end within {WAIT_S} s")
        time.sleep(0.5)
    if told["status"] != "done":
        raise Fault(f"the film was not dubbed: {told['error']}")
    return server.get(told["result"]["video_url"])


def read(kind: str, file: bytes, trust: str | None) -> tuple[str, list[str], dict]:
    """The state of the file, the codes of what does not hold, and its manifest."""
    from c2pa import Context, Reader, Settings

    settings = {"trust": {"user_anchors": trust}} if trust else {}
    reader = Reader(kind, io.BytesIO(file), context=Context(Settings.from_dict(settings)))
    codes = [found["code"] for found in reader.get_validation_results()["activeManifest"]["failure"]]
    return reader.get_validation_state(), codes, reader.get_active_manifest()


def check(kind: str, file: bytes, trust: str) -> None:
    state, codes, manifest = read(kind, file, trust)
    if (state, codes) != ("Trusted", []):
        raise Fault(f"{kind} is {state}: {codes}")
    issuer = manifest["signature_info"]["issuer"]
    if issuer != ORGANIZATION:
        raise Fault(f"{kind} is signed by {issuer!r}")
    if (unknown := read(kind, file, None)[:2]) != ("Valid", ["signingCredential.untrusted"]):
        raise Fault(f"{kind} without the issuer's certificate is {unknown}")
    changed = bytearray(file)
    # Of the sound, which all end with but for WAV, where the manifest does.
    changed[2000 if kind == "audio/wav" else -100] ^= 1
    state, codes, _ = read(kind, bytes(changed), trust)
    if state != "Invalid" or not any(code.endswith("Hash.mismatch") for code in codes):
        raise Fault(f"{kind} with a changed byte is {state}: {codes}")
    program = " ".join(str(manifest["claim_generator_info"][0].get(part)) for part in ("name", "version"))
    print(f"{kind}: {len(file)} bytes, trusted, by {issuer} with {program}; with one changed byte: {codes}")


def main() -> None:
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*PACKS, *DUBBING, FILM], packages=PACKAGES)
    import c2pa

    print(f"read by c2pa-python with the library {c2pa.sdk_version()}")
    with tempfile.TemporaryDirectory(prefix="vocabox-credentials-") as name:
        key, trust = key_in(options.binary, Path(name) / "c2pa")
        asked = ["--mark-synthetic", "--c2pa-key", str(key)]
        with serving(options.binary, packs=[*PACKS, *DUBBING], options=asked) as server:
            for kind, form in (("audio/wav", "wav"), ("audio/mpeg", "mp3")):
                check(kind, server.post_json(f"/voice/tts?format={form}", {"text": "This was never said."}), trust)
            check("video/mp4", dubbed(server), trust)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
