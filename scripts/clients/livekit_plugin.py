#!/usr/bin/env python3
"""Tries LiveKit's OpenAI plugin with the server as agents use it: its TTS in all formats, as events and as sound, its STT of whole
recordings, and its realtime STT with turns of the server and with turns of its own.

Starts the server under test and prints a line for each call. What is spoken is transcribed again; realtime sound is sent at its
own pace. Fetches the plugin (400 MB installed), so the suite does not run it. Exit code 1 when a call did not do what it should.
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402
from measuring.checking import ANSWERED, SAID, Checks, words  # noqa: E402
from measuring.server import PACKS, serving  # noqa: E402

PACKAGES = ["livekit-plugins-openai==1.8.9", "livekit-agents==1.8.9"]
FORMATS = ["mp3", "wav", "opus", "flac", "aac", "pcm"]
FRAME_MS = 20
SILENCE_S = 1.5
PATIENCE_S = 60


def pieces(frame, seconds_after):
    """A frame cut into those that a room would bring, with silence at the end."""
    from livekit import rtc

    count = frame.sample_rate * FRAME_MS // 1000
    sound = frame.data.tobytes() + bytes(2 * int(frame.sample_rate * seconds_after))
    for at in range(0, len(sound) - 2 * count + 1, 2 * count):
        yield rtc.AudioFrame(sound[at : at + 2 * count], frame.sample_rate, 1, count)


async def speech(checks, made):
    """Speech as events, and as sound in all formats; returns the frames of SAID and of ANSWERED."""
    from livekit.agents import APIStatusError

    tts = made("TTS")
    tts.prewarm()
    said = await tts.synthesize(SAID).collect()
    checks.that("TTS by default: mp3 as events", said.sample_rate == 24_000 and said.duration > 3, said.duration)
    for format in FORMATS:
        for model in ("tts-1", "gpt-4o-mini-tts"):
            frame = await made("TTS", model=model, voice="alloy", response_format=format).synthesize(SAID).collect()
            told = f"{format} as {'sound' if model == 'tts-1' else 'events'}"
            checks.that(f"TTS: {told}", abs(frame.duration - said.duration) < 1.5, frame.duration)
    fast = await made("TTS", speed=1.5, instructions="Be quick.", voice="nova").synthesize(SAID).collect()
    checks.that("TTS with a speed and instructions", fast.duration < said.duration, fast.duration)
    wrong = made("TTS", voice="nothing")
    await checks.raises_soon("TTS by an unknown voice", APIStatusError, wrong.synthesize(SAID).collect, lambda e: e.status_code == 400)
    wrong = made("TTS", key="sk-wrong")
    await checks.raises_soon("TTS with a wrong key", APIStatusError, wrong.synthesize(SAID).collect, lambda e: e.status_code == 401)
    return said, await made("TTS", voice="am_adam").synthesize(ANSWERED).collect()


async def whole(checks, made, said):
    """Whole recordings."""
    from livekit.agents import APIStatusError

    for model, options in [
        ("gpt-4o-mini-transcribe", {}),
        ("whisper-1", {"detect_language": True}),
        ("gpt-transcribe", {"keywords": ["copper", "iron"], "language": ["en", "de"]}),
        ("gpt-4o-transcribe", {"prompt": "Metals.", "temperature": 0}),
    ]:
        event = await made("STT", model=model, **options).recognize(said)
        checks.heard(f"STT by {model}", event.alternatives[0].text)
        checks.that("its language", str(event.alternatives[0].language) in ("en", "english"), event.alternatives[0].language)
    wrong = made("STT", key="sk-wrong")
    await checks.raises_soon("STT with a wrong key", APIStatusError, lambda: wrong.recognize(said), lambda e: e.status_code == 401)


async def realtime(checks, made, said, answered):
    """Two sentences at their own pace: by a model whose turns the server finds, and by two whose turns the plugin finds."""
    from livekit.agents.stt import SpeechEventType as Type

    whole = f"{SAID} {ANSWERED}"
    for model in ("gpt-4o-mini-transcribe", "gpt-realtime-whisper", "gpt-live-transcribe"):
        stt = made("STT", model=model, use_realtime=True)
        stream = stt.stream()
        events = []

        def text(events=events):
            return " ".join(event.alternatives[0].text for event in events if event.type == Type.FINAL_TRANSCRIPT)

        async def listen(stream=stream, events=events, text=text):
            async for event in stream:
                events.append(event)
                if event.type == Type.RECOGNITION_USAGE and words(text())[-2:] == words(whole)[-2:]:
                    return

        listening = asyncio.create_task(listen())
        due = time.perf_counter()
        for n, frame in enumerate([*pieces(said, SILENCE_S), *pieces(answered, SILENCE_S)]):
            stream.push_frame(frame)
            due += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if n == 100 and model == "gpt-live-transcribe":
                stt.update_options(keywords=["copper"], prompt="Metals.")
        try:
            await asyncio.wait_for(listening, PATIENCE_S)
        except Exception as error:  # noqa: BLE001
            checks.that(f"realtime STT by {model}", False, f"{type(error).__name__}: {error}; {text()}")
            continue
        finally:
            await stream.aclose()
            await stt.aclose()
        checks.heard(f"realtime STT by {model}", text(), whole)
        kinds = [event.type for event in events]
        starts, ends = kinds.count(Type.START_OF_SPEECH), kinds.count(Type.END_OF_SPEECH)
        checks.that("starts and ends of speech", starts >= 2 and starts == ends == kinds.count(Type.FINAL_TRANSCRIPT), kinds)
        checks.that("interim texts", Type.INTERIM_TRANSCRIPT in kinds, kinds)


async def run(checks, server):
    from livekit.agents.utils import http_context
    from livekit.plugins import openai

    def made(kind, key=server.key, **options):
        return getattr(openai, kind)(base_url=f"{server.url}/v1", api_key=key, **options)

    async with http_context.open():
        said, answered = await speech(checks, made)
        await whole(checks, made, said)
        await realtime(checks, made, said, answered)


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS, packages=PACKAGES)
    checks = Checks()
    with serving(options.binary) as server:
        asyncio.run(run(checks, server))
    print(f"{checks.calls} checks of calls, {checks.wrong} wrong; {', '.join(PACKAGES)}")
    return 1 if checks.wrong else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
