#!/usr/bin/env python3
"""vocabox's transcription beside faster-whisper's, on the same weights, recordings and machine, taken in turn within one run.

usage: compare_transcription.py [--rounds 5] [--parts speed,words,errors,hour] [--voices 5] [--binary target/release/vocabox]

Prints word errors on the recording of the tests and on 20 sentences spoken by each of 5 voices, real-time factors of the
recording and of its first 3 s, peak memory, how far apart the starts of words are, and, when asked, what becomes of an hour of
speech. faster-whisper 1.2.1 decodes greedily
without its speech detector; in float32 for errors and words, in int8 for speed and memory. vocabox is asked over HTTP, its
peer in process, both with as many threads as the machine has cores. Needs the fetched packs and a build.
"""

import argparse
import difflib
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import uuid
import wave

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare_peers import ROOT, TWO_CITIES, Box, environment, errors, peer_models, report, resident_mib, timed

RECORDING = ROOT / "models/test-speech/two_cities.wav"
CLIP_SECONDS = 3
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


class Listener(Box):
    """A vocabox that is asked for the times of words."""

    def answer(self, wav, words=False):
        boundary = uuid.uuid4().hex
        body = b""
        for name, value in (("language", b"en"), ("word_timestamps", str(words).encode()), ("file", wav)):
            disposition = f'form-data; name="{name}"' + ('; filename="a.wav"' if name == "file" else "")
            body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + value + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        return json.loads(self.post("/voice/stt", body, f"multipart/form-data; boundary={boundary}"))


class Peer:
    def __init__(self, folder, kind):
        from faster_whisper import WhisperModel

        self.model = WhisperModel(str(folder), device="cpu", compute_type=kind, cpu_threads=os.cpu_count() or 1)

    def segments(self, wav, **options):
        segments, _ = self.model.transcribe(io.BytesIO(wav), language="en", beam_size=1, **options)
        return list(segments)

    def text(self, wav, **options):
        return " ".join(segment.text for segment in self.segments(wav, **options))


def clip(wav, seconds):
    """The first seconds of a WAV."""
    with wave.open(io.BytesIO(wav)) as source:
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(source.getparams())
            out.writeframes(source.readframes(seconds * source.getframerate()))
    return made.getvalue()


def word_errors(binary, folder, box, peer, recording, voices):
    speaker = Listener(binary, folder / "speaker", ["kokoro", "onnxruntime"])
    spoken = []
    for n, text in enumerate(SENTENCES):
        for voice in (VOICES[(n + i) % len(VOICES)] for i in range(voices)):
            body = json.dumps({"text": text, "voice_id": voice}).encode()
            spoken.append((text, speaker.post("/voice/tts", body, "application/json")))
    speaker.stop()
    sets = {"two_cities": [(TWO_CITIES, recording)], f"{len(spoken)} sentences by 5 voices": spoken}
    for name, clips in sets.items():
        ours = theirs = words = 0
        for text, wav in clips:
            heard, peer_heard = box.answer(wav)["transcript"], peer.text(wav)
            wrong, count = errors(text, heard)
            peer_wrong, _ = errors(text, peer_heard)
            ours, theirs, words = ours + wrong, theirs + peer_wrong, words + count
            if wrong > peer_wrong:
                print(f"  worse: {text}\n    vocabox: {heard}\n    peer: {peer_heard}")
        print(f"word errors, {name:26} vocabox {ours} of {words}, peer (float32) {theirs} of {words}", flush=True)


def word_starts(box, peer, recording):
    ours = [w for s in box.answer(recording, words=True)["segments"] for w in s["words"]]
    theirs = [w for s in peer.segments(recording, word_timestamps=True) for w in s.words]
    bare = lambda word: "".join(c for c in word.lower() if c.isalnum())
    names = [bare(w["word"]) for w in ours], [bare(w.word) for w in theirs]
    matched = difflib.SequenceMatcher(None, *names, autojunk=False).get_matching_blocks()
    apart = sorted(abs(ours[m.a + i]["start"] - theirs[m.b + i].start) for m in matched for i in range(m.size))
    at = lambda share: apart[min(len(apart) - 1, int(share * len(apart)))]
    print(f"word starts apart, {len(apart)} words: median {at(0.5):.3f} s, 95th percentile {at(0.95):.3f} s, most {apart[-1]:.3f} s")


def speed(rounds, box, whisper, recording):
    peer = Peer(whisper, "int8")
    short = clip(recording, CLIP_SECONDS)
    for label, wav, seconds in (("44 s", recording, 44.37), (f"{CLIP_SECONDS} s", short, CLIP_SECONDS)):
        for words in (False, True):
            ours, theirs = [], []
            for _ in range(rounds + 1):
                ours.append(timed(lambda: box.answer(wav, words))[0] / seconds)
                theirs.append(timed(lambda: peer.text(wav, word_timestamps=words))[0] / seconds)
            report(f"{label}{' with words' if words else ''}, real-time factor, int8", ours[1:], theirs[1:])
    memory = box.memory_mib()
    command = [sys.executable, __file__, "--peer", str(whisper)]
    peer_memory = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"peak resident memory: vocabox {memory:.0f} MiB, peer (int8) {peer_memory:.0f} MiB", flush=True)


def hour(binary, folder):
    """The recording over and over, 2.5 s apart."""
    with wave.open(str(RECORDING.with_name("two_cities.8k.wav"))) as source:
        once = source.readframes(source.getnframes()) + bytes(2 * 20_000)
        period = len(once) / 2 / source.getframerate()
        times = int(3600 / period)
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(source.getparams())
            out.writeframes(once * times)
    box = Listener(binary, folder / "hour", ["whisper-base", "silero-vad", "onnxruntime"])
    took, answer = timed(lambda: box.answer(made.getvalue(), words=True))
    words = [word for segment in answer["segments"] for word in segment["words"]]
    starts = [word["start"] for word in words if word["word"].lower().startswith("comparison")]
    drift = max(abs(start - starts[0] - n * period) for n, start in enumerate(starts))
    wrong, count = errors(" ".join([TWO_CITIES] * times), answer["transcript"])
    print(
        f"an hour: {answer['duration_seconds']:.0f} s in {took:.0f} s, peak memory {box.memory_mib():.0f} MiB, word errors {wrong} "
        f"of {count}; its {times} times the same word, {len(starts)} found, at most {drift:.3f} s from where it should be"
    )
    box.stop()


def compare(rounds, parts, voices, binary):
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)
    recording = RECORDING.read_bytes()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        whisper = peer_models(folder)
        box = Listener(binary, folder / "listener", ["whisper-base", "silero-vad", "onnxruntime"])
        print(f"{os.cpu_count()} cores, {rounds} rounds; vocabox over HTTP, faster-whisper 1.2.1 in process")
        if "speed" in parts:
            speed(rounds, box, whisper, recording)
        peer = Peer(whisper, "float32")
        if "words" in parts:
            word_starts(box, peer, recording)
        if "errors" in parts:
            word_errors(binary, folder, box, peer, recording, voices)
        if "hour" in parts:
            hour(binary, folder)
        box.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", default="speed,words,errors")
    parser.add_argument("--voices", type=int, default=5, help="how many of the five speak each sentence")
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer = Peer(options.peer, "int8")
        peer.text(RECORDING.read_bytes(), word_timestamps=True)
        print(resident_mib(os.getpid()))
    elif options.inside:
        compare(options.rounds, options.parts.split(","), options.voices, options.binary)
    else:
        arguments = ["--inside", "--rounds", str(options.rounds), "--parts", options.parts, "--binary", options.binary]
        arguments += ["--voices", str(options.voices)]
        sys.exit(subprocess.run([environment(), __file__, *arguments]).returncode)


if __name__ == "__main__":
    main()
