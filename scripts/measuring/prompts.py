"""Recordings of people, for measuring: telephone prompts and a game's lines, from packages of Debian. Nothing of them is kept in
the repository. Needs apt-get and dpkg-deb; `conversations` and `said` need `needs.PROMPT_PACKAGES`.

Two groups of speakers who have no voice in common: what is chosen by the first is measured on the second.
"""

from __future__ import annotations

import fnmatch
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from fetching import children
from fetching.fault import Fault

from . import needs

RATE = 16000
SOUNDS = "usr/share/asterisk/sounds"
GAME = "usr/share/games/fillets-ng/sound/*"

# Speaker: the Debian packages, and the files in them.
TUNED_ON = {
    "allison": [
        ("asterisk-core-sounds-en-wav", f"{SOUNDS}/en_US_f_Allison/*.wav"),
        ("asterisk-core-sounds-es-wav", f"{SOUNDS}/es_MX_f_Allison/*.wav"),
    ],
    "colombian": [("asterisk-prompt-es-co", f"{SOUNDS}/es/*.gsm")],
    "carlo": [("asterisk-core-sounds-it-wav", f"{SOUNDS}/it_IT_m_Carlo/*.wav")],
    "czech-small": [("fillets-ng-data-cs", f"{GAME}/cs/*-m-*.ogg")],
    "czech-large": [("fillets-ng-data-cs", f"{GAME}/cs/*-v-*.ogg")],
}
TESTED_ON = {
    "june": [("asterisk-core-sounds-fr-wav", f"{SOUNDS}/fr_CA_f_June/*.wav")],
    "russian": [("asterisk-core-sounds-ru-wav", f"{SOUNDS}/ru_RU_f_IvrvoiceRU/*.wav")],
    "menardi": [("asterisk-prompt-it-menardi-wav", f"{SOUNDS}/it_IT_f_Menardi/*.wav")],
    "armelle": [("asterisk-prompt-fr-armelle", f"{SOUNDS}/fr/*.gsm")],
    "dutch-small": [("fillets-ng-data-nl", f"{GAME}/nl/*-m-*.ogg")],
    "dutch-large": [("fillets-ng-data-nl", f"{GAME}/nl/*-v-*.ogg")],
}
GROUPS = {"tuned-on": TUNED_ON, "tested-on": TESTED_ON}
MUSICAL = [
    ("asterisk-moh-opsound-wav", "usr/share/asterisk/moh/*.wav"),
    ("fillets-ng-data", "usr/share/games/fillets-ng/music/*.ogg"),
]

# Files of the packages that hold no speech: silence, tones and a cry.
SPEECHLESS = ("*/silence/*", "*beep*", "*2tone*", "*tt-monkeys*")

# Prompts that are decoded for each speaker: the longest ones, for digits and single words are hardly speech.
PROMPTS = 60
SECONDS_MIN = 1.5


def fetch(folder: Path, packages: set[str]) -> None:
    """Unpacks those of `packages` that are missing in `folder`."""
    debs = folder / "packages"
    debs.mkdir(parents=True, exist_ok=True)
    for package in sorted(packages):
        if (folder / package).is_dir():
            continue
        apt, dpkg = needs.command("apt-get", "apt"), needs.command("dpkg-deb", "dpkg")
        for command in ([apt, "download", package], None):
            command = command or [dpkg, "-x", str(next(debs.glob(f"{package}_*.deb"))), str(folder / package)]
            result = children.run(command, cwd=debs)
            if result.returncode:
                raise Fault(f"{' '.join(command)} failed:\n{result.stderr.strip()}")


def paths(folder: Path, sources: list[tuple[str, str]]) -> list[Path]:
    found = []
    for package, pattern in sources:
        root = folder / package
        files = sorted(path for path in root.rglob(f"*{Path(pattern).suffix}") if path.is_file())
        files = [path for path in files if fnmatch.fnmatchcase(str(path.relative_to(root)), pattern)]
        found += [path for path in files if not any(path.match(other) for other in SPEECHLESS)]
    return found


def decoded(path: Path):
    """The samples at 16 kHz, mono."""
    import imageio_ffmpeg
    import numpy as np

    quiet = ["-hide_banner", "-loglevel", "error", "-nostdin"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


@dataclass
class Prompt:
    """A recording without the silence around it, and its stretches of speech (seconds)."""

    samples: object
    spoken: list[tuple[float, float]]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


# A step of the energy by which speech is found, and the longest pause within a stretch of it.
STEP = 320
PAUSE_S = 0.3
# Speech is this much above the quietest steps of a prompt, as far as that is not more or less below its loud ones (dB).
ABOVE_QUIET_DB = 8
BELOW_LOUD_DB = (18, 35)


def said(samples) -> Prompt | None:
    """The prompt in a recording: its speech is what is louder than the noise of its pauses, short pauses included."""
    import numpy as np

    steps = len(samples) // STEP
    if steps < 10:
        return None
    energy = np.log10((samples[: steps * STEP].reshape(steps, STEP) ** 2).mean(1) + 1e-12) * 10
    quiet, loudest = np.percentile(energy, [5, 95])
    threshold = np.clip(quiet + ABOVE_QUIET_DB, loudest - BELOW_LOUD_DB[1], loudest - BELOW_LOUD_DB[0])
    loud = np.flatnonzero(energy > threshold)
    spans: list[list[int]] = []
    for step in loud:
        if spans and (step - spans[-1][1]) * STEP / RATE <= PAUSE_S:
            spans[-1][1] = step + 1
        else:
            spans.append([step, step + 1])
    spans = [span for span in spans if span[1] - span[0] >= 5]
    if not spans:
        return None
    first, last = spans[0][0], spans[-1][1]
    level = 0.05 / np.sqrt((samples[first * STEP : last * STEP] ** 2).mean())
    spoken = [((a - first) * STEP / RATE, (b - first) * STEP / RATE) for a, b in spans]
    return Prompt(samples[first * STEP : last * STEP] * np.float32(level), spoken)


def speakers(folder: Path, group: dict) -> dict[str, list[Prompt]]:
    """The prompts of each speaker of the group; decoded ones are kept in `folder`."""
    import numpy as np

    fetch(folder, {package for sources in group.values() for package, _ in sources})
    found = {}
    for name, sources in group.items():
        kept = folder / f"{name}.npz"
        if not kept.exists():
            # Interleaved over the sources, so that each gives its share.
            parts = [sorted(paths(folder, [source]), key=lambda p: -p.stat().st_size)[:PROMPTS] for source in sources]
            sounds = [decoded(path) for part in parts for path in part[: PROMPTS // len(parts)]]
            np.savez(kept, *sounds)
        with np.load(kept) as sounds:
            prompts = [said(sounds[key]) for key in sounds.files]
        found[name] = [prompt for prompt in prompts if prompt and prompt.seconds >= SECONDS_MIN]
    return found


@dataclass
class Conversation:
    name: str
    condition: str
    samples: object
    # (start, end, speaker) in seconds, ordered by start; turns of different speakers may overlap.
    turns: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def speakers(self) -> int:
        return len({speaker for _, _, speaker in self.turns})


CONDITIONS = ["clean", "noise", "overlap", "short"]
SHORT_S = 2.0
SNR_DB = 10
OVERLAP = 0.1


def pink(count: int, random):
    """Noise whose power falls with frequency, as of rooms and streets; mean square 1."""
    import numpy as np

    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 50 * count / RATE))
    made = np.fft.irfft(spectrum, count)
    return made / np.sqrt((made**2).mean())


def turn(prompts: list[Prompt], seconds: float, random) -> Prompt:
    """Prompts one after the other, about `seconds` of them."""
    import numpy as np

    samples, spoken = [], []
    at = 0.0
    while at < seconds:
        chosen = prompts[random.integers(len(prompts))]
        part = chosen.samples[: int(max(seconds - at, SECONDS_MIN) * RATE)] if at + chosen.seconds > seconds + 4 else chosen.samples
        length = len(part) / RATE
        spoken += [(at + a, at + min(b, length)) for a, b in chosen.spoken if a < length]
        samples += [part, np.zeros(RATE // 4, np.float32)]
        at += length + 0.25
    return Prompt(np.concatenate(samples[:-1]), spoken)


def moment(prompts: list[Prompt], random) -> Prompt:
    """The first `SHORT_S` of a prompt that has no pause in them."""
    count = int(SHORT_S * RATE)
    whole = [prompt for prompt in prompts if prompt.spoken[0][1] >= SHORT_S]
    chosen = whole[random.integers(len(whole))]
    return Prompt(chosen.samples[:count], [(0.0, SHORT_S)])


def conversation(name: str, condition: str, who: dict[str, list[Prompt]], seconds: float, random) -> Conversation:
    """Turns of 4 to 12 s, pauses of 0.2 to 1 s, a level of its own for each speaker."""
    import numpy as np

    names = list(who)
    gains = {speaker: 10 ** (random.uniform(-6, 6) / 20) for speaker in names}
    # In `short`, the last speaker has one turn of 2 s, in the middle.
    brief = names[-1] if condition == "short" and len(names) > 1 else None
    regular = [speaker for speaker in names if speaker != brief]
    parts: list[tuple[float, Prompt, str]] = []
    at, last, brief_at = 0.5, "", seconds / 2
    while at < seconds:
        if brief and at >= brief_at:
            speaker, brief_at = brief, seconds + 1e9
            prompt = moment(who[speaker], random)
        else:
            others = [speaker for speaker in regular if speaker != last] or regular
            unheard = [speaker for speaker in others if speaker not in {s for _, _, s in parts}]
            speaker = (unheard or others)[random.integers(len(unheard or others))]
            prompt = turn(who[speaker], random.uniform(4, 12), random)
        pause = random.uniform(0.2, 1.0)
        if condition == "overlap" and parts and speaker != last and len(names) > 1:
            # So much of a turn lies over the one before that some 10 % of all speech does.
            pause = -min(OVERLAP * prompt.seconds * 1.2, 0.5 * parts[-1][1].seconds)
        start = max(0.0, at + pause)
        parts.append((start, prompt, speaker))
        at, last = start + prompt.seconds, speaker
    made = Conversation(name, condition, np.zeros(int((at + 0.5) * RATE), np.float32))
    for start, prompt, speaker in parts:
        first = int(start * RATE)
        made.samples[first : first + len(prompt.samples)] += prompt.samples * np.float32(gains[speaker])
        made.turns += [(start + a, start + b, speaker) for a, b in prompt.spoken]
    made.turns.sort()
    heard = made.samples[made.samples != 0]
    level = np.sqrt((heard**2).mean())
    ratio = SNR_DB if condition == "noise" else 60
    made.samples += (pink(len(made.samples), random) * level * 10 ** (-ratio / 20)).astype(np.float32)
    made.samples *= np.float32(min(1.0, 0.95 / np.abs(made.samples).max()))
    return made


def conversations(speakers: dict[str, list[Prompt]], each: int, seconds: float, seed: int) -> list[Conversation]:
    """`each` conversations for each condition and each number of speakers from 1 to 4; the same for the same seed."""
    import numpy as np

    random = np.random.default_rng(seed)
    made = []
    for condition in CONDITIONS:
        for count in range(1, 5):
            if count == 1 and condition in ("overlap", "short"):
                continue  # as clean
            for number in range(each):
                chosen = random.permutation(list(speakers))[:count]
                who = {str(name): speakers[str(name)] for name in chosen}
                made.append(conversation(f"{condition}-{count}-{number}", condition, who, seconds, random))
    return made
