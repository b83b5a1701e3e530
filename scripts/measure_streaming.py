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

from measuring import guarded, needs, parser
from measuring.client import BYTES_A_SECOND, WAV_HEAD_BYTES
from measuring.figures import at_once, timed
from measuring.playing import PARAGRAPH, dry_s, stream
from measuring.server import PACKS, serving


def alone(server, rounds):
    ratios, firsts, equal = [], [], True
    for _ in range(rounds):
        took, whole = timed(lambda: server.speak(PARAGRAPH))
        heard = stream(server, PARAGRAPH)
        came, sound = heard.came, heard.sound
        equal &= sound == whole[WAV_HEAD_BYTES:]
        firsts.append(came[0][0])
        ratios.append(came[0][0] / took)
        print(
            f"  whole {took:.2f} s, first sound {came[0][0]:.2f} s, ratio {ratios[-1]:.3f}, last {came[-1][0]:.2f} s, "
            f"{len(sound) / BYTES_A_SECOND:.1f} s of speech, dry for {dry_s(came)[0]:.2f} s"
        )
    print(f"{len(PARAGRAPH)} characters: first sound after {statistics.median(firsts):.2f} s, {statistics.median(ratios):.3f} of the whole (medians)")
    print(f"samples equal to the whole file's: {equal}")


def together(server, count):
    took, results = timed(lambda: at_once([lambda: stream(server, PARAGRAPH)] * count))
    sound_s = sum(len(heard.sound) for heard in results) / BYTES_A_SECOND
    print(f"{count} streams at once: {sound_s:.1f} s of speech in {took:.1f} s, real-time factor of all {took / sound_s:.2f}")
    for came in sorted(heard.came for heard in results):
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
