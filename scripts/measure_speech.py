#!/usr/bin/env python3
"""Speaks the sentences of benches/sentences and transcribes them back: word and letter errors of each voice.

Every `--together` sentences are one `POST /voice/tts` and one `POST /voice/stt` with the language forced, to a new
server. Errors are edits (Levenshtein) divided by the length of the text, without case and punctuation, and for letter errors
also without blanks, because a small recognizer puts blanks of languages that it hardly knows in wrong places. They include the
recognizer's own errors. The rows "by English" speak the same text with the same voice, read as English, as a server without
rules for the language would. Needs a release build; fetches the packs.
"""

import re
import sys
import unicodedata

from measuring import ROOT, guarded, needs, parser
from measuring.server import PACKS, serving
from measuring.texts import edits, plain

# Name of the row, sentences, voice, language for the recognizer (none if it knows no such language: nothing is measured then).
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


def with_english_readings(manifest):
    """Kokoro's manifest with voices that read Hausa and Swahili as English, too."""
    for voice in re.findall(r"\[\[voices\]\]\n(?:\w+ = .*\n)+", manifest):
        if match := re.search(r'id = "vocabusta_(ha|sw)_', voice):
            voice = voice.replace('"vocabusta_', '"english_').replace(f'language = "{match[1]}"', 'language = "en-us"')
            manifest = manifest.replace("[[sources]]", f"{voice}\n[[sources]]", 1)
    return manifest


# Whisper base often writes Hindi in Urdu's script: both are compared as consonants, without y, v and aspiration.
CONSONANTS = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनपफबभमरलळशषसह" + "کگچجٹتطڈدنپبمرڑلشسصثہحزذضظژخغقف",
        "kkggncc" + "jjnttddnttddnppbbmrllsssh" + "kgcjtttddnpbmrrlssssh" + "hzzzzskgkf",
    )
)
NUKTA = {"ड़": "r", "ढ़": "r", "ज़": "z", "फ़": "f", "क़": "k", "ख़": "k", "ग़": "g"}


def skeleton(text):
    """The consonants of Hindi in either script, words separated by blanks."""
    text = unicodedata.normalize("NFC", text)
    for letter, sound in NUKTA.items():
        text = text.replace(unicodedata.normalize("NFC", letter), sound)
    text = re.sub(r"ं(?=[क-ह])", "n", text)
    latin = "bcdfghjklmnpqrstxz"
    return " ".join("".join(CONSONANTS.get(c, c if c in latin else "") for c in word) for word in text.lower().split())


def measure(server, row, options):
    """Measures one row of the table, and prints it."""
    name, file, voice, language = row
    voice = options.voice or voice
    lines = (ROOT / f"benches/sentences/{file}.txt").read_text().splitlines()[: options.sentences]
    wrong, words, wrong_chars, chars = 0, 0, 0, 0
    for i in range(0, len(lines), options.together):
        line = "\n\n".join(lines[i : i + options.together])
        heard, written = plain(server.transcribe(server.speak(line, voice_id=voice), language)), plain(line)
        if language == "hi":
            heard, written = skeleton(heard), skeleton(written)
        errors = edits(written.split(), heard.split())
        wrong, words = wrong + errors, words + len(written.split())
        letters, heard_letters = written.replace(" ", ""), heard.replace(" ", "")
        wrong_chars, chars = wrong_chars + edits(letters, heard_letters), chars + len(letters)
        if options.show and errors:
            print(f"    {written}\n    {heard}")
    shares = f"{wrong} of {words} ({100 * wrong / words:.1f} %) | {100 * wrong_chars / chars:.1f} %"
    print(f"| {name} | `{voice}` | {len(lines)} | {shares} |", flush=True)


def main():
    rows = {row[0]: row for row in ROWS}
    options = parser(__doc__)
    options.add_argument("--only", type=needs.some_of(rows), default=list(rows), help="names of rows, separated by commas")
    options.add_argument("--sentences", type=needs.count, default=100, help="most sentences of each file")
    options.add_argument("--together", type=needs.count, default=5, help="sentences per request, as paragraphs")
    options.add_argument("--voice", help="voice instead of each row's own")
    needs.add_binary(options)
    options.add_argument("--show", action="store_true", help="show every sentence whose transcript differs")
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS)
    with serving(options.binary, edits={"kokoro": with_english_readings}) as server:
        print("| row | voice | sentences | word errors | letter errors |\n| --- | --- | --- | --- | --- |")
        for name in options.only:
            measure(server, rows[name], options)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
