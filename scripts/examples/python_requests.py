#!/usr/bin/env python3
"""Speaks a sentence and has it transcribed, with requests."""

import os

import requests

base = os.environ["VOCABOX_BASE"]
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['VOCABOX_KEY']}"

speech = session.post(f"{base}/voice/tts", json={"text": "Good morning from this machine.", "voice_id": "af_heart"})
speech.raise_for_status()
heard = session.post(f"{base}/voice/stt", files={"file": speech.content}, data={"language": "en"})
heard.raise_for_status()
print(heard.json()["transcript"])
