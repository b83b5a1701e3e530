#!/usr/bin/env python3
"""Tries Pipecat's OpenAI speech services with the server in pipelines: speech by all voices, recordings cut by Pipecat's own
detector of speech, and realtime transcription with turns of that detector and with turns of the server.

Starts the server under test and prints a line for each call. What is spoken is transcribed again; sound is sent at its own pace.
Needs a Python that has Pipecat (500 MB): a package that it needs has no wheel, so that the script does not fetch it, and the suite
does not run it. Exit code 1 when a call did not do what it should.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402
from measuring.checking import ANSWERED, SAID, Checks  # noqa: E402
from measuring.server import PACKS, serving  # noqa: E402

PACKAGES = ["pipecat-ai[openai]==1.14.0"]
RATE_IN, RATE_OUT = 16_000, 24_000
STEP_S = 0.02
SILENCE_S = 1.5
# For the last text after the last sound.
PATIENCE_S = 6.0


async def through(processor, frames):
    """Sends frames through a pipeline with this processor; returns those that left it at its end, and those that came back."""
    from pipecat.pipeline.worker import PipelineParams
    from pipecat.tests.utils import run_test

    rates = PipelineParams(audio_in_sample_rate=RATE_IN, audio_out_sample_rate=RATE_OUT)
    return await run_test(processor, frames_to_send=frames, pipeline_params=rates, start_timeout=30.0)


def texts(frames):
    from pipecat.frames.frames import TranscriptionFrame

    return [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)]


def faults(frames):
    from pipecat.frames.frames import ErrorFrame

    return [frame.error for frame in frames if isinstance(frame, ErrorFrame)]


def microphone(sound):
    """Frames of a microphone at their own pace: the samples, and silence."""
    from pipecat.frames.frames import InputAudioRawFrame
    from pipecat.tests.utils import SleepFrame

    step = int(STEP_S * RATE_IN) * 2
    frames = []
    for at in range(0, len(sound) - step + 1, step):
        frames += [InputAudioRawFrame(sound[at : at + step], RATE_IN, 1), SleepFrame(sleep=STEP_S)]
    return [*frames, SleepFrame(sleep=PATIENCE_S)]


class Trials:
    """The trials with one server."""

    def __init__(self, checks, server):
        self.checks = checks
        self.access = {"api_key": server.key, "base_url": f"{server.url}/v1"}
        self.socket = f"{server.url}/v1/realtime".replace("http", "ws", 1)

    async def spoken(self, text, voice="alloy", key=None, **settings):
        """The samples (16 bits, RATE_OUT) of a text, and the faults."""
        from pipecat.frames.frames import TTSAudioRawFrame, TTSSpeakFrame
        from pipecat.services.openai.tts import OpenAITTSService as Service

        access = {**self.access, **({"api_key": key} if key else {})}
        service = Service(**access, settings=Service.Settings(voice=voice, **settings))
        down, up = await through(service, [TTSSpeakFrame(text)])
        samples = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
        return samples, faults([*down, *up])

    async def speech(self):
        """Speech; returns SAID and ANSWERED one after the other at RATE_IN."""
        import numpy
        from pipecat.services.openai.tts import VALID_VOICES

        said, told = await self.spoken(SAID)
        self.checks.that("TTS: a sentence", len(said) > 3 * RATE_OUT * 2 and not told, (len(said), told))
        for voice in sorted(set(VALID_VOICES) - {"alloy"}):
            made, told = await self.spoken("Hello.", voice)
            self.checks.that(f"TTS: the voice {voice}", len(made) > RATE_OUT // 2 and not told, (len(made), told))
        fast, told = await self.spoken(SAID, model="tts-1", speed=1.5, instructions="Be quick.")
        self.checks.that("TTS: a speed, instructions, another model", len(fast) < len(said) and not told, (len(fast), told))
        _, told = await self.spoken("Hello.", key="sk-wrong")
        self.checks.that("TTS: a wrong key is an error frame", bool(told) and "401" in told[0], told)
        answered, _ = await self.spoken(ANSWERED, "onyx")
        pause = bytes(int(SILENCE_S * RATE_OUT) * 2)
        whole = numpy.frombuffer(said + pause + answered + pause, "<i2")
        at = numpy.arange(0, len(whole) - 1, RATE_OUT / RATE_IN)
        return numpy.interp(at, numpy.arange(len(whole)), whole).astype("<i2").tobytes()

    def detected(self, service):
        """A pipeline with Pipecat's detector of speech before the service."""
        from pipecat.audio.vad.silero import SileroVADAnalyzer
        from pipecat.audio.vad.vad_analyzer import VADParams
        from pipecat.pipeline.pipeline import Pipeline
        from pipecat.processors.audio.vad_processor import VADProcessor

        # Longer than the pauses within a sentence.
        analyzer = SileroVADAnalyzer(params=VADParams(stop_secs=0.8))
        return Pipeline([VADProcessor(vad_analyzer=analyzer), service])

    async def recordings(self, sound):
        """Utterances as recordings."""
        from pipecat.services.openai.stt import OpenAISTTService as Service

        for model, settings, probabilities in [
            ("gpt-transcribe", {"keywords": ["copper"]}, False),
            ("whisper-1", {"prompt": "Metals.", "temperature": 0.0}, True),
            ("gpt-4o-transcribe", {}, True),
        ]:
            service = Service(**self.access, settings=Service.Settings(model=model, **settings), include_prob_metrics=probabilities)
            down, up = await through(self.detected(service), microphone(sound))
            heard, told = texts(down), faults([*down, *up])
            self.checks.that(f"STT by {model}: no errors, two utterances", len(heard) == 2 and not told, (heard, told))
            self.checks.heard("its text", " ".join(heard), f"{SAID} {ANSWERED}")

    async def realtime(self, sound):
        """Utterances as they are said."""
        from pipecat.frames.frames import InterimTranscriptionFrame, ProposedUserStartedSpeakingFrame
        from pipecat.services.openai.stt import OpenAIRealtimeSTTService as Service

        turns = {"type": "server_vad", "silence_duration_ms": 800}
        for model, options in [("gpt-realtime-whisper", {}), ("gpt-transcribe", {"turn_detection": turns})]:
            access = {"api_key": self.access["api_key"], "base_url": self.socket}
            settings = Service.Settings(model=model, noise_reduction="near_field")
            service = Service(**access, settings=settings, **options)
            down, up = await through(service if options else self.detected(service), microphone(sound))
            heard, told = texts(down), faults([*down, *up])
            self.checks.that(f"realtime STT by {model}: no errors, two utterances", len(heard) == 2 and not told, (heard, told))
            self.checks.heard("its text", " ".join(heard), f"{SAID} {ANSWERED}")
            interim = sum(isinstance(frame, InterimTranscriptionFrame) for frame in down)
            self.checks.that("interim texts", interim > 2, interim)
            if options:
                started = sum(isinstance(frame, ProposedUserStartedSpeakingFrame) for frame in down)
                self.checks.that("turns of the server", started == 2, started)

    async def run(self):
        sound = await self.speech()
        await self.recordings(sound)
        await self.realtime(sound)


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.compiled(PACKAGES)
    needs.prepare(binary=options.binary, packs=PACKS)
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="CRITICAL")
    checks = Checks()
    with serving(options.binary) as server:
        asyncio.run(Trials(checks, server).run())
    print(f"{checks.calls} checks of calls, {checks.wrong} wrong; {PACKAGES[0]}")
    return 1 if checks.wrong else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
