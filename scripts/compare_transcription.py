#!/usr/bin/env python3
"""Compares vocabox's transcription with faster-whisper's on the same weights, recordings and machine, alternating within one run.

Prints word errors on the recording of the tests and on 20 sentences spoken by each of 5 voices, real-time factors of the
recording and of its first 3 s, peak memory, the differences between the starts of words, and, on request, errors and drift on an hour
of speech. faster-whisper 1.2.1 decodes greedily without its speech detector; in float32 for errors and words, in int8 for speed
and memory. vocabox is called over HTTP, its peer in process, both with as many threads as the machine has cores. Needs a release
build; fetches everything else.
"""

import argparse
import difflib
import io
import os
import sys
import tempfile
import wave
from pathlib import Path

from measuring import ROOT, Fault, children, guarded, last_line, needs, parser, peers
from measuring.client import clip
from measuring.figures import report, resident_mib, timed
from measuring.server import serving
from measuring.texts import TWO_CITIES, errors

RECORDING = ROOT / "models/test-speech/two_cities.wav"
CLIP_SECONDS = 3
PARTS = ["speed", "words", "errors", "hour"]
LISTENING = ["whisper-base", "silero-vad", "onnxruntime"]
SPEAKING = ["kokoro", "onnxruntime"]
VOICES = ["af_heart", "af_bella", "am_michael", "bf_emma", "bm_george"]
SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "Please call me tomorrow, I will be at home all day.",
    "My neighbour grows tomatoes behind the old garage.",
    "The meeting begins at nine and ends before noon.",
    "Nobody knew why the lights went out that evening.",
    "She bought a ticket to Lagos and never looked back.",
    "The harbour was quiet, and the last ferry had left.",
    "We should plant the trees before the rain begins.",
    "His brother works as a nurse in a small hospital.",
    "Can you tell me where the nearest station is?",
    "The soup needs a little more salt and some pepper.",
    "They walked along the river until the sun went down.",
    "I have never seen such a beautiful painting before.",
    "The children laughed when the clown lost his hat.",
    "It is cheaper to travel by train than by plane.",
    "The doctor told him to drink water and to rest.",
    "Our teacher reads a story to us every Friday.",
    "A heavy storm damaged the roof of the church.",
    "Open the window, please, it is very warm in here.",
    "The farmers sell fresh vegetables at the market.",
]


def transcribed(server, wav, words=False):
    """The answer of POST /voice/stt."""
    return server.form("/voice/stt", wav, language="en", word_timestamps=str(words))


def word_errors(binary, server, peer, recording, voices):
    with serving(binary, SPEAKING) as speaker:
        spoken = [
            (text, speaker.speak(text, voice_id=VOICES[(n + i) % len(VOICES)])) for n, text in enumerate(SENTENCES) for i in range(voices)
        ]
    sets = {"two_cities": [(TWO_CITIES, recording)], f"{len(spoken)} sentences by 5 voices": spoken}
    for name, clips in sets.items():
        ours = theirs = words = 0
        for text, wav in clips:
            heard, peer_heard = transcribed(server, wav)["transcript"], peer.text(wav)
            wrong, count = errors(text, heard)
            peer_wrong, _ = errors(text, peer_heard)
            ours, theirs, words = ours + wrong, theirs + peer_wrong, words + count
            if wrong > peer_wrong:
                print(f"  worse: {text}\n    vocabox: {heard}\n    peer: {peer_heard}")
        print(f"word errors, {name:26} vocabox {ours} of {words}, peer (float32) {theirs} of {words}", flush=True)


def word_starts(server, peer, recording):
    ours = [w for s in transcribed(server, recording, words=True)["segments"] for w in s["words"]]
    theirs = [w for s in peer.segments(recording, word_timestamps=True) for w in s.words]
    bare = lambda word: "".join(c for c in word.lower() if c.isalnum())
    names = [bare(w["word"]) for w in ours], [bare(w.word) for w in theirs]
    matched = difflib.SequenceMatcher(None, *names, autojunk=False).get_matching_blocks()
    apart = sorted(abs(ours[m.a + i]["start"] - theirs[m.b + i].start) for m in matched for i in range(m.size))
    at = lambda share: apart[min(len(apart) - 1, int(share * len(apart)))]
    print(f"word starts apart, {len(apart)} words: median {at(0.5):.3f} s, 95th percentile {at(0.95):.3f} s, most {apart[-1]:.3f} s")


def speed(rounds, server, whisper, recording):
    peer = peers.Whisper(whisper, "int8")
    short = clip(recording, CLIP_SECONDS)
    for label, wav, seconds in (("44 s", recording, 44.37), (f"{CLIP_SECONDS} s", short, CLIP_SECONDS)):
        for words in (False, True):
            ours, theirs = [], []
            for _ in range(rounds + 1):
                ours.append(timed(lambda: transcribed(server, wav, words))[0] / seconds)
                theirs.append(timed(lambda: peer.text(wav, word_timestamps=words))[0] / seconds)
            report(f"{label}{' with words' if words else ''}, real-time factor, int8", ours[1:], theirs[1:])
    memory = server.memory_mib()
    ran = children.run([sys.executable, __file__, "--peer", str(whisper)])
    if ran.returncode:
        raise Fault(f"faster-whisper failed in a process of its own: {last_line(ran.stderr)}")
    peer_memory = float(ran.stdout)
    print(f"peak resident memory: vocabox {memory:.0f} MiB, peer (int8) {peer_memory:.0f} MiB", flush=True)


def hour(binary):
    """Transcribes an hour: the recording repeated with pauses of 2.5 s."""
    with wave.open(str(RECORDING.with_name("two_cities.8k.wav"))) as source:
        once = source.readframes(source.getnframes()) + bytes(2 * 20_000)
        period = len(once) / 2 / source.getframerate()
        times = int(3600 / period)
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(source.getparams())
            out.writeframes(once * times)
    with serving(binary, LISTENING) as server:
        took, answer = timed(lambda: transcribed(server, made.getvalue(), words=True))
        memory = server.memory_mib()
    words = [word for segment in answer["segments"] for word in segment["words"]]
    starts = [word["start"] for word in words if word["word"].lower().startswith("comparison")]
    drift = max((abs(start - starts[0] - n * period) for n, start in enumerate(starts)), default=float("nan"))
    wrong, count = errors(" ".join([TWO_CITIES] * times), answer["transcript"])
    print(
        f"an hour: {answer['duration_seconds']:.0f} s in {took:.0f} s, peak memory {memory:.0f} MiB, word errors {wrong} "
        f"of {count}; its {times} times the same word, {len(starts)} found, at most {drift:.3f} s from where it should be"
    )


def compare(options):
    recording = RECORDING.read_bytes()
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name, serving(options.binary, LISTENING) as server:
        whisper = peers.whisper_folder(Path(name) / "whisper")
        print(f"{os.cpu_count()} cores, {options.rounds} rounds; vocabox over HTTP, faster-whisper 1.2.1 in process")
        if "speed" in options.parts:
            speed(options.rounds, server, whisper, recording)
        peer = peers.Whisper(whisper, "float32")
        if "words" in options.parts:
            word_starts(server, peer, recording)
        if "errors" in options.parts:
            word_errors(options.binary, server, peer, recording, options.voices)
        if "hour" in options.parts:
            hour(options.binary)


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=5)
    options.add_argument("--parts", type=needs.some_of(PARTS), default=PARTS[:3], help="some of speed,words,errors,hour; by default all but hour")
    options.add_argument("--voices", type=needs.count, default=5, help="number of voices that speak each sentence, up to five")
    needs.add_binary(options)
    options.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = options.parse_args()
    if options.peer:
        peers.Whisper(options.peer, "int8").text(RECORDING.read_bytes(), word_timestamps=True)
        print(resident_mib(os.getpid()))
        return
    needs.prepare(binary=options.binary, packs=[*LISTENING, *SPEAKING, "test-speech"], packages=peers.PACKAGES)
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)
    compare(options)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
