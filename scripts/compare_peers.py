#!/usr/bin/env python3
"""Compares vocabox with its peers on the same weights, sounds and machine, alternating within one run.

Speech: kokoro-onnx 0.6.1 (on the published Kokoro graph, with which it is shipped), Piper 1.8.0 (on the pack piper-en-us-joe). No
package carries the lexicon without which sherpa-onnx 2 does not speak by Kokoro. Transcription: faster-whisper 1.2.1 (greedy, without
its speech detector, on the CTranslate2 weights that the pack whisper-base was converted from) and whisper.cpp 1.8.5 (greedy, 16-bit
weights made of the same). vocabox is called over HTTP, so its figures include the whole server; the peers are called in process. All
get as many threads as the machine has cores. Needs a release build; fetches everything else.
"""

import os
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, guarded, needs, parser, peers
from measuring.client import clip, seconds_of
from measuring.figures import report, timed
from measuring.server import PACKS, serving
from measuring.texts import TEXT, TWO_CITIES, errors

LENGTHS = {"23 characters": "Good morning, everyone.", "120 characters": TEXT, "600 characters": TEXT * 5}
RECORDING = ROOT / "models/test-speech/two_cities.wav"
# Seconds from the start of the recording.
CLIPS = {"44 s": 44.37, "3 s": 3.0}
PIPER = "piper-en-us-joe"
PEERS = ("kokoro-onnx", "piper", "faster-whisper", "whisper.cpp")


def speech(server, label, seconds, rounds, **voice):
    """Compares the time of speaking by `seconds`, which returns how long the sound is."""
    for length, text in LENGTHS.items():
        ours, theirs = [], []
        for _ in range(rounds + 1):
            took, wav = timed(lambda: server.speak(text, **voice))
            ours.append(took / seconds_of(wav))
            took, made = timed(lambda: seconds(text))
            theirs.append(took / made)
        report(f"speech, {length}, {label}", ours[1:], theirs[1:])


def transcription(server, label, text, rounds):
    """Compares the time of transcribing by `text`, and word errors."""
    for length, seconds in CLIPS.items():
        wav = clip(RECORDING.read_bytes(), seconds)
        ours, theirs = [], []
        for _ in range(rounds + 1):
            took, heard = timed(lambda: server.transcribe(wav))
            ours.append(took / seconds)
            took, peer_heard = timed(lambda: text(wav))
            theirs.append(took / seconds)
        report(f"transcription, {length}, {label}", ours[1:], theirs[1:])
        if seconds > 40:
            print("  word errors: vocabox %d of %d, peer %d of %d" % (*errors(TWO_CITIES, heard), *errors(TWO_CITIES, peer_heard)))


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=5)
    options.add_argument("--only", type=needs.some_of(PEERS), default=list(PEERS), help="peers, separated by commas")
    needs.add_binary(options)
    options = options.parse_args()
    packs = [*PACKS, PIPER]
    needs.prepare(binary=options.binary, packs=[*packs, "kokoro:published", "test-speech"], packages=peers.MORE_PACKAGES)
    os.environ["OMP_NUM_THREADS"] = str(peers.THREADS)
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name, serving(options.binary, packs) as server:
        folder, rounds = Path(name), options.rounds
        print(f"{peers.THREADS} cores, {rounds} rounds, real-time factors over HTTP for vocabox and in process for the peers")
        if "kokoro-onnx" in options.only:
            speech(server, "kokoro-onnx 0.6.1", peers.Kokoro(folder).seconds, rounds)
        if "piper" in options.only:
            speech(server, "Piper 1.8.0", peers.Piper().seconds, rounds, voice_id="piper_joe")
        if "faster-whisper" in options.only:
            weights = peers.whisper_folder(folder / "whisper")
            for kind in ("float32", "int8"):
                transcription(server, f"faster-whisper 1.2.1 {kind}", peers.Whisper(weights, kind).text, rounds)
        if "whisper.cpp" in options.only:
            transcription(server, "whisper.cpp 1.8.5", peers.WhisperCpp(folder).text, rounds)
        print(f"peak resident memory: vocabox {server.memory_mib():.0f} MiB")


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
