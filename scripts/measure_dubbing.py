#!/usr/bin/env python3
"""How long a film takes to dub, what that costs, and what it costs those who speak meanwhile.

usage: measure_dubbing.py [--minutes 10] [--binary target/release/vocabox] [--keep FOLDER]

A film is made: ffmpeg's test picture, and two Portuguese voices of Kokoro in turn. It goes analyze → translate → render into
English. Told are the time of each step, the peak memory of the server, the bytes of its data folder at their most, and how long a
short text takes to speak before and during the render (medians; at most 1.5 times is asked for). Then whether the picture is the
same (hashes of its packets), whether the length is, and whether ffmpeg decodes the film without a word. Needs the fetched packs,
and ffmpeg on the PATH or the Python package imageio-ffmpeg.
"""

import argparse
import io
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from check_containers import ffmpeg
from compare_peers import PACKS, ROOT, Box

LINES = [
    ("pf_dora", "Bom dia. Você viu a nova ponte sobre o rio esta semana?"),
    ("pm_alex", "Sim, eu vi a ponte ontem. Eles trabalharam nela por quase três anos."),
    ("pf_dora", "Meu irmão diz que os trens vão passar por ela no próximo mês."),
    ("pm_alex", "Isso seria muito bom. Hoje eu levo uma hora para chegar ao trabalho."),
    ("pf_dora", "Eu moro perto da estação, mas o ônibus está sempre cheio de manhã."),
    ("pm_alex", "Então vamos tomar um café na praça quando a linha abrir."),
]
PAUSE_S = 0.6
PROBE = "The weather is fine today."


def talk(box, seconds):
    """That many seconds of conversation, as a WAV of 24 kHz."""
    spoken = {}
    for voice, text in LINES:
        body = json.dumps({"text": text, "voice_id": voice}).encode()
        spoken[text] = box.post("/voice/tts", body, "application/json")[44:]
    sound = b""
    pause = bytes(2 * int(24_000 * PAUSE_S))
    while len(sound) < seconds * 48_000:
        for _, text in LINES:
            sound += spoken[text] + pause
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 24_000, 0, "NONE", ""))
        out.writeframes(sound[: int(seconds * 48_000)])
    return file.getvalue()


def film(sound, seconds, folder):
    wav, path = folder / "talk.wav", folder / "talk.mp4"
    wav.write_bytes(sound)
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={seconds}"]
    codecs = ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-b:a", "128k"]
    run([ffmpeg(), "-v", "error", "-y", *picture, "-i", str(wav), *codecs, str(path)])
    return path


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def form(box, path, file, fields):
    boundary = uuid.uuid4().hex
    part = lambda name: f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
    body = "".join(f"{part(name)}\r\n\r\n{value}\r\n" for name, value in fields.items()).encode()
    body += f'{part("file")}; filename="film.mp4"\r\n\r\n'.encode() + file + f"\r\n--{boundary}--\r\n".encode()
    return json.loads(box.post(path, body, f"multipart/form-data; boundary={boundary}"))


def get(box, path):
    request = urllib.request.Request(box.url + path, headers={"Authorization": f"Bearer {box.key}"})
    return box.opener.open(request).read()


def done(box, job, data):
    """The job's result, its seconds, and the most bytes that there were in `data`."""
    begun, most = time.monotonic(), 0
    while True:
        told = json.loads(get(box, f"/voice/dub/jobs/{job}"))
        most = max(most, sum(f.stat().st_size for f in files(data)))
        if told["status"] == "error":
            sys.exit(f"measure_dubbing: {told['error']}")
        if told["status"] == "done":
            return told["result"], time.monotonic() - begun, most
        time.sleep(0.5)


def files(folder):
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                yield path
        except FileNotFoundError:
            pass


def probe(box, stop, took):
    """Speaks the short text again and again."""
    while not stop.is_set():
        begun = time.monotonic()
        box.speak(PROBE)
        took.append(time.monotonic() - begun)
        stop.wait(3)


def hashes(path):
    out = run([ffmpeg(), "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framehash", "-"]).stdout
    return [line for line in out.splitlines() if not line.startswith("#")]


def length_s(path):
    said = subprocess.run([ffmpeg(), "-i", str(path)], capture_output=True, text=True).stderr
    hours, minutes, seconds = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said).groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--keep", help="folder for the film before and after")
    args = parser.parse_args()
    seconds = 60 * args.minutes
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(args.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        box = Box(args.binary, scratch, [*PACKS, "speaker-ge2e"])
        try:
            measure(box, seconds, folder, pathlib.Path(scratch) / "data")
        finally:
            box.stop()


def measure(box, seconds, folder, data):
    before = film(talk(box, seconds), seconds, folder)
    file = before.read_bytes()
    idle = []
    for _ in range(9):
        begun = time.monotonic()
        box.speak(PROBE)
        idle.append(time.monotonic() - begun)
    job = form(box, "/voice/dub/analyze", file, {"language": "auto"})["job_id"]
    analysis, took, _ = done(box, job, data)
    print(f"{seconds:.0f} s of film, {len(analysis['segments'])} lines, {len(analysis['speakers'])} speakers: analyzed in {took:.1f} s")
    begun = time.monotonic()
    asked = {"segments": analysis["segments"], "target_language": "en"}
    translated = json.loads(box.post("/voice/dub/translate", json.dumps(asked).encode(), "application/json"))
    print(f"translated in {time.monotonic() - begun:.1f} s")
    stop, live = threading.Event(), []
    prober = threading.Thread(target=probe, args=(box, stop, live))
    prober.start()
    fields = {"segments": json.dumps(translated["segments"]), "target_language": "en"}
    job = form(box, "/voice/dub/render", file, fields)["job_id"]
    result, took, most = done(box, job, data)
    stop.set()
    prober.join()
    voices = sorted({line["voice_id"] for line in result["segments"] if line["voice_id"]})
    cut = sum(line["truncated"] for line in result["segments"])
    print(f"rendered in {took:.1f} s by {', '.join(voices)}; {cut} lines cut; {most / 2**20:.0f} MiB of data at the most")
    print(f"peak memory of the server {box.memory_mib():.0f} MiB")
    usual, busy = statistics.median(idle), statistics.median(live)
    print(f"a short text: {usual:.2f} s alone, {busy:.2f} s during the render ({busy / usual:.2f} times; {len(live)} asked)")
    after = folder / "talk-en.mp4"
    after.write_bytes(get(box, result["video_url"]))
    print(f"packets of the picture equal: {hashes(before) == hashes(after)}")
    print(f"length {length_s(before):.2f} s before, {length_s(after):.2f} s after")
    said = run([ffmpeg(), "-v", "warning", "-i", str(after), "-f", "null", "-"]).stderr.strip()
    print(f"ffmpeg says: {said or 'nothing'}")


if __name__ == "__main__":
    main()
