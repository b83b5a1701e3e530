"""vocabox and its peers as programs that are started, asked by several clients at once, and ended.

Each function below starts one and yields a `Subject`. The servers are asked by OpenAI's API where they have it. Their models are
the packs of vocabox, laid out in `folder` as they want them, and they get as many threads as the machine has cores.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fetching import children
from fetching.environment import last_line
from fetching.fault import Fault

from . import peer_files, peer_process, peers
from .client import WAV_HEAD_BYTES, Client
from .figures import at_once
from .loads import Answer
from .server import serving

READY_SECONDS_MAX = 180.0
POLL_SECONDS = 0.01
THREADS = str(peers.THREADS)
KOKORO_RATE, PIPER_RATE = 24_000, 22_050
SPEECH, HEARING = "/v1/audio/speech", "/v1/audio/transcriptions"


class Subject:
    """A program that runs: its process, and how it answers texts or recordings at once."""

    def __init__(self, pid: int, together: Callable[[Sequence], list[Answer]]):
        self.pid, self.together = pid, together

    def one(self, item: object) -> Answer:
        return self.together([item])[0]


def _asking(ask: Callable[[object], Answer]) -> Callable[[Sequence], list[Answer]]:
    """Asks a server from as many threads as there are items."""
    return lambda items: at_once([partial(ask, item) for item in items])


def _speech(client: Client, path: str, body: Callable[[str], dict], rate: int, head_bytes: int = 0) -> Callable[[str], Answer]:
    """Asks for speech, in 16 bits after `head_bytes`, and reads it as it comes."""

    def ask(text: str) -> Answer:
        begun = time.perf_counter()
        came, first_s = 0, 0.0
        for block in client.stream(path, body(text)):
            came += len(block)
            if came > head_bytes and not first_s:
                first_s = time.perf_counter() - begun
        return Answer(first_s, time.perf_counter() - begun, (came - head_bytes) / (2 * rate))

    return ask


def _openai_speech(client: Client, model: str, voice: str, rate: int) -> Callable[[str], Answer]:
    fixed = {"model": model, "voice": voice, "response_format": "pcm"}
    return _speech(client, SPEECH, lambda text: {**fixed, "input": text}, rate)


def _openai_hearing(client: Client, model: str) -> Callable[[Path], Answer]:
    def ask(path: Path) -> Answer:
        wav = path.read_bytes()
        begun = time.perf_counter()
        heard = client.form(HEARING, wav, model=model, language="en", response_format="json")
        whole_s = time.perf_counter() - begun
        if not heard["text"].strip():
            raise Fault(f"{client.url} heard nothing in {path}")
        return Answer(whole_s, whole_s, peer_process.wav_s(path))

    return ask


@contextmanager
def vocabox(binary: Path, packs: Sequence[str], voice: str = "", rate: int = 0) -> Iterator[Subject]:
    """vocabox with these packs; it speaks by `voice`, or transcribes."""
    with serving(binary, packs) as server:
        _wait(server, "/readyz", server.process)
        ask = _openai_speech(server, "tts-1", voice, rate) if voice else _openai_hearing(server, "whisper-1")
        yield Subject(server.process.pid, _asking(ask))


@contextmanager
def process(name: str, folder: Path) -> Iterator[Subject]:
    """A peer without a server: its clients are threads of one process."""
    with peer_process.running(name, peer_files.in_process(folder)) as running:
        yield Subject(running.pid, running.together)


@contextmanager
def piper(python: str, folder: Path) -> Iterator[Subject]:
    """The HTTP server of Piper's package."""
    command = [python, "-m", "piper.http_server", "--host", "127.0.0.1", "--model", str(peer_files.piper(folder / "piper"))]
    with _serving("Piper's server", command, "/voices", folder, {}) as (client, pid):
        yield Subject(pid, _asking(_speech(client, "/synthesize", lambda text: {"text": text}, PIPER_RATE, WAV_HEAD_BYTES)))


@contextmanager
def whisper_cpp(program: Path, folder: Path) -> Iterator[Subject]:
    """whisper.cpp's server, greedy, on 16-bit weights."""
    weights = peer_files.ggml(folder)
    command = [str(program), "--model", str(weights), "--threads", THREADS, "--inference-path", HEARING]
    with _serving("whisper.cpp's server", command, "/health", folder, {}) as (client, pid):
        yield Subject(pid, _asking(_openai_hearing(client, "base")))


@contextmanager
def speaches(checkout: Path, folder: Path, model: str, voice: str = "", rate: int = 0) -> Iterator[Subject]:
    """Speaches, whose models lie in a cache of Hugging Face; without its web page."""
    settings = {
        "HF_HUB_CACHE": str(peer_files.hub(folder / "hub")),
        "HF_HUB_OFFLINE": "1",
        "ENABLE_UI": "false",
        "LOG_LEVEL": "warning",
        "WHISPER__INFERENCE_DEVICE": "cpu",
        "WHISPER__COMPUTE_TYPE": "int8",
        "WHISPER__CPU_THREADS": THREADS,
        "DO_NOT_TRACK": "1",
        "PYANNOTE_METRICS_ENABLED": "0",
    }
    # What it wants in the folder in which it is started: a page's files, and other names of models.
    (folder / "realtime-console/dist").mkdir(parents=True, exist_ok=True)
    peer_files.link(checkout / "model_aliases.json", folder / "model_aliases.json")
    command = [str(checkout / ".venv/bin/python"), "-m", "uvicorn", "--host", "127.0.0.1", "--factory", "speaches.main:create_app"]
    with _serving("Speaches", command, "/health", folder, settings) as (client, pid):
        ask = _openai_speech(client, model, voice, rate) if voice else _openai_hearing(client, model)
        yield Subject(pid, _asking(ask))


@contextmanager
def kokoro_fastapi(checkout: Path, folder: Path) -> Iterator[Subject]:
    """Kokoro-FastAPI on the processor: PyTorch, 32-bit weights."""
    settings = {
        "USE_GPU": "false",
        "PYTHONPATH": f"{checkout}:{checkout / 'api'}",
        "MODEL_DIR": str(checkout / "api/src/models"),
        "VOICES_DIR": str(checkout / "api/src/voices/v1_0"),
        "ENABLE_WEB_PLAYER": "false",
        "HF_HUB_OFFLINE": "1",
    }
    command = [str(checkout / ".venv/bin/python"), "-m", "uvicorn", "--host", "127.0.0.1", "api.src.main:app"]
    with _serving("Kokoro-FastAPI", command, "/health", checkout, settings) as (client, pid):
        yield Subject(pid, _asking(_openai_speech(client, "kokoro", "af_heart", KOKORO_RATE)))


@contextmanager
def _serving(name: str, command: list[str], ready: str, folder: Path, settings: dict[str, str]) -> Iterator[tuple[Client, int]]:
    """Starts a server in `folder` on a free port, which follows `--port`, and waits until it answers `ready`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OMP_NUM_THREADS": THREADS, **settings}
    # A file, because a pipe that is not read would block the server.
    with open(folder / f"{port}.log", "w+", errors="replace") as log:
        started = children.started(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        with started as process:
            client = Client(f"http://127.0.0.1:{port}", "none")
            try:
                _wait(client, ready, process)
                yield client, process.pid
            except Fault as fault:
                if client.url not in str(fault):
                    raise  # another program's
                log.seek(0)
                raise Fault(f"{name}: {fault}; its log ends: {last_line(log.read())}") from None


def _wait(client: Client, path: str, process: subprocess.Popen) -> None:
    """Waits until a server answers a GET of `path` with 200."""
    until = time.monotonic() + READY_SECONDS_MAX
    while True:
        try:
            client.get(path)
            return
        except Fault as fault:
            if process.poll() is not None or time.monotonic() > until:
                raise Fault(f"not ready: {fault}") from None
        time.sleep(POLL_SECONDS)
