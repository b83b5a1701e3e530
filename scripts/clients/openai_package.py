#!/usr/bin/env python3
"""Checks that OpenAI's own Python package works with the server as it does with OpenAI's.

Starts the server under test, calls it by the package (synchronous and asynchronous, plain and streamed, right and wrong), and
prints a line for each call. What is spoken is transcribed again, so that no recording is needed. Exit code 1 when a call did
not do what it should.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import sys
import threading
import warnings
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402
from measuring.checking import ANSWERED, SAID, Checks  # noqa: E402
from measuring.server import PACKS, Server, serving  # noqa: E402

PACKAGES = ["openai==3.57.0"]
DIARIZING = (*PACKS, "speaker-campplus", "segmentation-pyannote")


class Clients:
    """Makes clients of the package, and counts their requests."""

    def __init__(self, server: Server):
        import openai

        self._server, self._openai = server, openai
        self.requests = 0

    def client(self, key: str | None = None, **settings: object):
        """A client with `key`, by default the server's."""
        def count(_: object) -> None:
            self.requests += 1

        # Never through a proxy: the server is on this machine.
        http = self._openai.DefaultHttpxClient(trust_env=False, event_hooks={"request": [count]})
        return self._openai.OpenAI(api_key=key or self._server.key, base_url=f"{self._server.url}/v1", http_client=http, **settings)

    def asynchronous(self):
        """An asynchronous client with the server's key."""
        http = self._openai.DefaultAsyncHttpxClient(trust_env=False)
        return self._openai.AsyncOpenAI(api_key=self._server.key, base_url=f"{self._server.url}/v1", http_client=http)


def named(wav: bytes) -> tuple[str, bytes]:
    return ("speech.wav", wav)


def joined(*files: bytes) -> bytes:
    """WAV files of one format, one after the other, with half a second between them."""
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        for number, file in enumerate(files):
            # The head of streamed sound tells no length.
            samples = file[44:]
            if number == 0:
                out.setparams((1, 2, 24_000, 0, "NONE", ""))
            out.writeframes(samples + bytes(24_000))
    return made.getvalue()


def speech(checks: Checks, client) -> bytes:
    """Speech in all formats; returns that of SAID as WAV."""
    made = {}
    for format, magic in [("wav", b"RIFF"), ("mp3", b"\xff"), ("opus", b"OggS"), ("aac", b"\xff"), ("flac", b"fLaC"), ("pcm", b"")]:
        made[format] = client.audio.speech.create(model="tts-1", voice="alloy", input=SAID, response_format=format).content
        checks.that(f"speech as {format}", made[format].startswith(magic) and len(made[format]) > 10_000, len(made[format]))
        if format not in ("wav", "pcm"):
            heard = client.audio.transcriptions.create(model="whisper-1", file=(f"a.{format}", made[format]), language="en")
            checks.heard(f"transcription of {format}", heard.text)
    checks.that("pcm is the WAV without its head", made["wav"][44:] == made["pcm"])
    default = client.audio.speech.create(model="gpt-4o-mini-tts", voice="nova", input="Hello.", instructions="Be kind.")
    checks.that("speech without a format is mp3", default.response.headers["content-type"] == "audio/mpeg")
    slow, fast = (
        len(client.audio.speech.create(model="tts-1", voice="onyx", input="Hello there.", speed=speed, response_format="pcm").content)
        for speed in (0.25, 4.0)
    )
    checks.that("speech at 0.25", slow > 24_000, slow)
    checks.that("speech at 4", fast * 8 < slow, (slow, fast))
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="echo", input=SAID, response_format="pcm") as answer:
        streamed = b"".join(answer.iter_bytes())
    checks.that("speech sent while it is made", len(streamed) > 10_000 and len(streamed) % 2 == 0, len(streamed))
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="echo", input=SAID, response_format="pcm", stream_format="sse"
    ) as answer:
        lines = list(answer.iter_lines())
    checks.that("speech as events", lines[0].startswith('data: {"') and "speech.audio.done" in "".join(lines[-3:]), lines[-3:])
    return made["wav"]


def lists(checks: Checks, client, openai) -> None:
    """Models."""
    ids = [model.id for model in client.models.list()]
    checks.that("models", {"kokoro", "tts-1", "whisper-1"} <= set(ids), ids)
    checks.that("one model", client.models.retrieve("whisper-1").id == "whisper-1")
    checks.raises("no such model", openai.NotFoundError, lambda: client.models.retrieve("nothing"))


def transcriptions(checks: Checks, client, wav: bytes, talk: bytes) -> None:
    """Transcriptions in all formats."""
    create = client.audio.transcriptions.create
    plain = create(model="whisper-1", file=named(wav))
    checks.heard("transcription", plain.text)
    checks.that("its usage", plain.usage.type == "duration" and plain.usage.seconds >= 3, plain.usage)
    checks.that("its languages", [language.code for language in plain.languages] == ["en"], plain.languages)
    for format, mark in [("text", "opper"), ("srt", " --> "), ("vtt", "WEBVTT")]:
        text = create(model="whisper-1", file=named(wav), response_format=format, language="en-US")
        checks.that(f"transcription as {format}", isinstance(text, str) and mark in text, text)
    verbose = create(
        model="whisper-1", file=named(wav), response_format="verbose_json", timestamp_granularities=["word", "segment"], temperature=0
    )
    checks.that("transcription as verbose_json", verbose.language == "english" and 3 < verbose.duration < 9, verbose)
    checks.that("its words", len(verbose.words) > 8 and verbose.words[0].start < verbose.words[0].end, verbose.words)
    segment = verbose.segments[0]
    checks.that("its segments", segment.tokens and segment.avg_logprob < 0 < segment.compression_ratio, segment)
    scored = create(model="gpt-4o-transcribe", file=named(wav), include=["logprobs"], prompt="Metals.")
    text = bytes(int(byte) for token in scored.logprobs for byte in token.bytes).decode()
    checks.that("transcription with logprobs", text.strip() == scored.text, text)
    told = create(model="gpt-transcribe", file=named(wav), languages=["en"], keywords=["copper", "iron"], temperature=0.2)
    checks.heard("transcription with languages, keywords and a temperature", told.text)
    parts = create(model="gpt-4o-transcribe-diarize", file=named(talk), response_format="diarized_json", chunking_strategy="auto")
    speakers = [segment.speaker for segment in parts.segments]
    checks.that("transcription as diarized_json", speakers[0] == "A" and speakers[-1] == "B", speakers)
    url = "data:audio/wav;base64," + base64.b64encode(wav).decode()
    parts = create(
        model="gpt-4o-transcribe-diarize",
        file=named(talk),
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad", "threshold": 0.5},
        known_speaker_names=["Sarah"],
        known_speaker_references=[url],
    )
    speakers = [segment.speaker for segment in parts.segments]
    checks.that("transcription with a known speaker", speakers[0] == "Sarah" and speakers[-1] == "A", speakers)


def streams(checks: Checks, client, wav: bytes, talk: bytes) -> None:
    """Transcriptions as events."""
    create = client.audio.transcriptions.create
    told = list(create(model="gpt-4o-mini-transcribe", file=named(wav), stream=True, language="en"))
    deltas = "".join(event.delta for event in told if event.type == "transcript.text.delta")
    checks.that("transcription as events", told[-1].type == "transcript.text.done" and deltas == told[-1].text, told)
    checks.heard("its text", told[-1].text)
    told = list(create(model="gpt-4o-transcribe-diarize", file=named(talk), response_format="diarized_json", stream=True))
    segments = [event for event in told if event.type == "transcript.text.segment"]
    checks.that("diarized events", [segments[0].speaker, segments[-1].speaker] == ["A", "B"], segments)
    with create(model="whisper-1", file=named(talk), stream=True) as leaving:
        first = next(iter(leaving))
    checks.that("a stream that is left after its first event", first.type == "transcript.text.delta", first)


def translations(checks: Checks, client) -> None:
    """Translations in all formats."""
    spanish = client.audio.speech.create(
        model="tts-1", voice="ef_dora", input="El tren sale a las ocho de la mañana.", response_format="wav"
    ).content
    create = client.audio.translations.create
    checks.that("translation", "eight" in (text := create(model="whisper-1", file=named(spanish)).text).lower() or "8" in text, text)
    verbose = create(model="whisper-1", file=named(spanish), response_format="verbose_json")
    checks.that("translation as verbose_json", verbose.language == "english" and verbose.segments, verbose)
    for format in ("text", "srt", "vtt"):
        text = create(model="whisper-1", file=named(spanish), response_format=format)
        checks.that(f"translation as {format}", "train" in str(text).lower(), text)


async def asynchronously(checks: Checks, client, wav: bytes) -> None:
    """Calls by the asynchronous client."""
    async with client:
        made = await client.audio.speech.create(model="tts-1", voice="sage", input="Hello.", response_format="wav")
        checks.that("speech, asynchronously", made.content.startswith(b"RIFF"))
        heard, models = await asyncio.gather(
            client.audio.transcriptions.create(model="whisper-1", file=named(wav)), client.models.list()
        )
        checks.heard("transcription, asynchronously", heard.text)
        checks.that("models, asynchronously", len(models.data) > 3)
        stream = await client.audio.transcriptions.create(model="gpt-4o-transcribe", file=named(wav), stream=True)
        told = [event async for event in stream]
        checks.that("transcription as events, asynchronously", told[-1].type == "transcript.text.done", told)


def errors(checks: Checks, clients: Clients, client, wav: bytes, openai) -> None:
    """Errors, each as the package's own class."""
    speak, transcribe = client.audio.speech.create, client.audio.transcriptions.create
    wrong = clients.client(key="sk-wrong")
    checks.raises("a wrong key", openai.AuthenticationError, wrong.models.list, lambda e: e.code == "invalid_api_key")
    for call, param, ask in [
        ("a blank text", "input", lambda: speak(model="tts-1", voice="alloy", input=" ")),
        ("an unknown voice", "voice", lambda: speak(model="tts-1", voice="nothing", input="a")),
        ("a wrong speed", "speed", lambda: speak(model="tts-1", voice="alloy", input="a", speed=9)),
        ("a wrong format", "response_format", lambda: transcribe(model="whisper-1", file=named(wav), response_format="docx")),
        ("a wrong temperature", "temperature", lambda: transcribe(model="whisper-1", file=named(wav), temperature=3)),
        ("a wrong language", "language", lambda: transcribe(model="whisper-1", file=named(wav), language="klingon")),
        ("an empty file", "file", lambda: transcribe(model="whisper-1", file=named(b""))),
    ]:
        checks.raises(call, openai.BadRequestError, ask, lambda e, param=param: e.param == param and e.request_id)
    noise = lambda: transcribe(model="whisper-1", file=named(b"no sound"))  # noqa: E731
    checks.raises("no recording", openai.BadRequestError, noise, lambda e: e.type == "invalid_request_error")
    hasty = clients.client(timeout=0.001, max_retries=0)
    checks.raises("a timeout", openai.APITimeoutError, lambda: hasty.with_options(timeout=0.001).audio.speech.create(
        model="tts-1", voice="alloy", input=SAID))


def retries(checks: Checks, server: Server, clients: Clients, openai) -> None:
    """Refusals that pass by themselves."""
    # A bucket of 30 calls a minute gets one each 2 s.
    key = server.limited_key("hasty", 30)
    eager = clients.client(key=key, max_retries=0)
    for _ in range(30):
        with contextlib.suppress(openai.RateLimitError):
            eager.models.list()
    checks.raises("too many calls", openai.RateLimitError, eager.models.list, lambda e: e.code == "rate_limit_exceeded")
    patient, before = clients.client(key=key, max_retries=4), clients.requests
    listed = patient.models.list()
    checks.that("too many calls, tried again", len(listed.data) > 0 and clients.requests > before + 1, clients.requests - before)


def refusals(checks: Checks, binary: Path, openai) -> None:
    """A server that has a single place in its queue, and one without the packs that transcribe."""
    with serving(binary, packs=("kokoro", "onnxruntime"), options=["--lanes", "1", "--queue", "1"]) as server:
        clients = Clients(server)
        told: list[object] = []

        def speak() -> None:
            try:
                made = clients.client(max_retries=30).audio.speech.create(model="tts-1", voice="alloy", input="Hello there.")
                told.append(len(made.content))
            except openai.OpenAIError as error:
                told.append(error)

        threads = [threading.Thread(target=speak) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_whole = all(isinstance(one, int) and one > 1_000 for one in told)
        checks.that("a full queue, tried again", is_whole and clients.requests > 5, (clients.requests, told))
        before = clients.requests
        ask = lambda: clients.client().audio.transcriptions.create(model="whisper-1", file=named(b"RIFF"))  # noqa: E731
        checks.raises("no engine", openai.InternalServerError, ask, lambda e: e.status_code == 503)
        checks.that("it is not tried again", clients.requests == before + 1, clients.requests - before)


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=DIARIZING, packages=PACKAGES)
    import openai

    # The package deprecates models by their names, which this server ignores.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    checks = Checks()
    with serving(options.binary, packs=DIARIZING) as server:
        clients = Clients(server)
        client = clients.client()
        wav = speech(checks, client)
        answer = client.audio.speech.create(model="tts-1", voice="am_adam", input=ANSWERED, response_format="wav").content
        talk = joined(wav, answer)
        lists(checks, client, openai)
        transcriptions(checks, client, wav, talk)
        streams(checks, client, wav, talk)
        translations(checks, client)
        asyncio.run(asynchronously(checks, clients.asynchronous(), wav))
        errors(checks, clients, client, wav, openai)
        retries(checks, server, clients, openai)
    refusals(checks, options.binary, openai)
    print(f"{checks.calls} checks of calls, {checks.wrong} wrong; openai {openai.__version__}")
    return 1 if checks.wrong else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
