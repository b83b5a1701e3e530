#!/usr/bin/env python3
"""Checks scripts/deploy/haproxy.cfg with a real HAProxy in front of three servers, over TLS.

Checked: each key goes to one server, whichever header it comes in; a key that another server made is valid (account export and import);
the limit of a key holds exactly; streamed speech arrives while it is made, and a realtime session opens; a dubbing job is found
whichever server is asked first; a server is drained under load without a failed request; another one is killed under load, and no
request fails but those under way on it; afterwards all keys are served. Needs a release build and Debian's packages haproxy and openssl; fetches packs and packages.
"""

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from measuring import ROOT, Fault, children, guarded, needs, parser
from measuring.server import serving

CONFIG = ROOT / "scripts/deploy/haproxy.cfg"
PACKS = ("kokoro", "silero-vad", "whisper-tiny-en", "segmentation-pyannote", "speaker-campplus", "onnxruntime")
RECORDING = ROOT / "models/test-speech/two_cities.wav"
SECRET = "5f0c" * 16  # of this run only
KEYS = 12
LIMIT = 3  # one more every 20 s, so that a slow machine gives few while it is asked
TEXT = "The train to Lagos leaves at nine."


class Front:
    """Requests through HAProxy."""

    def __init__(self, port):
        self.url = f"https://127.0.0.1:{port}"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.context = context
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, path, headers, body=None):
        """The status, the server and the body of the answer."""
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
            body = json.dumps(body).encode()
        return self.send(path, headers, body)

    def upload(self, path, headers, file):
        """The same for a form with one file."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        return self.send(path, headers | {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body)

    def send(self, path, headers, body):
        try:
            answer = self.opener.open(urllib.request.Request(self.url + path, body, headers), timeout=120)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return answer.status, answer.headers["X-Server"], answer.read()


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def told(binary, server, *command):
    """The output of a command on the data of a server."""
    done = subprocess.run([str(binary), *command, "--data-dir", str(server.data)], capture_output=True, text=True)
    if done.returncode:
        raise Fault(done.stderr.strip())
    return done.stdout


def configure(folder, servers, port):
    """Writes the configuration for these servers, with a certificate of this run; returns its path."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=voice.example.org", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    text = CONFIG.read_text(encoding="utf-8")
    changes = {"/etc/ssl/voice-with-key.pem": str(both), "/run/haproxy.sock": str(folder / "haproxy.sock"), "bind :443": f"bind 127.0.0.1:{port}"}
    changes |= {f"192.0.2.{n + 1}:8080": server.url.removeprefix("http://") for n, server in enumerate(servers)}
    for before, after in changes.items():
        if before not in text:
            raise Fault(f"{CONFIG.name} has no {before}")
        text = text.replace(before, after)
    path = folder / "haproxy.cfg"
    path.write_text(text, encoding="utf-8")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def command(folder, line):
    """Tells HAProxy."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(folder / "haproxy.sock"))
        stream.sendall(line.encode() + b"\n")
        stream.settimeout(10)
        return stream.recv(65536).decode()


def wait(what, holds, seconds=60):
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise Fault(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def up(folder):
    """The servers that HAProxy counts as up."""
    rows = command(folder, "show servers state vocabox").splitlines()
    # Columns 4 and 6 of its table: the name, and the operational state, 2 for running.
    return {row.split()[3] for row in rows if row.startswith(tuple("0123456789")) and len(row.split()) > 5 and row.split()[5] == "2"}


class Load:
    """A client for each key, which speaks and lists its history in turn until it is told to stop."""

    def __init__(self, front, keys):
        self.front, self.stopped = front, threading.Event()
        self.answers, self.failed, self.servers = Counter(), [], {}
        self.under_way = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(key,)) for key in keys]
        for thread in self.threads:
            thread.start()

    def _run(self, key):
        while not self.stopped.is_set():
            for path, body in (("/voice/tts", {"text": TEXT}), ("/voice/history", None)):
                began = time.monotonic()
                with self.lock:
                    self.under_way[key] = began
                try:
                    status, server, _ = self.front.ask(path, bearer(key), body)
                except OSError as fault:
                    status, server = f"{fault}", None
                with self.lock:
                    self.under_way.pop(key)
                    self.answers[status] += 1
                    if status == 200:
                        self.servers[key] = server
                    else:
                        self.failed.append((key, path, status, began, time.monotonic()))

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def check(what, holds, seen=""):
    print(f"{'ok    ' if holds else 'WRONG '} {what}{f': {seen}' if seen else ''}", flush=True)
    return bool(holds)


def exact_limit(front, key):
    """Asks twice as often as the key may; what came back, and how many the bucket gave in that time."""
    began = time.monotonic()
    answers = Counter(front.ask("/voice/tts", bearer(key), {"text": "No."})[0] for _ in range(2 * LIMIT))
    return answers, LIMIT + (time.monotonic() - began) * LIMIT / 60


def realtime_opens(front, key):
    """The status of an upgrade, with the key as browsers send it, and its server."""
    host, port = front.url.removeprefix("https://").split(":")
    request = (
        f"GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{key}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as plain, front.context.wrap_socket(plain, server_hostname=host) as stream:
        stream.settimeout(30)
        stream.sendall(request.encode())
        head = stream.recv(65536).decode("latin-1")
    server = re.search(r"(?im)^x-server: (\S+)", head)
    return head.split(" ")[1], server and server[1]


def streams(front, key):
    """Seconds until the first and the last byte of a long text."""
    body = json.dumps({"text": " ".join([TEXT] * 12)}).encode()
    request = urllib.request.Request(f"{front.url}/voice/tts/stream", body, bearer(key) | {"Content-Type": "application/json"})
    began = time.monotonic()
    with front.opener.open(request, timeout=120) as answer:
        answer.read(1000)
        first = time.monotonic() - began
        answer.read()
    return first, time.monotonic() - began


def run(options, folder, servers):
    right = []
    names = [f"server{n + 1}" for n in range(len(servers))]
    secret = folder / "secret"
    secret.write_text(SECRET)
    keys = [servers[0].limited_key(f"customer-{n}", 100_000) for n in range(KEYS)]
    limited = servers[0].limited_key("limited", LIMIT)
    accounts = folder / "accounts"
    accounts.write_text(told(options.binary, servers[0], "account", "export", "--secret-file", str(secret)))
    for server in servers[1:]:
        told(options.binary, server, "account", "import", "--secret-file", str(secret), str(accounts))
    port = free_port()
    path = configure(folder, servers, port)
    front = Front(port)
    with children.started(["haproxy", "-f", str(path), "-db"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        wait("HAProxy finds the servers", lambda: (folder / "haproxy.sock").exists() and up(folder) == set(names))
        found = {key: front.ask("/voice/history", bearer(key)) for key in keys}
        right.append(check("keys of the first server are valid at all", all(status == 200 for status, _, _ in found.values())))
        spread = Counter(server for _, server, _ in found.values())
        right.append(check("keys are spread over the servers", len(spread) > 1, dict(spread)))
        same = all(front.ask("/voice/history", headers)[1] == found[key][1] for key in keys for headers in (bearer(key), {"xi-api-key": key}))
        right.append(check("a key goes to its server again, in either header", same))
        status, server = realtime_opens(front, keys[0])
        right.append(check("a realtime session opens on the key's server", (status, server) == ("101", found[keys[0]][1]), f"{status} {server}"))
        first, last = streams(front, keys[1])
        right.append(check("a stream arrives while it is made", first < last / 2, f"first byte after {first:.1f} s, last after {last:.1f} s"))
        answers, most = exact_limit(front, limited)
        right.append(check("the limit of a key holds exactly", set(answers) == {200, 429} and LIMIT <= answers[200] <= most, f"{dict(answers)}, at most {most:.1f}"))
        status, home, body = front.upload("/voice/dub/analyze", bearer(keys[2]), needs.file(RECORDING, "run scripts/fetch-models test-speech"))
        job = json.loads(body).get("job_id", body)
        asked = [front.ask(f"/voice/dub/jobs/{job}", bearer(keys[2]))[:2] for _ in range(2 * len(servers))]
        right.append(check("a job is found whichever server is asked first", status in (200, 202) and set(asked) == {(200, home)}, f"on {home}: {asked}"))
        missing = front.ask("/voice/dub/jobs/" + job[:-4] + "0000", bearer(keys[2]))[0]
        right.append(check("a job that no server has is not found", missing == 404, missing))
        right.append(check("metrics are not for others", front.ask("/metrics", bearer(keys[0]))[0] == 404))

        load = Load(front, keys)
        wait("every key is served", lambda: len(load.servers) == KEYS)
        drained = spread.most_common(1)[0][0]
        command(folder, f"set server vocabox/{drained} state drain")
        load.servers.clear()
        wait("the keys of the drained server are served elsewhere", lambda: len(load.servers) == KEYS and drained not in load.servers.values())
        before = sum(load.answers.values())
        right.append(check(f"{drained} is drained under load without a failed request", not load.failed, f"{dict(load.answers)} {load.failed[:3]}"))
        command(folder, f"set server vocabox/{drained} state ready")
        wait("it is back", lambda: drained in load.servers.values())

        killed = next(name for name in names if name != drained and name in load.servers.values())
        theirs = {key for key, server in load.servers.items() if server == killed}
        server = servers[names.index(killed)]
        with load.lock:
            under_way = set(load.under_way) & theirs
            at = time.monotonic()
            server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        load.servers.clear()
        wait("the keys of the killed server are served elsewhere", lambda: len(load.servers) == KEYS and killed not in load.servers.values())
        load.stop()
        strange = [fault for fault in load.failed if fault[0] not in under_way or fault[3] > at]
        lost = len(load.failed)
        seen = f"{lost} failed of {len(under_way)} under way; {sum(load.answers.values())} requests, {before} before; {dict(load.answers)} {strange[:3]}"
        right.append(check(f"{killed} is killed under load, and nothing else fails", not strange and lost <= len(under_way), seen))
        after = [front.ask("/voice/history", bearer(key))[0] for key in keys]
        right.append(check("every key is served afterwards", set(after) == {200}))
    print(f"{len(right)} checks, {right.count(False)} wrong")
    return 0 if all(right) else 1


def main():
    options = parser(__doc__)
    needs.add_binary(options)
    options = options.parse_args()
    for program in ("haproxy", "openssl"):
        needs.command(program, program)
    needs.prepare(binary=options.binary, packs=[*PACKS, "test-speech"], packages=[])
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name, ExitStack() as stack:
        flags = ["--trusted-proxy", "127.0.0.1", "--drain-seconds", "5"]
        servers = [stack.enter_context(serving(options.binary, PACKS, options=flags)) for _ in range(3)]
        code = run(options, Path(name), servers)
        # The killed one cannot be stopped.
        for server in servers:
            if server.process.poll() is not None:
                server.stop = lambda: None
    return code


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
