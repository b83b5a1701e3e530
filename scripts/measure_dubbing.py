#!/usr/bin/env python3
"""A film of two speakers, dubbed from one language into another: time, memory, disk, and what became of picture and lines.

usage: measure_dubbing.py [--minutes 10] [--from pt --to en] [--binary target/release/vocabox] [--keep DIR]

Makes a film (test pictures by ffmpeg; sentences of benches/sentences spoken in turn by a woman and a man of Kokoro's), sends it
through `/voice/dub/analyze`, `/voice/dub/translate` and `/voice/dub/render` of a box of its own, and prints

- the time of each step, the box's peak memory, and the bytes of its jobs on the disk;
- how long a live `POST /voice/tts` of 120 characters takes while nothing else runs and during the render;
- whether the picture's packets are the same, by how much the lengths differ, how late lines begin, which do not fit;
- what the new sound is heard as (word errors against the translation), and how many speakers are told apart in it.

Needs the fetched packs, those that translate included, and ffmpeg on the PATH or the Python package imageio-ffmpeg.
"""

import argparse
import io
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
import wave

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from check_containers import ffmpeg, packets
from compare_peers import ROOT, TEXT, Box, errors, resident_mib, timed

PACKS = ["kokoro", "whisper-base", "silero-vad", "speaker-ge2e", "onnxruntime"]
SPEAKERS = {"pt": ("pf_dora", "pm_alex"), "en": ("af_heart", "am_michael")}
SENTENCES = {"pt": "pt-br", "en": "en"}
# Seconds between sentences.
PAUSE_S = 0.7
RATE_HZ = 24_000
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]


class Studio(Box):
    """A box that dubs."""

    def form(self, path, file, **fields):
        boundary = uuid.uuid4().hex
        body = b""
        for name, value in fields.items():
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'.encode()
        body += file + f"\r\n--{boundary}--\r\n".encode()
        return json.loads(self.post(path, body, f"multipart/form-data; boundary={boundary}"))

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.key}"})
        return self.opener.open(request).read()

    def said(self, text, voice):
        """The samples, 16 bits."""
        body = json.dumps({"text": text, "voice_id": voice}).encode()
        with wave.open(io.BytesIO(self.post("/voice/tts", body, "application/json"))) as sound:
            return sound.readframes(sound.getnframes())

    def job(self, job_id):
        """The job once it is over, and its seconds."""
        begun = time.monotonic()
        while True:
            job = json.loads(self.get(f"/voice/dub/jobs/{job_id}"))
            if job["status"] in ("done", "error"):
                break
            time.sleep(0.5)
        if job["status"] == "error":
            sys.exit(f"the job failed: {job['error']}")
        return job["result"], time.monotonic() - begun


def film(box, folder, language, minutes):
    """A film, and how many sentences are said in it."""
    lines = (ROOT / f"benches/sentences/{SENTENCES[language]}.txt").read_text().splitlines()
    sound, known = bytearray(), {}
    turn = 0
    while len(sound) < minutes * 60 * 2 * RATE_HZ:
        # Whoever said a sentence, the other one says it the next time: no line is spoken twice where there are sentences enough.
        speaker = (turn // 2 + turn // len(lines)) % 2
        key = (lines[turn % len(lines)], SPEAKERS[language][speaker])
        if key not in known:
            known[key] = box.said(*key)
        sound += known[key] + bytes(2 * int(PAUSE_S * RATE_HZ))
        turn += 1
    wav, path = folder / "sound.wav", folder / "film.mp4"
    with wave.open(str(wav), "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(bytes(sound))
    told = ["-i", str(wav), "-c:a", "aac", "-b:a", "96k", "-shortest", str(path)]
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-nostdin", *PICTURE[:4], *told[:2], *PICTURE[4:], *told[2:]], check=True)
    return path, turn


class Caller(threading.Thread):
    """Asks for speech every two seconds until it is told to stop."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box, self.took, self.over = box, [], threading.Event()

    def run(self):
        while not self.over.wait(2.0):
            self.took.append(timed(lambda: self.box.speak(TEXT))[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--from", dest="source", choices=SPEAKERS, default="pt")
    parser.add_argument("--to", dest="target", default="en")
    parser.add_argument("--pack", help="that translates; by default the recogniser does it")
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--keep", help="a folder for the films")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(options.keep or name)
        folder.mkdir(exist_ok=True)
        box = Studio(options.binary, name, packs=PACKS + ([options.pack] if options.pack else []))
        try:
            measure(box, folder, pathlib.Path(name) / "data", options)
        finally:
            box.stop()


def measure(box, folder, data, options):
    path, count = film(box, folder, options.source, options.minutes)
    original = path.read_bytes()
    print(f"film: {len(original) / 2**20:.1f} MiB, {count} sentences in turn by two speakers", flush=True)
    box.speak(TEXT)
    idle = [timed(lambda: box.speak(TEXT))[0] for _ in range(5)]

    analysis, took = box.job(box.form("/voice/dub/analyze", original, language=options.source)["job_id"])
    seconds = analysis["duration_seconds"]
    print(f"analyze: {took:.1f} s for {seconds:.1f} s ({took / seconds:.3f}), {len(analysis['segments'])} lines, "
          f"{len(analysis['speakers'])} speakers", flush=True)
    begun = time.monotonic()
    body = json.dumps({"segments": analysis["segments"], "target_language": options.target, "source_language": options.source})
    lines = json.loads(box.post("/voice/dub/translate", body.encode(), "application/json"))["segments"]
    print(f"translate: {time.monotonic() - begun:.1f} s", flush=True)

    caller = Caller(box)
    caller.start()
    fields = {"segments": json.dumps(lines), "target_language": options.target}
    job_id = box.form("/voice/dub/render", original, **fields)["job_id"]
    result, took = box.job(job_id)
    caller.over.set()
    caller.join()
    print(f"render: {took:.1f} s ({took / seconds:.3f}), {result['lines_spoken']} lines spoken and {result['lines_reused']} taken from earlier "
          f"ones, with {len(caller.took)} live requests beside it", flush=True)
    print(f"live speech of 120 characters: {statistics.median(idle):.2f} s idle, {statistics.median(caller.took):.2f} s during the render "
          f"(medians; ratio {statistics.median(caller.took) / statistics.median(idle):.2f}, at most {max(caller.took):.2f} s)")
    files = sum(f.stat().st_size for f in (data / "jobs").rglob("*") if f.is_file())
    print(f"memory: {resident_mib(box.process.pid):.0f} MiB at the peak; disk: {files / 2**20:.1f} MiB of jobs")

    again = time.monotonic()
    box.job(box.form("/voice/dub/render", original, **fields)["job_id"])
    print(f"the same render again: {time.monotonic() - again:.1f} s")

    dubbed = folder / "dubbed.mp4"
    dubbed.write_bytes(box.get(result["video_url"]))
    was, now = packets(path, ["0:v"]), packets(dubbed, ["0:v"])
    print(f"picture: {len(was[1])} packets, {'the same' if was == now else 'NOT the same'}; "
          f"length {seconds:.3f} s, now {result['duration_seconds']:.3f} s")
    late = [abs(made["spoken_start"] - line["start"]) for made, line in zip(result["segments"], lines)]
    cut = sum(made["truncated"] for made in result["segments"])
    ratios = sorted(made["fit_ratio"] for made in result["segments"])
    print(f"lines: at most {max(late):.3f} s beside their segments, {cut} of {len(lines)} cut, "
          f"fit ratio {statistics.median(ratios):.2f} at the median, {ratios[-1]:.2f} at the most")
    sound = box.get(result["audio_url"])
    heard = box.transcribe(sound, options.target)
    wrong, words = errors(" ".join(line["text"] for line in lines), heard)
    print(f"the new sound: {wrong} of {words} words are heard otherwise ({100 * wrong / words:.1f} %)")
    told, _ = box.job(box.form("/voice/dub/analyze", sound, language=options.target)["job_id"])
    print(f"speakers told apart in it: {len(told['speakers'])}")


if __name__ == "__main__":
    main()
