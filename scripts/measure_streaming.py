#!/usr/bin/env python3
"""How soon the first sound of a stream is there, whether it is the whole file's sound, and whether streams run dry.

usage: measure_streaming.py [--rounds 5] [--streams 4] [--binary target/release/vocabox]

A paragraph of 600 characters is spoken by turns whole (`POST /voice/tts`) and as a stream (`POST /voice/tts/stream`), to a
server that does nothing else: the time to the first byte of sound over the time of the whole, and whether the samples are equal. Then `--streams` clients stream at once; each is played from its first sound on, in thought: where a
sample is due and has not come, the stream has run dry. Needs the fetched packs.
"""

import argparse
import http.client
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare_peers import ROOT, Box

HEAD = 44
BYTES_A_SECOND = 48_000
TEXT = (
    "The ferry left the harbour a little after six, when the light was still grey and the gulls had only begun to cry over "
    "the roofs. On the upper deck stood a woman in a green coat, who watched the town grow small behind the wake. She had "
    "come there as a child, every summer, with her aunt and two cousins, and she knew the name of each street that ran down "
    "to the water. Now there was nobody left whom she could have called on. A steward brought her tea, although she had not "
    "asked for any, and said that the crossing would be calm. It was. By noon they could see the other shore, and the white "
    "house."
)


def stream(box, text):
    """Seconds until the head and until each block of sound came, with the bytes so far; and the sound."""
    address = urllib.parse.urlparse(box.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=600)
    headers = {"Authorization": f"Bearer {box.key}", "Content-Type": "application/json"}
    begun = time.monotonic()
    connection.request("POST", "/voice/tts/stream", json.dumps({"text": text}), headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    came, sound = [], b""
    while block := answer.read1(65536):
        sound += block
        if len(sound) > HEAD:
            came.append((time.monotonic() - begun, len(sound) - HEAD))
    connection.close()
    return came, sound[HEAD:]


def dry_s(came):
    """Seconds for which a player that begins with the first sound has to wait, in all, and the longest wait."""
    played_from = came[0][0]
    waits = []
    have = 0
    for at, count in came:
        # When all that had come before was played.
        empty = played_from + have / BYTES_A_SECOND
        if at > empty and have:
            waits.append(at - empty)
            played_from += at - empty
        have = count
    return sum(waits), max(waits, default=0.0)


def alone(box, rounds):
    ratios, firsts, equal = [], [], True
    for _ in range(rounds):
        begun = time.monotonic()
        body = json.dumps({"text": TEXT}).encode()
        whole = box.post("/voice/tts", body, "application/json")
        took = time.monotonic() - begun
        came, sound = stream(box, TEXT)
        equal &= sound == whole[HEAD:]
        firsts.append(came[0][0])
        ratios.append(came[0][0] / took)
        print(
            f"  whole {took:.2f} s, first sound {came[0][0]:.2f} s, ratio {ratios[-1]:.3f}, last {came[-1][0]:.2f} s, "
            f"{len(sound) / BYTES_A_SECOND:.1f} s of speech, dry for {dry_s(came)[0]:.2f} s"
        )
    print(f"{len(TEXT)} characters: first sound after {statistics.median(firsts):.2f} s, {statistics.median(ratios):.3f} of the whole (medians)")
    print(f"samples equal to the whole file's: {equal}")


def together(box, count):
    results = [None] * count

    def run(i):
        results[i] = stream(box, TEXT)

    begun = time.monotonic()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    sound_s = sum(len(sound) for _, sound in results) / BYTES_A_SECOND
    print(f"{count} streams at once: {sound_s:.1f} s of speech in {took:.1f} s, real-time factor of all {took / sound_s:.2f}")
    for came, _ in sorted(results):
        total, longest = dry_s(came)
        print(f"  first sound after {came[0][0]:.2f} s, last after {came[-1][0]:.2f} s, dry for {total:.2f} s, at most {longest:.2f} s at once")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--binary", default=str(ROOT / "target/release/vocabox"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        box = Box(args.binary, folder)
        try:
            box.speak("Warm up.")
            alone(box, args.rounds)
            together(box, args.streams)
        finally:
            box.stop()


if __name__ == "__main__":
    main()
