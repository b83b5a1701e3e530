#!/usr/bin/env python3
"""Measures the delay of the first sound of a stream, and checks that its samples are those of the whole file and that streams do
not run dry.

An idle server speaks a paragraph of 600 characters alternately whole (`POST /voice/tts`) and as a stream (`POST
/voice/tts/stream`): prints the time to the first byte of sound divided by the time of the whole, and whether the samples are
equal. Then `--streams` clients stream at once. A simulated player starts each stream with its first sound; the stream runs dry
if a sample arrives after it is due. Needs a release
build; fetches the packs.
"""

import statistics
import sys
import time

from measuring import Fault, guarded, needs, parser
from measuring.client import BYTES_A_SECOND, WAV_HEAD_BYTES
from measuring.figures import at_once, timed
from measuring.server import PACKS, serving

TEXT = (
    "The ferry left the harbour a little after six, when the light was still grey and the gulls had only begun to cry over "
    "the roofs. On the upper deck stood a woman in a green coat, who watched the town grow small behind the wake. She had "
    "come there as a child, every summer, with her aunt and two cousins, and she knew the name of each street that ran down "
    "to the water. Now there was nobody left whom she could have called on. A steward brought her tea, although she had not "
    "asked for any, and said that the crossing would be calm. It was. By noon they could see the other shore, and the white "
    "house."
)


def stream(server, text):
    """For each block of sound, the seconds until it arrived and the bytes so far; and the sound."""
    begun = time.perf_counter()
    came, wav = [], b""
    for block in server.stream("/voice/tts/stream", {"text": text}):
        wav += block
        if len(wav) > WAV_HEAD_BYTES:
            came.append((time.perf_counter() - begun, len(wav) - WAV_HEAD_BYTES))
    if not came:
        raise Fault("the stream ended without sound")
    return came, wav[WAV_HEAD_BYTES:]


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


def alone(server, rounds):
    ratios, firsts, equal = [], [], True
    for _ in range(rounds):
        took, whole = timed(lambda: server.speak(TEXT))
        came, sound = stream(server, TEXT)
        equal &= sound == whole[WAV_HEAD_BYTES:]
        firsts.append(came[0][0])
        ratios.append(came[0][0] / took)
        print(
            f"  whole {took:.2f} s, first sound {came[0][0]:.2f} s, ratio {ratios[-1]:.3f}, last {came[-1][0]:.2f} s, "
            f"{len(sound) / BYTES_A_SECOND:.1f} s of speech, dry for {dry_s(came)[0]:.2f} s"
        )
    print(f"{len(TEXT)} characters: first sound after {statistics.median(firsts):.2f} s, {statistics.median(ratios):.3f} of the whole (medians)")
    print(f"samples equal to the whole file's: {equal}")


def together(server, count):
    took, results = timed(lambda: at_once([lambda: stream(server, TEXT)] * count))
    sound_s = sum(len(sound) for _, sound in results) / BYTES_A_SECOND
    print(f"{count} streams at once: {sound_s:.1f} s of speech in {took:.1f} s, real-time factor of all {took / sound_s:.2f}")
    for came, _ in sorted(results):
        total, longest = dry_s(came)
        print(f"  first sound after {came[0][0]:.2f} s, last after {came[-1][0]:.2f} s, dry for {total:.2f} s, at most {longest:.2f} s at once")


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=5)
    options.add_argument("--streams", type=needs.count, default=4)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS)
    with serving(options.binary) as server:
        server.speak("Warm up.")
        alone(server, options.rounds)
        together(server, options.streams)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
