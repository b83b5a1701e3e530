#!/usr/bin/env python3
"""Runs the session below in bash and writes it as an animated SVG: the picture of README.md.

usage: .github/record.py VOCABOX FOLDER OUT.svg

VOCABOX is the program, FOLDER an empty folder with a link to `models`. The script first starts a server there on
127.0.0.1:8080. The picture shows the real output of the commands; lines of more than COLUMNS end in an ellipsis.
"""

import html
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

COLUMNS = 92
LINE, CHAR, PAD = 19, 8.43, 16
SESSION = r"""
vocabox account create demo
KEY=$(vocabox key create --account demo --name laptop | head -n 1)
BASE=http://127.0.0.1:8080; AUTH="Authorization: Bearer $KEY"; JSON='Content-Type: application/json'
curl -s $BASE/readyz | jq -c '[.status, .device, .speak, .transcribe]'
curl -s $BASE/voice/tts -H "$AUTH" -H "$JSON" -d '{"text": "Good morning. Nothing leaves this machine."}' -o hello.wav
file hello.wav
curl -s $BASE/voice/stt -H "$AUTH" -F file=@hello.wav | jq -c '.transcript, .segments[0].words[0:2]'
curl -s $BASE/voice/tts -H "$AUTH" -H "$JSON" -d '{"text": "Hi.", "speed": 9}'; echo
vocabox speak "Buongiorno a tutti." --voice if_sara -o saluto.opus 2> /dev/null && file -b saluto.opus
curl -s $BASE/voice/history -H "$AUTH" | jq -c '.items[] | [.feature, .voice_id, .duration_seconds]'
"""


def wait_ready(seconds=120):
    """Waits until the server is ready."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + seconds
    while True:
        try:
            opener.open("http://127.0.0.1:8080/readyz")
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                sys.exit("the server is not ready")
            time.sleep(0.2)


def play(vocabox, folder):
    """Runs the commands one after the other in one shell; returns each with its output."""
    (folder / "bin").mkdir()
    (folder / "bin/vocabox").symlink_to(pathlib.Path(vocabox).resolve())
    environment = dict(os.environ, PATH=f"{folder / 'bin'}:{os.environ['PATH']}", no_proxy="*")
    log = open(folder / "server.log", "w")
    server = subprocess.Popen(["vocabox", "serve"], cwd=folder, env=environment, stderr=log)
    try:
        wait_ready()
        mark = "-- end of a command --"
        commands = [c for c in SESSION.strip().splitlines() if c]
        script = "".join(f"{c}\necho '{mark}' $?\n" for c in commands)
        done = subprocess.run(["bash"], input=script, cwd=folder, env=environment, text=True, capture_output=True)
    finally:
        server.terminate()
        server.wait()
    printed = done.stdout.split(mark)
    for command, code in zip(commands, printed[1:]):
        if not code.startswith(" 0\n"):
            sys.exit(f"{command} failed: {done.stderr}")
    texts = [printed[0]] + [p.removeprefix(" 0\n") for p in printed[1:-1]]
    return list(zip(commands, texts))


def lines_of(session):
    """Lines of the picture with the second at which each appears: (text, is_command, second)."""
    second = 0.3
    for command, text in session:
        rest, first = command, True
        while rest:
            head = rest if len(rest) <= COLUMNS - 2 else rest[: rest.rfind(" ", 0, COLUMNS - 4)]
            rest = rest[len(head) :].lstrip()
            yield ("$ " if first else "    ") + head, True, second
            first = False
        second += 0.7
        for line in text.splitlines():
            yield line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…", False, second
        second += 0.9


def svg(session):
    """The SVG. Viewers without animation show all lines at once."""
    lines = list(lines_of(session))
    width, height = round(COLUMNS * CHAR + 2 * PAD), (len(lines) + 1) * LINE + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        "<title>A terminal: an account and a key are made, a sentence is spoken and transcribed</title>",
        "<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9d1d9;white-space:pre}",
        ".c{fill:#7ee787}@media (prefers-reduced-motion:no-preference){text{animation:a .01s both}}",
        "@keyframes a{from{opacity:0}to{opacity:1}}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
    ]
    for number, (text, is_command, second) in enumerate(lines):
        kind = ' class="c"' if is_command else ""
        y = PAD + (number + 1) * LINE
        out.append(
            f'<text x="{PAD}" y="{y}"{kind} xml:space="preserve" style="animation-delay:{second:.1f}s">'
            f"{html.escape(text, quote=False)}</text>"
        )
    return "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    program, place, picture = sys.argv[1:4]
    pathlib.Path(picture).write_text(svg(play(program, pathlib.Path(place).resolve())))
