#!/usr/bin/env python3
"""Checks that the Wyoming protocol's own package works with the server, as Home Assistant uses it: it describes the server,
has sentences spoken whole and in parts, and has them transcribed. Prints each step and what was heard; exit code 1 when one
fails. Needs a vocabox that serves with --wyoming; fetches the package.
"""

import asyncio
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402

PACKAGES = ["wyoming==1.10.2"]
TEXT = "The kitchen lights are on. The front door is locked. Good night!"
PART_CHARS = 9
PATIENCE_S = 120


def words(text):
    return re.findall(r"[a-z]+", text.lower())


async def until(client, kind):
    """The events up to one of this kind."""
    events = []
    while not events or events[-1].type != kind:
        event = await asyncio.wait_for(client.read_event(), PATIENCE_S)
        if event is None:
            raise ConnectionError(f"the connection ended before {kind}")
        events.append(event)
    return events


def sound(events):
    from wyoming.audio import AudioChunk, AudioStart

    start = AudioStart.from_event(events[0])
    return start, b"".join(AudioChunk.from_event(event).audio for event in events if AudioChunk.is_type(event.type))


async def heard(client, start, samples):
    """The transcript of a sound, which is sent in pieces of 1024 samples."""
    from wyoming.asr import Transcribe, Transcript
    from wyoming.audio import AudioChunk, AudioStart, AudioStop

    await client.write_event(Transcribe(language="en").event())
    await client.write_event(AudioStart(start.rate, start.width, start.channels).event())
    for at in range(0, len(samples), 2048):
        chunk = AudioChunk(start.rate, start.width, start.channels, samples[at : at + 2048])
        await client.write_event(chunk.event())
    await client.write_event(AudioStop().event())
    return Transcript.from_event((await until(client, "transcript"))[-1])


async def check(host, port):
    from wyoming.client import AsyncTcpClient
    from wyoming.info import Describe, Info
    from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

    async with AsyncTcpClient(host, port) as client:
        await client.write_event(Describe().event())
        info = Info.from_event((await until(client, "info"))[-1])
        [asr], [tts] = info.asr, info.tts
        print(f"info: {len(asr.models[0].languages)} languages, {len(tts.voices)} voices, streams: {tts.supports_synthesize_streaming}")
        voice = SynthesizeVoice(name=tts.voices[0].name)

        await client.write_event(Synthesize(text=TEXT, voice=voice).event())
        whole = sound(await until(client, "audio-stop"))

        await client.write_event(SynthesizeStart(voice=voice).event())
        for at in range(0, len(TEXT), PART_CHARS):
            await client.write_event(SynthesizeChunk(text=TEXT[at : at + PART_CHARS]).event())
        await client.write_event(Synthesize(text=TEXT, voice=voice).event())
        await client.write_event(SynthesizeStop().event())
        streamed = sound(await until(client, "synthesize-stopped"))

        wrong = 0
        for name, (start, samples) in (("whole", whole), ("in parts", streamed)):
            transcript = await heard(client, start, samples)
            seconds = len(samples) / 2 / start.rate
            print(f"{name}: {seconds:.1f} s at {start.rate} Hz, heard ({transcript.language}): {transcript.text}")
            wrong += words(transcript.text) != words(TEXT)
    return 1 if wrong else 0


def main():
    options = parser(__doc__)
    options.add_argument("address", metavar="HOST:PORT", help="where vocabox listens for Wyoming clients")
    options = options.parse_args()
    host, _, port = options.address.rpartition(":")
    if not host or not port.isdigit():
        options.error("HOST:PORT has no host or no port")
    needs.prepare(packages=PACKAGES)
    return asyncio.run(check(host, int(port)))


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
