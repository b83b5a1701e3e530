#!/usr/bin/env python3
"""Measures realtime transcription through the official `openai` package's realtime client: minutes of speech that are fed at their
own pace, alone, beside three other sessions, and beside so many that the machine cannot follow.

For each it prints the word errors of the finals beside those of /voice/stt on the same sound, the delay from a word's end to the delta
that has it and from the end of an utterance's last word to `completed` (ends of words as /voice/stt tells them), how many words came
before `completed`, how late the client's sound was taken, and refusals. The speech is the recording two_cities and sentences that ten
voices speak, with gaps of random lengths. Needs a release build; fetches everything else.
"""

import base64
import difflib
import random
import re
import statistics
import sys
import threading
import time

from measuring import ROOT, guarded, needs, parser
from measuring.figures import processor_s
from measuring.prose import TEST
from measuring.server import PACKS, serving
from measuring.texts import TWO_CITIES, errors

PACKAGES = ["numpy==2.4.6", "openai==3.57.0", "websockets==15.0.1"]
VOICES = ["af_heart", "af_bella", "am_michael", "bf_emma", "bm_george", "am_puck", "af_nova", "bm_lewis", "am_onyx", "bf_isabella"]
PARTS = {"alone": 0, "beside three": 3, "overload": None}
RATE = 24_000
# What LiveKit's plugin sends at once, and its settings of turns.
STEP_S = 0.05
TURNS = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 600, "silence_duration_ms": 350}
# Seconds that finals may take after the last sound.
PATIENCE_S = 120


def speech(server, seconds):
    """The text and the sound (24 kHz) of at least so many seconds; two_cities comes first."""
    import numpy
    from measuring import recordings as made

    dice = numpy.random.default_rng(3)
    sound = made.from_wav((ROOT / "models/test-speech/two_cities.wav").read_bytes())
    texts, parts, n = [TWO_CITIES], [sound], 0
    while sum(map(len, parts)) < seconds * made.RATE:
        text = TEST[n % len(TEST)]
        parts += [made.silence(dice.uniform(0.3, 1.5)), made.from_wav(server.speak(text, voice_id=VOICES[n % len(VOICES)]))]
        texts.append(text)
        n += 1
    whole = numpy.concatenate(parts)
    if len(whole) > seconds * made.RATE and n == 0:
        # Of the recording alone, the words that are in the part.
        whole = whole[: int(seconds * made.RATE)]
        texts = [server.transcribe(made.to_wav(whole))]
    whole = numpy.concatenate([whole, made.silence(2.0)])
    return " ".join(texts), whole


def plain(word):
    return re.sub(r"[^\w']", "", word.lower())


class Session(threading.Thread):
    """A session that feeds `sound` (16 kHz) at its own pace, and notes what comes when, in seconds since its first sound."""

    def __init__(self, url, key, sound):
        super().__init__(daemon=True)
        self.url, self.key, self.sound = url, key, sound
        self.events, self.late_s, self.fault = [], 0.0, ""

    def run(self):
        from openai import OpenAI
        from websockets.exceptions import WebSocketException

        try:
            client = OpenAI(api_key=self.key, base_url=f"{self.url}/v1")
            with client.realtime.connect(model="whisper-1", extra_query={"intent": "transcription"}) as connection:
                self.talk(connection)
        except (OSError, WebSocketException) as fault:
            self.fault = str(fault).splitlines()[0]

    def talk(self, connection):
        from measuring import recordings as made

        session = {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": RATE},
                    "transcription": {"model": "whisper-1", "language": "en"},
                    "turn_detection": TURNS,
                }
            },
        }
        connection.session.update(session=session)
        assert connection.recv().type == "session.created"
        assert connection.recv().type == "session.updated"
        pcm = (made.resampled(self.sound, made.RATE, RATE).clip(-1, 1) * 32767).astype("<i2").tobytes()
        step = int(STEP_S * RATE) * 2
        begun = time.perf_counter()
        feeder = threading.Thread(target=self.feed, args=(connection, pcm, step, begun), daemon=True)
        feeder.start()
        until = begun + len(pcm) / RATE / 2 + PATIENCE_S
        committed = completed = 0
        while time.perf_counter() < until:
            # The client's reading has a time limit only by its underlying connection.
            try:
                event = connection.parse_event(connection._connection.recv(timeout=0.5, decode=False))
            except TimeoutError:
                if not feeder.is_alive() and committed == completed:
                    return
                continue
            self.events.append((time.perf_counter() - begun, event))
            committed += event.type == "input_audio_buffer.committed"
            completed += event.type.endswith(("transcription.completed", "transcription.failed"))

    def feed(self, connection, pcm, step, begun):
        for at in range(0, len(pcm), step):
            due = begun + at / 2 / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.input_audio_buffer.append(audio=base64.b64encode(pcm[at : at + step]).decode())
            self.late_s = max(self.late_s, time.perf_counter() - due)

    def finals(self):
        return [(at, event) for at, event in self.events if event.type.endswith("transcription.completed")]

    def text(self):
        return " ".join(event.transcript for _, event in self.finals())


def delays(session, words):
    """The delays of words by deltas and of utterances by their finals, in seconds, and the part of words that came before the
    final of their utterance. `words` are (word, end in seconds) of the same sound."""
    told, ends, parts, last = [], {}, {}, {}
    finals = {event.item_id: at for at, event in session.finals()}
    for at, event in session.events:
        if event.type.endswith("transcription.delta"):
            before = len(" ".join(parts.setdefault(event.item_id, [])).split())
            parts[event.item_id].append(event.delta.strip())
            after = len(" ".join(parts[event.item_id]).split())
            told += [(word, at, event.item_id) for word in " ".join(parts[event.item_id]).split()[before:after]]
    matcher = difflib.SequenceMatcher(None, [plain(word) for word, *_ in told], [plain(word) for word, _ in words], autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        for n in range(size):
            ends[a + n] = words[b + n][1]
    by_word = [at - ends[n] for n, (_, at, _) in enumerate(told) if n in ends]
    for n, (_, _, item) in enumerate(told):
        if n in ends:
            last[item] = ends[n]
    by_final = [finals[item] - end for item, end in last.items() if item in finals]
    early = sum(at < finals.get(item, 0) - 0.05 for _, at, item in told) / max(len(told), 1)
    return by_word, by_final, early


def spread(values):
    if not values:
        return "none"
    ordered = sorted(values)
    return f"median {statistics.median(ordered):.2f} s, nine tenths within {ordered[int(len(ordered) * 0.9)]:.2f}, most {ordered[-1]:.2f}"


def measure(server, name, others, text, sound, words):
    begun_cpu, begun = processor_s(server.process.pid), time.perf_counter()
    crowd = []
    for n in range(others):
        crowd.append(Session(server.url, server.account(f"{name.split()[0]}-{n}").key, sound))
        crowd[-1].start()
        # Not all of them speak at the same moment.
        time.sleep(random.uniform(0.1, 1.0))
    watched = Session(server.url, server.key, sound)
    watched.start()
    for session in [watched, *crowd]:
        session.join()
    busy = (processor_s(server.process.pid) - begun_cpu) / (time.perf_counter() - begun)
    by_word, by_final, early = delays(watched, words)
    wrong, all_words = errors(text, watched.text())
    print(f"| {name} | {wrong} of {all_words} | {spread(by_word)} | {spread(by_final)} | {early:.0%} | {watched.late_s:.2f} s | {busy:.2f} |", flush=True)
    if watched.fault:
        print(f"{name}: the session that is measured ended: {watched.fault}")
    refused = [session for session in crowd if session.fault]
    if crowd:
        heard = [errors(text, session.text()) for session in crowd if not session.fault]
        late = max((session.late_s for session in crowd), default=0.0)
        print(f"{name}: of {len(crowd)} others, {len(refused)} ended early ({refused[0].fault if refused else '-'}); word errors {heard}; sound taken up to {late:.2f} s late")


def main():
    options = parser(__doc__)
    options.add_argument("--seconds", type=needs.positive, default=300, help="speech that is fed")
    options.add_argument("--parts", type=needs.some_of(PARTS), default=list(PARTS), help=f"some of: {', '.join(PARTS)}")
    options.add_argument("--overload", type=needs.count, default=11, help="other sessions of the part `overload`")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*PACKS, "test-speech"], packages=PACKAGES)
    from measuring import recordings as made

    with serving(options.binary, options=["--realtime-sessions", str(4 * (options.overload + 1))]) as server:
        text, sound = speech(server, options.seconds)
        answer = server.form("/voice/stt", made.to_wav(sound), language="en", word_timestamps="true")
        words = [(word["word"], word["end"]) for segment in answer["segments"] for word in segment["words"]]
        wrong, all_words = errors(text, answer["transcript"])
        print(f"{len(sound) / made.RATE:.0f} s of speech; /voice/stt: {wrong} of {all_words} words wrong")
        print("| part | words wrong | word's end to its delta | last word's end to completed | before completed | sound taken late | cores |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name in options.parts:
            others = PARTS[name] if PARTS[name] is not None else options.overload
            measure(server, name, others, text, sound, words)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
