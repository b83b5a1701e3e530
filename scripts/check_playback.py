#!/usr/bin/env python3
"""Checks that Chromium plays films.

A page in headless Chromium loads each film, plays one second from its middle, and decodes its sound. Prints the length and
size that the browser reports, the seconds that it played, and the peak and root mean square of the sound. Exit code 1 when a
film does not play or is silent.
"""

import contextlib
import http.server
import json
import mimetypes
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from measuring import children, guarded, needs, parser

PAGE = """<!doctype html><video id=film muted playsinline src="/film"></video><script>
const film = document.getElementById('film');
const until = (target, event) => new Promise((done, fail) => {
  target.addEventListener(event, done, {once: true});
  target.addEventListener('error', () => fail(new Error(film.error ? film.error.message : 'error')), {once: true});
});
async function look() {
  if (film.readyState < 1) await until(film, 'loadedmetadata');
  const told = {duration: film.duration, width: film.videoWidth, height: film.videoHeight};
  film.currentTime = film.duration / 2;
  await until(film, 'seeked');
  const from = film.currentTime;
  await film.play();
  await new Promise(done => setTimeout(done, 1000));
  told.played = film.currentTime - from;
  const bytes = await (await fetch('/film')).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
  const samples = sound.getChannelData(0);
  let peak = 0, sum = 0;
  for (const s of samples) { peak = Math.max(peak, Math.abs(s)); sum += s * s; }
  return {...told, channels: sound.numberOfChannels, sound: sound.duration, peak, rms: Math.sqrt(sum / samples.length)};
}
look().catch(e => ({error: String(e)})).then(told => fetch('/told', {method: 'POST', body: JSON.stringify(told)}));
</script>"""
PATIENCE_S = 60


@contextlib.contextmanager
def serving(film, told):
    """A server of the page and of `film`, which stores the page's report in `told`; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body, kind = (PAGE.encode(), "text/html") if self.path == "/" else (film.read_bytes(), mimetypes.guess_type(film)[0])
            span = self.headers.get("Range", "")
            start, end = 0, len(body) - 1
            if span.startswith("bytes=") and self.path == "/film":
                first, last = span[6:].split("-")
                start, end = int(first), int(last) if last else end
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(body)}")
            else:
                self.send_response(200 if self.path in ("/", "/film") else 404)
            self.send_header("Content-Type", kind or "application/octet-stream")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(end + 1 - start))
            self.end_headers()
            try:
                self.wfile.write(body[start : end + 1])
            except ConnectionError:
                pass  # The browser has read enough and closed the connection.

        def do_POST(self):
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def look(chromium, film):
    """The browser's report on the film."""
    told = queue.Queue()
    # Chromium may still write to its profile while it ends, and leaves files in these folders when it is killed.
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    profile = tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True)
    with serving(film, told) as port, profile as folder:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
                   "--disable-component-update", "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={folder}"]
        command = [chromium, *options, f"http://127.0.0.1:{port}/", "--remote-debugging-port=0"]
        silent = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
        with children.started(command, env=os.environ | dict.fromkeys(places, folder), **silent):
            try:
                return told.get(timeout=PATIENCE_S)
            except queue.Empty:
                return {"error": f"the page told nothing within {PATIENCE_S} s"}


def main():
    options = parser(__doc__)
    options.add_argument("--chromium", default="chromium")
    options.add_argument("films", nargs="+", type=Path)
    options = options.parse_args()
    chromium = needs.command(options.chromium, "chromium")
    films = [needs.file(film, "name an existing film") for film in options.films]
    failed = 0
    for film in films:
        told = look(chromium, film)
        is_right = told.get("played", 0) > 0.5 and told.get("width", 0) > 0 and told.get("rms", 0) > 0.001
        failed += not is_right
        figures = {k: round(v, 4) if isinstance(v, float) else v for k, v in told.items()}
        print(f"{film.name}: {'plays' if is_right else 'DOES NOT PLAY'} {json.dumps(figures)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
