"""Requests to a server."""

from __future__ import annotations

import http.client
import io
import json
import urllib.error
import urllib.request
import uuid
import wave
from collections.abc import Iterator
from contextlib import contextmanager

from fetching.fault import Fault, Usage

WAV_HEAD_BYTES = 44
BYTES_A_SECOND = 48_000  # of speech: 24 kHz, mono, 16 bits


def seconds_of(wav: bytes) -> float:
    """Seconds of a WAV file of the server's speech."""
    bytes_a_second = int.from_bytes(wav[28:32], "little")
    return (len(wav) - WAV_HEAD_BYTES) / bytes_a_second


def clip(wav: bytes, seconds: float, start_s: float = 0.0) -> bytes:
    """So many seconds of a WAV file from `start_s` on."""
    with wave.open(io.BytesIO(wav)) as source:
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(source.getparams())
            source.setpos(int(start_s * source.getframerate()))
            out.writeframes(source.readframes(int(seconds * source.getframerate())))
    return made.getvalue()


class Refused(Fault):
    """An error answer: its `status`, and after how many seconds the server told to come again, if it did."""

    def __init__(self, text: str, status: int, retry_after_s: int | None):
        super().__init__(text)
        self.status, self.retry_after_s = status, retry_after_s


class Client:
    """A client of one server, with one key. An error answer raises Refused, with the server's sentence."""

    def __init__(self, url: str, key: str, timeout_s: float | None = None):
        if not url.startswith(("http://", "https://")):
            raise Usage(f"{url} is no address of a server: http://127.0.0.1:8080 is one")
        self.url, self.key, self.timeout_s = url.rstrip("/"), key, timeout_s
        # Never through a proxy: the server is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, accept: str = "*/*") -> bytes:
        return self._call(urllib.request.Request(self.url + path, headers={"Accept": accept}))

    def delete(self, path: str) -> bytes:
        return self._call(urllib.request.Request(self.url + path, method="DELETE"))

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        return self._call(urllib.request.Request(self.url + path, body, {"Content-Type": content_type}))

    def post_json(self, path: str, body: dict) -> bytes:
        return self.post(path, json.dumps(body).encode(), "application/json")

    def form(self, path: str, file: bytes, filename: str = "a.wav", /, **fields: str) -> dict:
        """Sends a form of `fields` and of `file`, named `filename`; returns the JSON answer."""
        boundary = uuid.uuid4().hex
        part = f"--{boundary}\r\nContent-Disposition: form-data; name="
        body = "".join(f'{part}"{field}"\r\n\r\n{value}\r\n' for field, value in fields.items())
        body += f'{part}"file"; filename="{filename}"\r\n\r\n'
        whole = body.encode() + file + f"\r\n--{boundary}--\r\n".encode()
        return json.loads(self.post(path, whole, f"multipart/form-data; boundary={boundary}"))

    def speak(self, text: str, **fields: object) -> bytes:
        """Speaks a text; returns the WAV file. `fields` are those of POST /voice/tts."""
        return self.post_json("/voice/tts", {"text": text, **fields})

    def transcribe(self, wav: bytes, language: str = "en") -> str:
        return self.form("/voice/stt", wav, language=language)["transcript"]

    def stream(self, path: str, body: dict) -> Iterator[bytes]:
        """Yields the blocks of an answer as they arrive."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with self._answer(request) as answer:
            while block := answer.read1(65536):
                yield block

    def _call(self, request: urllib.request.Request) -> bytes:
        with self._answer(request) as answer:
            return answer.read()

    @contextmanager
    def _answer(self, request: urllib.request.Request) -> Iterator[http.client.HTTPResponse]:
        """Yields an answer to read; errors while reading raise the same Faults as errors of the request."""
        request.add_header("Authorization", f"Bearer {self.key}")
        try:
            with self._opener.open(request, timeout=self.timeout_s) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            told = error.headers.get("Retry-After")
            text = f"{request.full_url} answered {error.code}: {error.read().decode(errors='replace')}"
            raise Refused(text, error.code, int(told) if told else None) from None
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            raise self.unreachable(getattr(error, "reason", None) or error) from None

    def unreachable(self, why: object) -> Fault:
        """The Fault for a server that does not answer."""
        if isinstance(why, ConnectionRefusedError):
            return Usage(f"no server listens at {self.url}: start one with scripts/run")
        return Fault(f"{self.url} does not answer: {why}")
