"""Streams of speech, and whether a player that plays them as they come has to wait."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from fetching.fault import Fault

from .client import BYTES_A_SECOND, WAV_HEAD_BYTES, Client

# 598 characters.
PARAGRAPH = (
    "The ferry left the harbour a little after six, when the light was still grey and the gulls had only begun to cry over "
    "the roofs. On the upper deck stood a woman in a green coat, who watched the town grow small behind the wake. She had "
    "come there as a child, every summer, with her aunt and two cousins, and she knew the name of each street that ran down "
    "to the water. Now there was nobody left whom she could have called on. A steward brought her tea, although she had not "
    "asked for any, and said that the crossing would be calm. It was. By noon they could see the other shore, and the white "
    "house."
)


def prose(characters: int) -> str:
    """Sentences of PARAGRAPH, of together at most so many characters."""
    sentences = [f"{sentence}." for sentence in PARAGRAPH.rstrip(".").split(".")]
    text, i = "", 0
    while len(text) + len(sentence := sentences[i % len(sentences)].strip()) < characters:
        text, i = f"{text} {sentence}".strip(), i + 1
    return text


@dataclass
class Heard:
    """What came of a stream: for each block of sound the seconds until it arrived and the bytes so far; the sound; and whether
    it came to its end."""

    came: list[tuple[float, int]] = field(default_factory=list)
    sound: bytes = b""
    is_whole: bool = False

    @property
    def seconds(self) -> float:
        """Seconds of sound that came."""
        return self.came[-1][1] / BYTES_A_SECOND if self.came else 0.0


def stream(server: Client, text: str, ahead_s: float | None = None, heard: Heard | None = None) -> Heard:
    """Streams a text. With `ahead_s`, reads no further than so many seconds of sound before what a player has played. What came
    is in `heard`, also when the stream breaks off, which raises a Fault."""
    heard = Heard() if heard is None else heard
    begun = time.perf_counter()
    wav = bytearray()
    try:
        for block in server.stream("/voice/tts/stream", {"text": text}):
            wav += block
            if len(wav) <= WAV_HEAD_BYTES:
                continue
            heard.came.append((time.perf_counter() - begun, len(wav) - WAV_HEAD_BYTES))
            if ahead_s is not None:
                played_s = time.perf_counter() - begun - heard.came[0][0]
                time.sleep(max(0.0, heard.seconds - played_s - ahead_s))
    finally:
        heard.sound = bytes(wav[WAV_HEAD_BYTES:])
    if not heard.came:
        raise Fault("the stream ended without sound")
    heard.is_whole = True
    return heard


def dry_s(came):
    """Total seconds that a player that starts with the first sound has to wait, and the longest wait."""
    played_from = came[0][0]
    waits = []
    have = 0
    for at, count in came:
        # The time at which the player has played all earlier blocks.
        empty = played_from + have / BYTES_A_SECOND
        if at > empty and have:
            waits.append(at - empty)
            played_from += at - empty
        have = count
    return sum(waits), max(waits, default=0.0)
