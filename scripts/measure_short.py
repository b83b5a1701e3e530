#!/usr/bin/env python3
"""Speaks the very short texts of benches/sentences/short.txt by several voices and transcribes them back: which fail.

Every text is one `POST /voice/tts` and one `POST /voice/stt`, by the voices in turn; `--rounds` as many as there are voices
speaks every text by every voice. A transcript is right when it has the words of the text, or when vocabox reads it with the same
phonemes ("Two." and "To."): stress and marks are left out. A text that one voice fails at is as likely an error of the
recognizer; one that most voices fail at is not. Needs a release build; fetches the packs.
"""

import json
import subprocess
import sys
from collections import Counter
from functools import cache

from measuring import ROOT, guarded, needs, parser
from measuring.client import seconds_of
from measuring.server import PACKS, serving
from measuring.texts import plain

VOICES = ["af_heart", "am_michael", "bf_emma", "bm_george", "af_bella", "am_fenrir"]
# Of the phonemes, what two readings of the same sound may differ in.
UNHEARD = set("ˈˌ.,!?;:—…“”() ")


def phonemes_by(binary):
    """The function that returns the phonemes of a text as `binary` reads them, without stress, marks and blanks."""

    @cache
    def phonemes(text):
        command = [str(binary), "read", "--phonemes", "--", text]
        read = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        sentences = [json.loads(line)["phonemes"] or "" for line in read.splitlines()]
        return "".join(c for sentence in sentences for c in sentence if c not in UNHEARD)

    return phonemes


def main():
    options = parser(__doc__)
    options.add_argument("--voices", type=lambda text: text.split(","), default=VOICES, help="voices, separated by commas")
    options.add_argument("--rounds", type=needs.count, default=1, help="how many voices speak each text")
    options.add_argument("--texts", type=needs.count, default=200, help="most texts")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS)
    texts = (ROOT / "benches/sentences/short.txt").read_text().splitlines()[: options.texts]
    phonemes = phonemes_by(options.binary)
    wrong, failed = Counter(), Counter()
    with serving(options.binary) as server:
        print("| text | phonemes | voice | seconds | heard |\n| --- | --- | --- | --- | --- |")
        for turn in range(options.rounds):
            for i, text in enumerate(texts):
                voice = options.voices[(i + turn) % len(options.voices)]
                sound = server.speak(text, voice_id=voice)
                heard = server.transcribe(sound).strip()
                if plain(heard) == plain(text) or phonemes(heard) == phonemes(text):
                    continue
                wrong[voice] += 1
                failed[text] += 1
                shown = f"| {text} | {phonemes(text)} | `{voice}` | {seconds_of(sound):.2f} | {heard} |"
                print(shown, flush=True)
    count = len(texts) * options.rounds
    print(f"{sum(wrong.values())} of {count} wrong; by voice: {', '.join(f'{v} {wrong[v]}' for v in options.voices)}")
    often = [f"{text} {n}" for text, n in failed.most_common() if n > 1]
    print(f"texts that more than one voice failed at: {', '.join(often) or 'none'}")


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
