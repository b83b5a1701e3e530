"""Recordings as people have them, made from spoken sentences and noise (imports numpy: only after `needs.prepare`). All
sound is mono float32 at 16 kHz."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy

RATE = 16_000
Sound = numpy.ndarray


@dataclass
class Recording:
    """A sound, what is said in it, the language to ask for (none to have it detected), and the rate of its file."""

    text: str
    sound: Sound
    language: str | None = "en"
    rate: int = 16_000

    def wav(self) -> bytes:
        return to_wav(resampled(self.sound, RATE, self.rate), self.rate)


def from_wav(wav: bytes) -> Sound:
    """A WAV file of 16 bits, its channels mixed, at 16 kHz."""
    with wave.open(io.BytesIO(wav)) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32768
        samples = samples.reshape(-1, file.getnchannels()).mean(1)
        return resampled(samples, file.getframerate(), RATE)


def to_wav(sound: Sound, rate: int = RATE) -> bytes:
    """A WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((numpy.clip(sound, -1, 32767 / 32768) * 32768).round().astype("<i2").tobytes())
    return file.getvalue()


def resampled(sound: Sound, source: int, target: int) -> Sound:
    """The sound at another rate, by cutting or filling up its spectrum."""
    if source == target:
        return sound
    count = len(sound) * target // source
    spectrum = numpy.fft.rfft(sound)
    kept = numpy.zeros(count // 2 + 1, complex)
    most = min(len(kept), len(spectrum))
    kept[:most] = spectrum[:most]
    return (numpy.fft.irfft(kept, count) * (count / len(sound))).astype(numpy.float32)


def silence(seconds: float) -> Sound:
    return numpy.zeros(int(seconds * RATE), numpy.float32)


def joined(dice: numpy.random.Generator, spoken: list[tuple[str, Sound]], gaps: tuple[float, float] = (0.2, 2.5)) -> tuple[str, Sound]:
    """Sentences one after the other, after random gaps."""
    parts: list[Sound] = []
    for _, sound in spoken:
        parts += [silence(dice.uniform(*gaps)), sound]
    return " ".join(text for text, _ in spoken), numpy.concatenate([*parts, silence(0.5)])


def level(sound: Sound) -> float:
    """Root mean square of what is loud: of the tenths of a second above a tenth of the loudest."""
    parts = numpy.sqrt((sound[: len(sound) // 1600 * 1600].reshape(-1, 1600) ** 2).mean(1))
    return float(numpy.sqrt((parts[parts > parts.max() / 10] ** 2).mean()))


def at_db(sound: Sound, db: float) -> Sound:
    return (sound * 10 ** (db / 20)).astype(numpy.float32)


def noise(dice: numpy.random.Generator, seconds: float, slope: float = 1.0) -> Sound:
    """Noise whose power falls by frequency to the power of `slope`: 0 white, 1 pink, 2 brown. Level 0.1."""
    count = int(seconds * RATE)
    spectrum = numpy.fft.rfft(dice.standard_normal(count))
    hertz = numpy.maximum(numpy.fft.rfftfreq(count, 1 / RATE), 20)
    made = numpy.fft.irfft(spectrum / hertz ** (slope / 2), count)
    return (0.1 * made / made.std()).astype(numpy.float32)


def music(dice: numpy.random.Generator, seconds: float) -> Sound:
    """Chords with a beat and a melody, level about 0.1."""
    count = int(seconds * RATE)
    made = numpy.zeros(count + 2 * RATE, numpy.float32)
    at = 0.0
    while at < seconds:
        root = 110 * 2 ** (dice.integers(0, 12) / 12)
        length = dice.choice([0.4, 0.8, 1.6])
        time = numpy.arange(int(length * RATE)) / RATE
        chord = sum(
            numpy.sin(2 * numpy.pi * root * step * harmonic * time) / harmonic
            for step in (1, 1.26, 1.5, 2 * 2 ** (dice.integers(0, 12) / 12))
            for harmonic in (1, 2, 3, 4)
        )
        beat = dice.standard_normal(len(time)) * numpy.exp(-time * 40)
        start = int(at * RATE)
        made[start : start + len(time)] += numpy.exp(-1.5 * time) * chord + 2 * beat
        at += length
    made = made[:count]
    return (0.1 * made / made.std()).astype(numpy.float32)


def babble(dice: numpy.random.Generator, spoken: list[Sound], seconds: float, voices: int = 12) -> Sound:
    """Many voices at once and backwards, so that no word can be made out, level 0.1."""
    count = int(seconds * RATE)
    made = numpy.zeros(count, numpy.float32)
    for _ in range(voices):
        at = -int(dice.integers(0, RATE * 3))
        while at < count:
            one = spoken[dice.integers(0, len(spoken))][::-1]
            start, end = max(at, 0), min(at + len(one), count)
            if end > start:
                made[start:end] += one[start - at : end - at]
            at += len(one)
    return (0.1 * made / made.std()).astype(numpy.float32)


def tones(dice: numpy.random.Generator, seconds: float) -> Sound:
    """Beeps of half a second to two seconds, with pauses."""
    parts: list[Sound] = []
    while sum(map(len, parts)) < seconds * RATE:
        time = numpy.arange(int(dice.uniform(0.5, 2) * RATE)) / RATE
        parts += [0.2 * numpy.sin(2 * numpy.pi * dice.choice([350, 425, 480, 620, 950, 1400]) * time), silence(dice.uniform(0.2, 1))]
    return numpy.concatenate(parts)[: int(seconds * RATE)].astype(numpy.float32)


def with_noise(sound: Sound, noise_: Sound, ratio_db: float) -> Sound:
    """The sound with noise that is `ratio_db` quieter than its speech."""
    noise_ = numpy.resize(noise_, len(sound))
    mixed = sound + noise_ * (level(sound) / noise_.std() * 10 ** (-ratio_db / 20))
    return (mixed / max(1.0, float(numpy.abs(mixed).max()))).astype(numpy.float32)


def telephone(sound: Sound) -> Sound:
    """The sound through a telephone: 300 to 3400 Hz, 8 kHz, μ-law."""
    spectrum = numpy.fft.rfft(sound)
    hertz = numpy.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = numpy.fft.irfft(spectrum, len(sound))[::2]
    coded = numpy.round(numpy.sign(narrow) * numpy.log1p(255 * numpy.abs(narrow).clip(0, 1)) / numpy.log(256) * 127) / 127
    decoded = numpy.sign(coded) * (256 ** numpy.abs(coded) - 1) / 255
    return resampled(decoded.astype(numpy.float32), RATE // 2, RATE)[: len(sound)]
