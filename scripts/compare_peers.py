#!/usr/bin/env python3
"""Compares vocabox with its peers on the same weights, sounds and machine, alternating within one run.

Peers: kokoro-onnx 0.6.1 (speech, on the published Kokoro graph, with which it is shipped) and faster-whisper
1.2.1 (transcription, greedy, without its speech detector, on the CTranslate2 weights that the pack whisper-base was converted
from). vocabox is called over HTTP, so its figures include the whole server; the peers are called in process. Both get as many
threads as the machine has cores. Needs a release build; fetches everything else.
"""

import os
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, guarded, needs, parser, peers
from measuring.client import seconds_of
from measuring.figures import report, timed
from measuring.server import PACKS, serving
from measuring.texts import TEXT, TWO_CITIES, errors

LENGTHS = {"23 characters": "Good morning, everyone.", "120 characters": TEXT, "600 characters": TEXT * 5}
RECORDING = ROOT / "models/test-speech/two_cities.wav"
RECORDING_S = 44.37


def speech(server, kokoro, rounds):
    for label, text in LENGTHS.items():
        ours, theirs = [], []
        for _ in range(rounds + 1):
            took, wav = timed(lambda: server.speak(text))
            ours.append(took / seconds_of(wav))
            took, (samples, rate) = timed(lambda: kokoro.create(text, voice="af_heart", lang="en-us"))
            theirs.append(took * rate / len(samples))
        report(f"speech, {label}, kokoro-onnx 0.6.1", ours[1:], theirs[1:])


def transcription(server, weights, rounds):
    wav = RECORDING.read_bytes()
    for kind in ("float32", "int8"):
        peer = peers.Whisper(weights, kind)
        ours, theirs = [], []
        for _ in range(rounds + 1):
            took, heard = timed(lambda: server.transcribe(wav))
            ours.append(took / RECORDING_S)
            took, peer_heard = timed(lambda: peer.text(wav))
            theirs.append(took / RECORDING_S)
        report(f"transcription, 44 s, faster-whisper {kind}", ours[1:], theirs[1:])
        print("  word errors: vocabox %d of %d, peer %d of %d" % (*errors(TWO_CITIES, heard), *errors(TWO_CITIES, peer_heard)))


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=5)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*PACKS, "kokoro:published", "test-speech"], packages=peers.PACKAGES)
    cores = os.cpu_count() or 1
    os.environ["OMP_NUM_THREADS"] = str(cores)
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name:
        folder = Path(name)
        weights = peers.whisper_folder(folder / "whisper")
        kokoro = peers.kokoro(folder)
        with serving(options.binary) as server:
            print(f"{cores} cores, {options.rounds} rounds, real-time factors over HTTP for vocabox and in process for the peers")
            speech(server, kokoro, options.rounds)
            transcription(server, weights, options.rounds)
            print(f"peak resident memory: vocabox {server.memory_mib():.0f} MiB (speech and transcription)")


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
