#!/usr/bin/env python3
"""Speaks ten varied texts through a running server and draws each: waveform, spectrogram and loudness over time.

Prints, for each sound: seconds, integrated loudness (LUFS), true peak (dBTP, four times oversampled), samples at full
scale, silence before and after, and clicks. A click is a second difference of the samples that is CLICK times the
median of its surroundings and loud enough to be audible; each is marked in the picture. Pictures and sounds are written to
the folder; the script judges nothing. Fetches the packages that it draws with.
"""

import json
import re
import sys
from pathlib import Path

from measuring import Usage, guarded, needs, parser
from measuring.client import Client

TEXTS = [
    ("af_heart", "Wait!", 1.0),
    ("af_heart", "The committee approved the budget yesterday; nobody was surprised.", 1.0),
    (
        "am_michael",
        "It costs $25, which is 10% less than last year. Call +234 803 555 0199 before 7:45 in the morning, or write to info@example.com.",
        1.0,
    ),
    (
        "bm_george",
        "In both countries it was clearer than crystal to the lords of the State preserves of loaves and fishes, that things in general were "
        "settled for ever. A wonderful fact to reflect upon, that every human creature is constituted to be that profound secret and mystery "
        "to every other. A solemn consideration, when I enter a great city by night, that every one of those darkly clustered houses encloses "
        "its own secret; that every room in every one of them encloses its own secret.\n\nSomething of the awfulness is referable to this.",
        1.0,
    ),
    ("bf_emma", "She sells sea shells by the sea shore. Six thick thistle sticks.", 1.6),
    ("am_adam", "Peter Piper picked a peck of pickled peppers. Did Peter Piper pick them? Yes! He did.", 0.6),
    ("ff_siwis", "Nous avons acheté des oranges et un peu de fromage, puis nous sommes rentrés à la maison.", 1.0),
    ("vocabusta_sw_female", "Kesho tutasafiri kwenda pwani. Watoto wanapenda kucheza mpira baada ya shule.", 1.0),
    ("piper_joe", "This voice comes from another engine. Does it sound as loud as the others? It should.", 1.0),
    ("af_heart(2)+am_adam(1)", "Two voices in one, reading a list: apples, oranges, bread, milk, and a newspaper.", 1.0),
]


def check_voices(server):
    known = {voice["voice_id"] for voice in json.loads(server.get("/voice/voices"))["voices"]}
    for blend, _, _ in TEXTS:
        for voice in re.findall(r"[a-z_]+", blend):
            if voice not in known:
                remedy = "scripts/fetch-models kokoro piper-en-us-joe fetches the packs that are needed; then start it again"
                raise Usage(f"the server has no voice {voice}: {remedy}")


def main():
    options = parser(__doc__)
    options.add_argument("--url", default="http://127.0.0.1:8080", help="address of the server (default: %(default)s)")
    options.add_argument("--key-file", default="data/demo.key", type=Path, help="(default: %(default)s)")
    options.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    options = options.parse_args()
    key = needs.file(options.key_file, "scripts/run makes data/demo.key").read_text().strip()
    server = Client(options.url, key, timeout_s=300)
    # Checked first, so that nothing is installed if the server does not answer or lacks a voice.
    check_voices(server)
    needs.prepare(packages=needs.PICTURE_PACKAGES)
    from measuring import pictures

    options.out.mkdir(parents=True, exist_ok=True)
    print(f"{'voice':24} {'s':>6} {'LUFS':>7} {'dBTP':>6} {'clipped':>7} {'before':>7} {'after':>7} clicks at")
    for number, (voice, text, speed) in enumerate(TEXTS):
        wav = server.speak(text, voice_id=voice, speed=speed)
        (options.out / f"{number}.wav").write_bytes(wav)
        sound, rate = pictures.read(wav)
        found = pictures.clicks(sound, rate)
        m = pictures.measured(sound, rate)
        pictures.draw(options.out / f"{number}.png", f"{voice} × {speed}: {text[:110]}", sound, rate, found)
        at = ", ".join(f"{n / rate:.3f}" for n in found[:8]) or "none"
        print(
            f"{voice:24} {m['seconds']:6.2f} {m['lufs']:7.2f} {m['dBTP']:6.2f} {m['clipped']:7} "
            f"{m['before_ms']:5.0f}ms {m['after_ms']:5.0f}ms {at}",
            flush=True,
        )


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
