#!/usr/bin/env python3
"""Tries Home Assistant's own core and Wyoming integration with the server: it adds the integration as its page of settings does,
and runs the voice assistant on a spoken question: what the server hears, what Home Assistant answers, and what the server speaks.

Needs a vocabox that serves with --wyoming, and a Python 3.13 that has Home Assistant (600 MB): some of its packages have no wheels
and are compiled by pip, so that the script does not fetch them, and the suite does not run it. Prints each step; exit code 1 when
one fails.
"""

import asyncio
import contextlib
import io
import logging
import os
import socket
import sys
import tempfile
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import guarded, needs, parser  # noqa: E402
from measuring.checking import Checks  # noqa: E402

PACKAGES = [
    "homeassistant==2025.4.4",
    # Home Assistant would install these when the integration is added.
    "wyoming==1.5.4",
    "pymicro-vad==1.0.1",
    "pyspeex-noise==1.0.2",
    "mutagen==1.47.0",
    "hassil==2.2.3",
    "home-assistant-intents==2025.3.28",
    "ha-ffmpeg==3.2.2",
    # For this script.
    "imageio-ffmpeg==0.6.0",
]
ASKED = "What is the weather like in the kitchen?"
VOICE = "bf_emma"
RATE = 16_000
PIECE_BYTES = 2048


async def core(folder):
    """A core without anybody's configuration, whose web server has a free port of this machine."""
    from homeassistant import bootstrap, config_entries, loader
    from homeassistant.auth import auth_manager_from_config
    from homeassistant.core import HomeAssistant
    from homeassistant.setup import async_setup_component

    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for component, settings in [("homeassistant", {}), ("http", {"server_host": ["127.0.0.1"], "server_port": port})]:
        if not await async_setup_component(hass, component, {component: settings}):
            raise RuntimeError(f"{component} was not set up")
    await hass.async_start()
    return hass


async def add(checks, hass, host, port):
    """Adds the integration as a user does."""
    flow = await hass.config_entries.flow.async_init("wyoming", context={"source": "user"})
    refused = await hass.config_entries.flow.async_configure(flow["flow_id"], {"host": host, "port": 1})
    checks.that("a wrong port is told", refused.get("errors") == {"base": "cannot_connect"}, refused)
    added = await hass.config_entries.flow.async_configure(flow["flow_id"], {"host": host, "port": port})
    checks.that("the integration is added", added["type"] == "create_entry" and added["title"] == "vocabox", added)
    await hass.async_block_till_done()
    ids = {state.entity_id for state in hass.states.async_all()}
    checks.that("it has its two entities", {"stt.vocabox", "tts.vocabox"} <= ids, ids)


async def spoken(checks, hass):
    """The question, spoken by the integration: samples of 16 bits at RATE."""
    import numpy

    entity = hass.data["tts"].get_entity("tts.vocabox")
    voices = [voice.voice_id for voice in entity.async_get_supported_voices("en-GB")]
    checks.that("it lists voices of a language", VOICE in voices, voices)
    kind, data = await entity.async_get_tts_audio(ASKED, "en-GB", {"voice": VOICE})
    with wave.open(io.BytesIO(data)) as wav:
        rate, samples = wav.getframerate(), numpy.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    checks.that("it speaks", kind == "wav" and len(samples) > rate, (kind, len(samples), rate))
    at = numpy.arange(0, len(samples) - 1, rate / RATE)
    return numpy.interp(at, numpy.arange(len(samples)), samples).astype("<i2").tobytes()


async def assist(checks, hass, sound):
    """The voice assistant on the sound, from the microphone's samples to the spoken answer."""
    from homeassistant.components import assist_pipeline, stt
    from homeassistant.components.assist_pipeline.pipeline import async_update_pipeline
    from homeassistant.components.tts import async_get_media_source_audio
    from homeassistant.core import Context

    pipeline = assist_pipeline.async_get_pipeline(hass)
    entities = {"stt_engine": "stt.vocabox", "stt_language": "en", "tts_engine": "tts.vocabox", "tts_language": "en-US"}
    await async_update_pipeline(hass, pipeline, **entities, tts_voice="af_heart")

    async def microphone():
        silent = sound + bytes(2 * RATE * 2)
        for at in range(0, len(silent), PIECE_BYTES):
            yield silent[at : at + PIECE_BYTES]

    events = []
    await assist_pipeline.async_pipeline_from_audio_stream(
        hass,
        context=Context(),
        event_callback=events.append,
        stt_metadata=stt.SpeechMetadata(
            language="en",
            format=stt.AudioFormats.WAV,
            codec=stt.AudioCodecs.PCM,
            bit_rate=stt.AudioBitRates.BITRATE_16,
            sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
            channel=stt.AudioChannels.CHANNEL_MONO,
        ),
        stt_stream=microphone(),
        tts_audio_output="mp3",
    )
    kinds = [str(event.type) for event in events]
    data = {str(event.type): event.data for event in events}
    checks.that("the assistant runs to its end", kinds[-1] == "run-end" and "error" not in kinds, (kinds, data.get("error")))
    checks.heard("it hears the question", data["stt-end"]["stt_output"]["text"], ASKED)
    answer = data["intent-end"]["intent_output"]["response"]["speech"]["plain"]["speech"]
    kind, made = await async_get_media_source_audio(hass, data["tts-end"]["tts_output"]["media_id"])
    checks.that(f"it answers ({answer}) and speaks that as mp3", kind == "mp3" and len(made) > 5_000, (kind, len(made)))


async def run(checks, host, port):
    with tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        hass = await core(folder)
        try:
            await add(checks, hass, host, port)
            await assist(checks, hass, await spoken(checks, hass))
        finally:
            with contextlib.suppress(Exception):
                await hass.async_stop(force=True)


def main():
    options = parser(__doc__)
    options.add_argument("address", metavar="HOST:PORT", help="where vocabox listens for Wyoming clients")
    options = options.parse_args()
    host, _, port = options.address.rpartition(":")
    if not host or not port.isdigit():
        options.error("HOST:PORT has no host or no port")
    needs.compiled(PACKAGES)
    import imageio_ffmpeg

    logging.getLogger("aiohttp_fast_zlib").setLevel(logging.ERROR)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        # Home Assistant calls it by its name, to make MP3 of the speech.
        (Path(folder) / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
        os.environ["PATH"] = f"{folder}:{os.environ.get('PATH', '')}"
        asyncio.run(run(checks, host, int(port)))
    print(f"{checks.calls} checks, {checks.wrong} wrong; {PACKAGES[0]}")
    return 1 if checks.wrong else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
