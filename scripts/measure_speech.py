#!/usr/bin/env python3
"""Speaks the sentences of benches/sentences and transcribes them back: word and letter errors of each voice.

usage: measure_speech.py [--only es,ha] [--sentences 20] [--together 5] [--voice ef_dora] [--binary target/release/vocabox] [--show]

Every `--together` sentences are one `POST /voice/tts` and one `POST /voice/stt` with the language forced, to a server of its own. Errors
are edits (Levenshtein) over the length of what was written, after dropping case and punctuation, for letters the blanks
too: a small recogniser parts the words of languages that it hardly knows as it likes. They count the recogniser's own as
well. The rows "by English" speak the same text with the same speaker, read as English: what a box
without rules for the language would say. Needs the fetched packs kokoro, whisper-base, silero-vad and onnxruntime.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare_peers import PACKS, ROOT, Box, linked

# Name of the row, sentences, voice, language for the recogniser (none where it knows none: then nothing is measured).
ROWS = [
    ("en-us", "en", "af_heart", "en"),
    ("en-gb", "en", "bf_emma", "en"),
    ("es", "es", "ef_dora", "es"),
    ("fr", "fr", "ff_siwis", "fr"),
    ("it", "it", "if_sara", "it"),
    ("pt-br", "pt-br", "pf_dora", "pt"),
    ("hi", "hi", "hf_alpha", "hi"),
    ("ha", "ha", "vocabusta_ha_female", "ha"),
    ("ha male", "ha", "vocabusta_ha_male", "ha"),
    ("ha by English", "ha", "english_ha_female", "ha"),
    ("sw", "sw", "vocabusta_sw_female", "sw"),
    ("sw male", "sw", "vocabusta_sw_male", "sw"),
    ("sw by English", "sw", "english_sw_female", "sw"),
    ("yo", "yo", "vocabusta_yo_female", "yo"),
    ("en_ng", "en", "vocabusta_en_ng_female", "en"),
]


class Reader(Box):
    """A box with voices that read African text as English, too."""

    def __init__(self, binary, folder):
        super().__init__(binary, folder, models=self.models(folder))

    @staticmethod
    def models(folder):
        models = linked(folder, PACKS[1:])
        kokoro = models / "kokoro"
        kokoro.mkdir()
        for file in (ROOT / "models/kokoro").iterdir():
            if file.name != "pack.toml":
                (kokoro / file.name).symlink_to(file)
        text = (ROOT / "models/kokoro/pack.toml").read_text()
        voices = re.findall(r"\[\[voices\]\]\n(?:\w+ = .*\n)+", text)
        for voice in voices:
            if match := re.search(r'id = "vocabusta_(ha|sw)_', voice):
                voice = voice.replace('"vocabusta_', '"english_').replace(f'language = "{match[1]}"', 'language = "en-us"')
                text = text.replace("[[sources]]", f"{voice}\n[[sources]]", 1)
        (kokoro / "pack.toml").write_text(text)
        return models

    def speak(self, text, voice):
        """The WAV."""
        return self.post("/voice/tts", json.dumps({"text": text, "voice_id": voice}).encode(), "application/json")


def plain(text):
    """Lower case, composed, letters, marks and digits only, words parted by one blank; Hausa's hooked letters as k, d, b."""
    text = unicodedata.normalize("NFC", text.lower()).translate(str.maketrans("ƙɗɓ", "kdb"))
    return " ".join("".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text.replace("'", "")).split())


# Whisper base writes Hindi in Urdu's script as often as not: both as consonants, without y, v and the breath of aspirates.
CONSONANTS = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनपफबभमरलळशषसह" + "کگچجٹتطڈدنپبمرڑلشسصثہحزذضظژخغقف",
        "kkggncc" + "jjnttddnttddnppbbmrllsssh" + "kgcjtttddnpbmrrlssssh" + "hzzzzskgkf",
    )
)
NUKTA = {"ड़": "r", "ढ़": "r", "ज़": "z", "फ़": "f", "क़": "k", "ख़": "k", "ग़": "g"}


def skeleton(text):
    """The consonants of Hindi in either script, words parted by blanks."""
    text = unicodedata.normalize("NFC", text)
    for letter, sound in NUKTA.items():
        text = text.replace(unicodedata.normalize("NFC", letter), sound)
    text = re.sub(r"ं(?=[क-ह])", "n", text)
    latin = "bcdfghjklmnpqrstxz"
    return " ".join("".join(CONSONANTS.get(c, c if c in latin else "") for c in word) for word in text.lower().split())


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(before + (x != y), row[j - 1] + 1, row[j] + 1)
    return row[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="rows, by their names, parted by commas")
    parser.add_argument("--sentences", type=int, default=100, help="of each file at the most")
    parser.add_argument("--together", type=int, default=5, help="sentences of one request, as paragraphs")
    parser.add_argument("--voice", help="in place of each row's own")
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    parser.add_argument("--show", action="store_true", help="every sentence that was not heard as it was written")
    options = parser.parse_args()
    rows = ROWS
    if options.only:
        known = {row[0]: row for row in ROWS}
        rows = [known[name] for name in options.only.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        box = Reader(options.binary, folder)
        try:
            print("| row | voice | sentences | word errors | letter errors |\n| --- | --- | --- | --- | --- |")
            for row, file, voice, language in rows:
                voice = options.voice or voice
                lines = (ROOT / f"benches/sentences/{file}.txt").read_text().splitlines()[: options.sentences]
                wrong, words, wrong_chars, chars = 0, 0, 0, 0
                for i in range(0, len(lines), options.together):
                    line = "\n\n".join(lines[i : i + options.together])
                    heard, written = plain(box.transcribe(box.speak(line, voice), language)), plain(line)
                    if language == "hi":
                        heard, written = skeleton(heard), skeleton(written)
                    errors = edits(written.split(), heard.split())
                    wrong, words = wrong + errors, words + len(written.split())
                    letters, heard_letters = written.replace(" ", ""), heard.replace(" ", "")
                    wrong_chars, chars = wrong_chars + edits(letters, heard_letters), chars + len(letters)
                    if options.show and errors:
                        print(f"    {written}\n    {heard}")
                print(
                    f"| {row} | `{voice}` | {len(lines)} | {wrong} of {words} ({100 * wrong / words:.1f} %) "
                    f"| {100 * wrong_chars / chars:.1f} % |",
                    flush=True,
                )
        finally:
            box.stop()


if __name__ == "__main__":
    main()
