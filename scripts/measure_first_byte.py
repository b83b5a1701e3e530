#!/usr/bin/env python3
"""Measures when the first byte of streamed speech comes in each format, beside WAV.

An idle server speaks the same text by POST /v1/audio/speech as WAV and in the other formats, in turn, round by round, each round in
another order. Prints for each format the median time to the first byte of the body, the ratio to WAV's of the same round (median,
quartiles and range), and the median processor time of the server until then, which a busy machine changes less. Needs a release
build and an idle machine; fetches the packs.
"""

import random
import statistics
import sys
import time

from measuring import guarded, needs, parser
from measuring.checking import SAID
from measuring.figures import processor_s
from measuring.playing import PARAGRAPH
from measuring.server import PACKS, serving

FORMATS = ["wav", "mp3", "opus", "aac", "flac", "pcm"]
TEXTS = {"sentence": SAID, "paragraph": PARAGRAPH}
# Of WAV's time.
RATIO_MAX = 1.1


def first_byte(server, text, format):
    """Seconds until the first bytes of the body, processor seconds until then, how many bytes these were, seconds until the last."""
    begun, begun_cpu = time.perf_counter(), processor_s(server.process.pid)
    blocks = server.stream("/v1/audio/speech", {"model": "tts-1", "voice": "af_heart", "input": text, "response_format": format})
    first = next(blocks)
    came, busy = time.perf_counter() - begun, processor_s(server.process.pid) - begun_cpu
    for _ in blocks:
        pass
    return came, busy, len(first), time.perf_counter() - begun


def measure(server, name, text, formats, rounds):
    """Prints the rows of a text; returns whether all are within the bound."""
    came = {format: [] for format in formats}
    busy = {format: [] for format in formats}
    whole = {format: [] for format in formats}
    sizes = {}
    order = list(formats)
    for n in range(rounds):
        random.Random(n).shuffle(order)
        for format in order:
            first_s, busy_s, sizes[format], whole_s = first_byte(server, text, format)
            came[format].append(first_s)
            busy[format].append(busy_s)
            whole[format].append(whole_s)
    holds = True
    for format in formats:
        ratios = sorted(mine / wav for mine, wav in zip(came[format], came["wav"], strict=True))
        low, middle, high = statistics.quantiles(ratios, n=4)
        spread = f"{middle:.3f} ({low:.3f} to {high:.3f}; {ratios[0]:.3f} to {ratios[-1]:.3f})"
        first_ms, busy_ms, whole_ms = (statistics.median(times[format]) * 1000 for times in (came, busy, whole))
        row = [f"{name}, {len(text)} characters", format, f"{first_ms:.0f} ms", spread, f"{busy_ms:.0f} ms", str(sizes[format]), f"{whole_ms:.0f} ms"]
        print(f"| {' | '.join(row)} |", flush=True)
        holds &= middle <= RATIO_MAX
    return holds


def main():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=20)
    options.add_argument("--formats", type=needs.some_of(FORMATS[1:]), default=FORMATS[1:], help=f"some of: {', '.join(FORMATS[1:])}")
    options.add_argument("--texts", type=needs.some_of(TEXTS), default=list(TEXTS), help=f"some of: {', '.join(TEXTS)}")
    needs.add_binary(options)
    options = options.parse_args()
    if options.rounds < 2:
        options.error("--rounds: at least 2 are needed for a spread")
    needs.prepare(binary=options.binary, packs=PACKS)
    with serving(options.binary) as server:
        server.speak("Warm up.")
        print("| text | format | first byte | ratio to WAV: median (quartiles; range) | processor time | bytes of the first block | last byte |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        holds = [measure(server, name, TEXTS[name], ["wav", *options.formats], options.rounds) for name in options.texts]
    print(f"all medians within {RATIO_MAX} of WAV's: {all(holds)}")
    return 0 if all(holds) else 1


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
