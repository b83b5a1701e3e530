"""Speaks a sentence through a running server, transcribes it back, and prints how to do both with curl."""

import sys
from pathlib import Path

from measuring import guarded, needs, parser
from measuring.client import Client

SENTENCE = "Hello! This server speaks and listens, and nothing that you say leaves it."


def main():
    options = parser(__doc__)
    options.add_argument("url", help="address of the server, such as http://127.0.0.1:8080")
    options.add_argument("key_file", type=Path, help="file that contains a key; scripts/run makes data/demo.key")
    options.add_argument("out", type=Path, metavar="OUT.wav", help="file to write the sentence to")
    options = options.parse_args()
    key = needs.file(options.key_file, "scripts/run makes data/demo.key").read_text().strip()
    server = Client(options.url, key, timeout_s=300)
    wav = server.speak(SENTENCE)
    options.out.write_bytes(wav)
    print(f"spoken to {options.out} ({len(wav)} bytes): {SENTENCE}")
    print(f"transcribed back: {server.transcribe(wav, 'auto')}")

    print(f"""
The server listens on {options.url}. Try it from another terminal:

  KEY=$(cat {options.key_file})
  curl {options.url}/voice/tts -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
       -d '{{"text": "Good morning.", "voice_id": "bf_emma"}}' -o morning.wav
  curl {options.url}/voice/stt -H "Authorization: Bearer $KEY" -F file=@morning.wav

Ctrl-C stops it.""", flush=True)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
