"""Speaks a sentence through a running box, transcribes it back, and prints how to do both with curl.

usage: first_words.py URL KEY_FILE OUT.wav
"""

import json
import sys
import urllib.request
import uuid

SENTENCE = "Hello! This box speaks and listens, and nothing that you say leaves it."


def call(url, key, body, content_type):
    """The response of a POST. Its errors carry the box's own sentence."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": content_type}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    # Never through a proxy: the box is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open(request, timeout=300)
    except urllib.error.HTTPError as error:
        sys.exit(f"{url} answered {error.code}: {error.read().decode(errors='replace')}")


def main(url, key_file, out):
    with open(key_file) as file:
        key = file.read().strip()
    body = json.dumps({"text": SENTENCE}).encode()
    wav = call(f"{url}/voice/tts", key, body, "application/json").read()
    with open(out, "wb") as file:
        file.write(wav)
    print(f"spoken to {out} ({len(wav)} bytes): {SENTENCE}")

    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{out}"\r\n\r\n'
    form = head.encode() + wav + f"\r\n--{boundary}--\r\n".encode()
    heard = json.load(call(f"{url}/voice/stt", key, form, f"multipart/form-data; boundary={boundary}"))
    print(f"transcribed back: {heard['transcript']}")

    print(f"""
The box listens on {url}. Try it from another terminal:

  KEY=$(cat {key_file})
  curl {url}/voice/tts -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
       -d '{{"text": "Good morning.", "voice_id": "bf_emma"}}' -o morning.wav
  curl {url}/voice/stt -H "Authorization: Bearer $KEY" -F file=@morning.wav

Ctrl-C stops it.""", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
