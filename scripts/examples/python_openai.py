#!/usr/bin/env python3
"""Speaks a sentence and has it transcribed, with OpenAI's package."""

import os

from openai import OpenAI

client = OpenAI(base_url=f"{os.environ['VOCABOX_BASE']}/v1", api_key=os.environ["VOCABOX_KEY"])

speech = client.audio.speech.create(model="tts-1", voice="nova", input="Good morning from this machine.")
heard = client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", speech.content), language="en")
print(heard.text)
