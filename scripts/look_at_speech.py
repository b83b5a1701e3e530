#!/usr/bin/env python3
"""Speaks ten varied texts through a running box and draws each: waveform, spectrogram and loudness over time.

    pip install numpy matplotlib soundfile pyloudnorm scipy
    scripts/look_at_speech.py --box http://127.0.0.1:8080 --key-file data/demo.key --out FOLDER

Prints, for each sound: seconds, integrated loudness (LUFS), true peak (dBTP, four times oversampled), samples at full
scale, silence before and after, and clicks. A click is a second difference of the samples that stands out by CLICK
times from the median of its surroundings and is loud enough to be heard; each is marked in the picture.
Pictures and sounds go to the folder; nothing is judged here but by the eye.
"""

import argparse
import io
import json
import pathlib
import urllib.request

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pyloudnorm
import soundfile
from scipy.ndimage import median_filter
from scipy.signal import resample_poly

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
CLICK = 40.0  # times the median of the second differences within 10 ms
CLICK_LEAST = 0.03  # of full scale
SILENCE = 0.002  # of full scale, as the box takes it


def speak(args, voice, text, speed):
    body = json.dumps({"text": text, "voice_id": voice, "speed": speed}).encode()
    key = pathlib.Path(args.key_file).read_text().strip()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{args.box}/voice/tts", body, headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read()


def clicks(sound, rate):
    """Places where the sound has a corner that nothing around it explains."""
    bend = np.abs(np.diff(sound, 2))
    usual = median_filter(bend, size=rate // 100 | 1)
    found = np.flatnonzero((bend > CLICK * (usual + 1e-5)) & (bend > CLICK_LEAST))
    return found[np.insert(np.diff(found) > rate // 200, 0, True)] if len(found) else found


def measured(sound, rate):
    meter = pyloudnorm.Meter(rate, block_size=min(0.4, len(sound) / rate * 0.9))
    peak = np.abs(resample_poly(sound, 4, 1)).max()
    heard = np.flatnonzero(np.abs(sound) > SILENCE)
    return {
        "seconds": len(sound) / rate,
        "lufs": meter.integrated_loudness(sound),
        "dBTP": 20 * np.log10(peak),
        "clipped": int((np.abs(sound) >= 32767 / 32768).sum()),
        "before_ms": 1000 * heard[0] / rate,
        "after_ms": 1000 * (len(sound) - 1 - heard[-1]) / rate,
    }


def draw(path, title, sound, rate, found):
    times = np.arange(len(sound)) / rate
    figure, (wave, spectrum, loudness) = plt.subplots(3, 1, figsize=(16, 9), sharex=True)
    wave.plot(times, sound, linewidth=0.4)
    wave.set_ylim(-1, 1)
    wave.set_title(title, fontsize=9)
    for at in found:
        wave.axvline(at / rate, color="red", linewidth=0.6)
    spectrum.specgram(sound + 1e-9, NFFT=512, Fs=rate, noverlap=384, vmin=-140, vmax=-30, cmap="magma")
    window = rate // 20
    power = np.convolve(sound**2, np.ones(window) / window, "same")
    loudness.plot(times, 10 * np.log10(power + 1e-9))
    loudness.set_ylim(-80, 0)
    loudness.set_ylabel("dBFS, 50 ms")
    loudness.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--box", default="http://127.0.0.1:8080")
    parser.add_argument("--key-file", default="data/demo.key")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(f"{'voice':24} {'s':>6} {'LUFS':>7} {'dBTP':>6} {'clipped':>7} {'before':>7} {'after':>7} clicks at")
    for number, (voice, text, speed) in enumerate(TEXTS):
        wav = speak(args, voice, text, speed)
        (args.out / f"{number}.wav").write_bytes(wav)
        sound, rate = soundfile.read(io.BytesIO(wav))
        found = clicks(sound, rate)
        m = measured(sound, rate)
        draw(args.out / f"{number}.png", f"{voice} × {speed}: {text[:110]}", sound, rate, found)
        at = ", ".join(f"{n / rate:.3f}" for n in found[:8]) or "none"
        print(
            f"{voice:24} {m['seconds']:6.2f} {m['lufs']:7.2f} {m['dBTP']:6.2f} {m['clipped']:7} "
            f"{m['before_ms']:5.0f}ms {m['after_ms']:5.0f}ms {at}"
        )


if __name__ == "__main__":
    main()
