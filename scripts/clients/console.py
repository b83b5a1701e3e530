#!/usr/bin/env python3
"""Checks that the console works: drives it in headless Chromium as a person would.

Starts a server under test and opens its page: signs in, speaks and hears the sound, transcribes a recording and a fed microphone,
clones a voice, dubs a film and plays it, looks at the history; creates and revokes accounts and keys as the operator; then each
view at two widths and in both colour schemes, where axe must find no violation; then wrong, revoked, expired and exhausted keys,
and a server that stops. Prints a line for each check. Exit code 1 when one failed. The programs in scripts/clients/console do the
work; their packages are pinned there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Fault, children, guarded, last_line, needs, parser  # noqa: E402
from measuring.node import Programs  # noqa: E402
from measuring.server import Server, serving  # noqa: E402

FOLDER = Path(__file__).with_name("console")
PACKS = (
    "kokoro", "whisper-base", "silero-vad", "onnxruntime", "speaker-campplus", "speaker-ge2e", "segmentation-pyannote",
    "translate-pt-en",
)
# Voices that the checks name, and enough others to clone: an idle server measures all of them.
VOICES = {
    "af_alloy", "af_heart", "af_kore", "af_sky", "am_michael", "bf_alice", "bf_emma", "bm_george", "em_santa", "pm_santa", "hf_beta",
    "hm_omega", "vocabusta_sw_female", "vocabusta_sw_male", "vocabusta_pcm_female",
}
PARTS = ("views", "operator", "looks", "refusals")
OPERATOR_KEY = "the-key-of-the-operator-of-this-server"
READER_SECONDS = 12
PATIENCE_SECONDS = 120  # A debug build on a busy machine takes its time.


def few(manifest: str) -> str:
    """The manifest of kokoro with some of its voices."""
    files, *voices = re.split(r"(?=^\[\[voices\]\]$)", manifest, flags=re.MULTILINE)
    return files + "".join(voice for voice in voices if re.search(r'^id = "(\w+)"$', voice, re.MULTILINE)[1] in VOICES)


def told(binary: Path, server: Server, *arguments: str) -> dict:
    """The JSON that a command prints on the server's data folder."""
    ran = children.run([str(binary), *arguments, "--json", "--data-dir", str(server.data)])
    if ran.returncode:
        raise Fault(f"{binary} {' '.join(arguments[:2])} failed: {last_line(ran.stderr)}")
    return json.loads(ran.stdout or "null")


def refused_keys(binary: Path, server: Server) -> dict[str, str]:
    """Keys that are revoked, of an account that is expired, and that may call three times a minute."""
    told(binary, server, "account", "create", "expired", "--expires", "2020-01-01T00:00:00Z")
    expired = told(binary, server, "key", "create", "--account", "expired", "--name", "expired")
    revoked = told(binary, server, "key", "create", "--account", "expired", "--name", "revoked")
    told(binary, server, "key", "revoke", revoked["key_id"])
    return {"expired_key": expired["key"], "revoked_key": revoked["key"], "limited_key": server.limited_key("limited", 3)}


def key_file(folder: Path) -> str:
    """The path of a file with the operator's key, which only its owner may read."""
    path = folder / "operator.key"
    path.touch(mode=0o600)
    path.write_text(f"{OPERATOR_KEY}\n")
    return str(path)


def cut(recording: Path, to: Path) -> Path:
    """The first seconds of a recording."""
    with wave.open(str(recording)) as whole, wave.open(str(to), "wb") as part:
        part.setparams(whole.getparams())
        part.writeframes(whole.readframes(READER_SECONDS * whole.getframerate()))
    return to


def drive(programs: Programs, config: dict, stopping: Server) -> int:
    """Runs the checks; returns their exit code. Stops the second server when they ask for it."""
    with children.started(programs.own("main"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(json.dumps(config))
        process.stdin.close()
        for line in process.stdout:
            if line == "stop the server\n":
                stopping.process.terminate()
            else:
                print(line, end="", flush=True)
        return process.wait()


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options.add_argument("--shots", type=Path, metavar="FOLDER", help="write a picture of each view there")
    options.add_argument("--parts", type=needs.some_of(PARTS), metavar="PARTS", help=f"some of {','.join(PARTS)} (default: all)")
    options = options.parse_args()
    chromium = needs.command("chromium", "chromium")
    needs.prepare(binary=options.binary, packs=(*PACKS, "test-speech", "test-video"))
    recording = needs.MODELS / "test-speech/two_cities.wav"
    with (
        Programs(FOLDER) as programs,
        tempfile.TemporaryDirectory(prefix="vocabox-console-") as folder,
        serving(
            options.binary, packs=PACKS, edits={"kokoro": few}, log_level="info", options=("--admin-key-file", key_file(Path(folder)))
        ) as server,
        serving(options.binary, packs=("kokoro", "onnxruntime")) as stopping,
    ):
        server.said(r"(\d+) stock voices measured")
        config = {
            "url": f"{server.url}/", "key": server.key, "stopping_url": f"{stopping.url}/", "stopping_key": stopping.key,
            "recording": str(recording), "reader": str(cut(recording, Path(folder) / "reader.wav")),
            "film": str(needs.MODELS / "test-video/film.webm"), "chromium": chromium, "patience_s": PATIENCE_SECONDS,
            "operator_key": OPERATOR_KEY, "shots": options.shots and str(options.shots.absolute()), "parts": options.parts, **refused_keys(options.binary, server),
        }  # fmt: skip
        return drive(programs, config, stopping)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
