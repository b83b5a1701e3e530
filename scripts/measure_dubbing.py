#!/usr/bin/env python3
"""A film of two speakers, dubbed from one language into another: time, memory, disk, and what became of picture and lines.

usage: measure_dubbing.py [--minutes 10] [--from pt --to en] [--pack translate-pt-en] [--alone] [--cli] [--keep DIR]

Makes a film (test pictures by ffmpeg; sentences of benches/sentences spoken in turn by a woman and a man of Kokoro's), sends it
through `/voice/dub/analyze`, `/voice/dub/translate` and `/voice/dub/render` of a box of its own, or through `vocabox dub` with
--cli, and prints

- the time of each step, the peak memory, and the bytes of the jobs on the disk;
- how long a live `POST /voice/tts` of 120 characters takes while nothing else runs and during the render, unless --alone;
- whether the picture's packets are the same, by how much the lengths differ, how late lines begin, which do not fit;
- what the new sound is heard as (word errors against the translation), and how many speakers are told apart in it;
- how like the two speakers' new voices are to their own old ones, to the other's, and to one another (cosines of two encoders'
  embeddings, of which vocabox knows one only).

Needs the fetched packs, those that translate included, ffmpeg on the PATH or the Python package imageio-ffmpeg, and numpy and
onnxruntime; fetches the second encoder by pip.
"""

import argparse
import io
import json
import pathlib
import re
import resource
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
from compare_peers import ROOT, TEXT, Box, errors, linked, resident_mib, timed
from measure_cloning import Encoders, second_encoder, sound

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
    """A film, and when who speaks in it: starts and ends in seconds, and 0 or 1."""
    lines = (ROOT / f"benches/sentences/{SENTENCES[language]}.txt").read_text().splitlines()
    samples, known, turns = bytearray(), {}, []
    second = 2 * RATE_HZ
    while len(samples) < minutes * 60 * second:
        # Whoever said a sentence, the other one says it the next time: no line is spoken twice where there are sentences enough.
        turn = len(turns)
        speaker = (turn // 2 + turn // len(lines)) % 2
        key = (lines[turn % len(lines)], SPEAKERS[language][speaker])
        if key not in known:
            known[key] = box.said(*key)
        turns.append((len(samples) / second, (len(samples) + len(known[key])) / second, speaker))
        samples += known[key] + bytes(2 * int(PAUSE_S * RATE_HZ))
    wav, path = folder / "sound.wav", folder / "film.mp4"
    with wave.open(str(wav), "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(bytes(samples))
    told = ["-i", str(wav), "-c:a", "aac", "-b:a", "96k", "-shortest", str(path)]
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-nostdin", *PICTURE[:4], *told[:2], *PICTURE[4:], *told[2:]], check=True)
    return path, wav.read_bytes(), turns


class Caller(threading.Thread):
    """Asks for speech every two seconds until it is told to stop."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box, self.took, self.over = box, [], threading.Event()

    def run(self):
        while not self.over.wait(2.0):
            self.took.append(timed(lambda: self.box.speak(TEXT))[0])


class Dubbed:
    """A film in another language, however it came about: the new lines as one text, and the new sound as a WAV."""

    def __init__(self, film, text, sound):
        self.film, self.text, self.sound = film, text, sound


def by_server(box, path, turns, data, options):
    original = path.read_bytes()
    box.speak(TEXT)
    idle = [timed(lambda: box.speak(TEXT))[0] for _ in range(5)]

    analysis, took = box.job(box.form("/voice/dub/analyze", original, language=options.source)["job_id"])
    seconds = analysis["duration_seconds"]
    print(f"analyze: {took:.1f} s for {seconds:.1f} s ({took / seconds:.3f}), {len(analysis['segments'])} lines, "
          f"{len(analysis['speakers'])} speakers", flush=True)
    body = json.dumps({"segments": analysis["segments"], "target_language": options.target, "source_language": options.source})
    took, answer = timed(lambda: box.post("/voice/dub/translate", body.encode(), "application/json"))
    lines = json.loads(answer)["segments"]
    print(f"translate: {took:.1f} s", flush=True)

    caller = Caller(box)
    if not options.alone:
        caller.start()
    fields = {"segments": json.dumps(lines), "target_language": options.target}
    job_id = box.form("/voice/dub/render", original, **fields)["job_id"]
    result, took = box.job(job_id)
    print(f"render: {took:.1f} s ({took / seconds:.3f}), {result['lines_spoken']} lines spoken and {result['lines_reused']} taken from earlier "
          f"ones", flush=True)
    if not options.alone:
        caller.over.set()
        caller.join()
        before, beside = statistics.median(idle), statistics.median(caller.took)
        print(f"live speech of 120 characters: {before:.2f} s idle, {beside:.2f} s during the render (medians; ratio {beside / before:.2f}, "
              f"at most {max(caller.took):.2f} s; {len(caller.took)} requests)")
    files = sum(f.stat().st_size for f in (data / "jobs").rglob("*") if f.is_file())
    print(f"memory: {resident_mib(box.process.pid):.0f} MiB at the peak; disk: {files / 2**20:.1f} MiB of jobs")

    again, _ = timed(lambda: box.job(box.form("/voice/dub/render", original, **fields)["job_id"]))
    print(f"the same render again: {again:.1f} s")
    late = [abs(made["spoken_start"] - line["start"]) for made, line in zip(result["segments"], lines)]
    cut = sum(made["truncated"] for made in result["segments"])
    ratios = sorted(made["fit_ratio"] for made in result["segments"])
    print(f"lines: at most {max(late):.3f} s beside their segments, {cut} of {len(lines)} cut, "
          f"fit ratio {statistics.median(ratios):.2f} at the median, {ratios[-1]:.2f} at the most")
    dubbed = path.with_name("dubbed.mp4")
    dubbed.write_bytes(box.get(result["video_url"]))
    return Dubbed(dubbed, " ".join(line["text"] for line in lines), box.get(result["audio_url"]))


def by_cli(path, name, packs, options):
    dubbed, srt, wav = (path.with_name(f"dubbed.{kind}") for kind in ("mp4", "srt", "wav"))
    told = ["--from", options.source, "--to", options.target, "-o", str(dubbed), "--srt", str(srt)]
    places = ["--models-dir", str(linked(f"{name}/cli", packs)), "--data-dir", f"{name}/cli/data"]
    took, ran = timed(lambda: subprocess.run([options.binary, "dub", str(path), *told, *places], check=True, capture_output=True, text=True))
    print(ran.stderr.strip())
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"vocabox dub: {took:.1f} s in all, {memory:.0f} MiB at the peak", flush=True)
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-nostdin", "-i", str(dubbed), str(wav)], check=True)
    text = re.sub(r"^(\d+|.* --> .*)$", "", srt.read_text(), flags=re.MULTILINE)
    return Dubbed(dubbed, " ".join(text.split()), wav.read_bytes())


def excerpts(wav, turns, most_s=60.0):
    """What each of the two says, as much as that, at 16 kHz."""
    parts = [bytearray(), bytearray()]
    with wave.open(io.BytesIO(wav)) as file:
        form, rate = file.getparams(), file.getframerate()
        for start, end, speaker in turns:
            if len(parts[speaker]) < most_s * rate * form.sampwidth * form.nchannels:
                file.setpos(min(int(start * rate), form.nframes))
                parts[speaker] += file.readframes(int((end - start) * rate))
    whole = []
    for part in parts:
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(form)
            out.writeframes(bytes(part))
        whole.append(sound(made.getvalue()))
    return whole


def judge(box, path, wav, turns, dubbed, encoders, language):
    was, now = packets(path, ["0:v"]), packets(dubbed.film, ["0:v"])
    length = lambda sound: wave.open(io.BytesIO(sound)).getnframes() / wave.open(io.BytesIO(sound)).getframerate()
    print(f"picture: {len(was[1])} packets, {'the same' if was == now else 'NOT the same'}; sound {length(wav):.3f} s, now {length(dubbed.sound):.3f} s")
    wrong, words = errors(dubbed.text, box.transcribe(dubbed.sound, language))
    print(f"the new sound: {wrong} of {words} words are heard otherwise ({100 * wrong / words:.1f} %)")
    told, _ = box.job(box.form("/voice/dub/analyze", dubbed.sound, language=language)["job_id"])
    print(f"speakers told apart in it: {len(told['speakers'])}")
    both = lambda sound: [encoders.both(samples) for samples in excerpts(sound, turns)]
    old, new = both(wav), both(dubbed.sound)
    for number, encoder in enumerate(["GE2E", "second encoder"]):
        like = lambda a, b: float(a[number] @ b[number])
        print(f"{encoder}: new voices {like(new[0], old[0]):.3f} and {like(new[1], old[1]):.3f} like their own old ones, "
              f"{like(new[0], old[1]):.3f} and {like(new[1], old[0]):.3f} like the other's; "
              f"one another {like(new[0], new[1]):.3f}, before {like(old[0], old[1]):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--from", dest="source", choices=SPEAKERS, default="pt")
    parser.add_argument("--to", dest="target", default="en")
    parser.add_argument("--pack", help="that translates; by default the recogniser does it")
    parser.add_argument("--alone", action="store_true", help="without live requests beside the render")
    parser.add_argument("--cli", action="store_true", help="by `vocabox dub`, which takes every language")
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--keep", help="a folder for the films")
    options = parser.parse_args()
    packs = PACKS + ([options.pack] if options.pack else [])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(options.keep or name)
        folder.mkdir(exist_ok=True)
        encoders = Encoders(second_encoder(name))
        box = Studio(options.binary, name, packs=packs)
        try:
            path, wav, turns = film(box, folder, options.source, options.minutes)
            print(f"film: {path.stat().st_size / 2**20:.1f} MiB, {len(turns)} sentences in turn by two speakers", flush=True)
            if options.cli:
                dubbed = by_cli(path, name, packs, options)
            else:
                dubbed = by_server(box, path, turns, pathlib.Path(name) / "data", options)
            judge(box, path, wav, turns, dubbed, encoders, options.target)
        finally:
            box.stop()


if __name__ == "__main__":
    main()
