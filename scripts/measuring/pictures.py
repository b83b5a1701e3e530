"""Measures and draws a sound: waveform, spectrogram and loudness over time. Needs `needs.PICTURE_PACKAGES`: import it after
`needs.prepare`."""

from __future__ import annotations

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pyloudnorm  # noqa: E402
import soundfile  # noqa: E402
from scipy.ndimage import median_filter  # noqa: E402
from scipy.signal import resample_poly  # noqa: E402

CLICK = 40.0  # times the median of the second differences within 10 ms
CLICK_LEAST = 0.03  # of full scale
SILENCE = 0.002  # of full scale, as in the server


def clicks(sound, rate):
    """Places where the sound has a corner that stands out from its surroundings."""
    bend = np.abs(np.diff(sound, 2))
    usual = median_filter(bend, size=rate // 100 | 1)
    found = np.flatnonzero((bend > CLICK * (usual + 1e-5)) & (bend > CLICK_LEAST))
    return found[np.insert(np.diff(found) > rate // 200, 0, True)] if len(found) else found


def read(wav):
    """Samples of a WAV file, and their rate."""
    return soundfile.read(io.BytesIO(wav))


def measured(sound, rate):
    """The figures that scripts/look_at_speech.py prints."""
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
    with np.errstate(divide="ignore"):  # digital silence
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
