#!/usr/bin/env python3
"""Checks /metrics, the alert rules and the dashboard with a real Prometheus.

promtool checks the rules of scripts/deploy/alerts.yaml, runs their tests, and checks a page of metrics. Then a Prometheus
scrapes a server every second while clients speak, stream, transcribe, listen in a session and are refused. Checked afterwards:
Prometheus counted what was asked for; every expression of the dashboard (scripts/deploy/grafana.json) and of the alerts has
values; the real-time factors and times are those that the clients saw; a page weighs less than 50 KiB; no alert fires. --out
draws the dashboard from Prometheus' data. Needs a release build and Debian's package prometheus; fetches packs and packages.
"""

import base64
import json
import math
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import mean

from measuring import ROOT, Fault, guarded, needs, parser
from measuring.client import Client, Refused, seconds_of
from measuring.figures import timed
from measuring.playing import PARAGRAPH, stream
from measuring.prometheus import DEPLOY, checked, scraping
from measuring.server import PACKS, serving

PACKAGES = [*needs.PICTURE_PACKAGES, "websockets==15.0.1"]
RECORDING = ROOT / "models/test-speech/two_cities.wav"
PAGE_BYTES_MAX = 50 << 10
# What Grafana sets: a window of four scrapes at least, longer here, so that it has some requests.
WINDOW = "20s"
LINES = ["The train to Lagos leaves at nine.", "Please bring two copies of the form.", "It rained all day in the city."]


class Load:
    """Clients, and what they saw."""

    def __init__(self, server, until):
        self.server, self.until = server, until
        self.answers = Counter()
        self.spoken_s = self.heard_s = 0.0
        self.firsts_s, self.took_s, self.faults = [], [], []
        self._lock = threading.Lock()

    def run(self, step):
        n = 0
        try:
            while time.monotonic() < self.until:
                step(n)
                n += 1
        except BaseException as fault:  # told by the main thread
            self.faults.append(f"{step.__name__}: {fault!r}")

    def saw(self, route, status=200):
        with self._lock:
            self.answers[route, status] += 1

    def speak(self, n):
        took_s, wav = timed(lambda: self.server.speak(LINES[n % len(LINES)]))
        self.saw("tts")
        with self._lock:
            self.spoken_s += seconds_of(wav)
            self.took_s.append(took_s)
            self.firsts_s.append(took_s)

    def stream(self, _):
        heard = stream(self.server, PARAGRAPH)
        self.saw("tts_stream")
        with self._lock:
            self.spoken_s += heard.seconds
            self.firsts_s.append(heard.came[0][0])

    def transcribe(self, _):
        told = self.server.form("/voice/stt", RECORDING.read_bytes(), language="en")
        self.saw("stt")
        with self._lock:
            self.heard_s += told["duration_seconds"]
        time.sleep(2)

    def be_refused(self, _):
        wrong = Client(self.server.url, "satryx_live_wrong")
        for client, call, route in [
            (wrong, lambda c: c.get("/voice/voices"), "voices"),
            (self.server, lambda c: c.post_json("/voice/tts", {"text": ""}), "tts"),
            (self.server, lambda c: c.get("/voice/history"), "history"),
        ]:
            try:
                call(client)
                self.saw(route)
            except Refused as refused:
                self.saw(route, refused.status)
        time.sleep(3)

    def listen(self, _):
        """A session of realtime transcription, fed with the start of the recording at its own pace."""
        import numpy
        from measuring import recordings as made
        from websockets.sync.client import connect

        sound = made.from_wav(RECORDING.read_bytes())[: 12 * made.RATE]
        sound = made.resampled(numpy.concatenate([sound, made.silence(2.0)]), made.RATE, 24_000)
        pcm = (sound.clip(-1, 1) * 32767).astype("<i2").tobytes()
        url = self.server.url.replace("http://", "ws://") + "/v1/realtime?intent=transcription"
        key = {"Authorization": f"Bearer {self.server.key}"}
        with connect(url, additional_headers=key, proxy=None) as socket:
            texts, step = [], 4800
            for at in range(0, len(pcm), step):
                socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm[at : at + step]).decode()}))
                time.sleep(step / 48_000)
            while not texts:
                event = json.loads(socket.recv(timeout=60))
                texts += [event["transcript"]] if event["type"].endswith("transcription.completed") else []
        self.saw("realtime", 101)


def expressions():
    """Titles and expressions of the dashboard's panels, as Grafana would send them."""
    for panel in json.loads((DEPLOY / "grafana.json").read_text())["panels"]:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", WINDOW).replace("$job", ".*").replace("$instance", ".*")
            yield panel, target, asked


def near(what, value, wanted, share):
    """A line of the report; a Fault where the value differs by more than this share."""
    print(f"  {what}: {value:.3f}, clients saw {wanted:.3f}")
    if not math.isclose(value, wanted, rel_tol=share, abs_tol=1e-9):
        raise Fault(f"{what} is {value}, and clients saw {wanted}")


def check_counts(prometheus, load):
    for (route, status), count in sorted(load.answers.items()):
        near(f"requests {route} {status}", prometheus.value(f'vocabox_requests_total{{route="{route}",status="{status}"}}'), count, 0)
    near("seconds spoken", prometheus.value('sum(vocabox_audio_seconds_total{direction="out"})'), load.spoken_s, 0.01)
    heard_s = prometheus.value('sum(vocabox_audio_seconds_total{direction="in"})')
    if heard_s < load.heard_s:
        raise Fault(f"{heard_s} s were heard, and clients sent {load.heard_s} s beside sessions")
    # Refused texts are in the sum, with next to nothing.
    lines_s = 'vocabox_request_duration_seconds_sum{route="tts"} / on() vocabox_requests_total{route="tts",status="200"}'
    near("mean seconds of a short line", prometheus.value(lines_s), mean(load.took_s), 0.1)
    firsts_s = "sum(vocabox_time_to_first_audio_seconds_sum) / sum(vocabox_time_to_first_audio_seconds_count)"
    near("mean seconds to the first sound", prometheus.value(firsts_s), mean(load.firsts_s), 0.15)
    for engine in ("kokoro", "whisper"):
        factor = prometheus.value(
            f'sum(vocabox_engine_seconds_total{{engine="{engine}"}}) / sum(vocabox_audio_seconds_total{{engine="{engine}"}})'
        )
        print(f"  real-time factor of {engine}: {factor:.3f}")
        if not 0.005 < factor < 3:
            raise Fault(f"a real-time factor of {factor} cannot be right")


def check_expressions(prometheus, begun, ended):
    lacking = []
    for panel, target, asked in expressions():
        rows = prometheus.range(asked, begun, ended)
        if not any(math.isfinite(value) for _, values in rows for _, value in values):
            lacking.append(f"{panel['title']}: {target['expr']}")
    if lacking:
        raise Fault(f"the dashboard has no values for {lacking}")
    groups = prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        if rule["health"] != "ok" or rule["state"] != "inactive":
            raise Fault(f"the alert {rule['name']} is {rule['state']} ({rule['health']}): {rule.get('lastError', rule['alerts'])}")
    print(f"  {len(list(expressions()))} expressions of the dashboard have values; {len(rules)} alerts are inactive")


def draw(path, prometheus, begun, ended):
    """The dashboard as Grafana lays it out, in plain lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    stats = [panel for panel in panels if panel["type"] == "stat"]
    graphs = [panel for panel in panels if panel["type"] == "timeseries"]
    figure = plt.figure(figsize=(20, 4 + 3.4 * (len(graphs) + 2) // 3))
    grid = figure.add_gridspec(1 + (len(graphs) + 2) // 3, 6, height_ratios=[0.5] + [1] * ((len(graphs) + 2) // 3))
    asked = {(panel["id"], target["refId"]): expression for panel, target, expression in expressions()}
    for at, panel in enumerate(stats):
        axes = figure.add_subplot(grid[0, at])
        axes.axis("off")
        found = prometheus.ask("query", query=asked[panel["id"], "A"], time=ended)["result"]
        value = float(found[0]["value"][1]) if found else math.nan
        unit = panel["fieldConfig"]["defaults"]["unit"]
        shown = f"{value / 2**30:.2f} GiB" if unit == "bytes" else f"{value:.3g} {'' if unit == 'none' else unit}"
        axes.text(0.5, 0.45, shown, ha="center", va="center", fontsize=22)
        axes.set_title(panel["title"], fontsize=11)
    for at, panel in enumerate(graphs):
        axes = figure.add_subplot(grid[1 + at // 3, at % 3 * 2 : at % 3 * 2 + 2])
        for target in panel["targets"]:
            for labels, values in prometheus.range(asked[panel["id"], target["refId"]], begun, ended):
                name = re.sub(r"\{\{(\w+)\}\}", lambda found, labels=labels: labels.get(found[1], ""), target["legendFormat"])
                axes.plot([at - begun for at, _ in values], [value for _, value in values], label=name, linewidth=1.2)
        axes.set_title(f"{panel['title']} ({panel['fieldConfig']['defaults']['unit']})", fontsize=11)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="upper left", ncols=2)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    print(f"drawn: {path}")


def main():
    options = parser(__doc__)
    options.add_argument("--seconds", type=needs.positive, default=90, help="time for which clients ask (default: 90)")
    options.add_argument("--out", type=Path, metavar="FILE", help="PNG to draw the dashboard into")
    needs.add_binary(options)
    options = options.parse_args()
    program, promtool = needs.command("prometheus", "prometheus"), needs.command("promtool", "prometheus")
    needs.prepare(binary=options.binary, packs=[*PACKS, "test-speech"], packages=PACKAGES)
    checked(promtool, "check", "rules", str(DEPLOY / "alerts.yaml"))
    checked(promtool, "test", "rules", str(DEPLOY / "alerts_test.yaml"))
    print("promtool finds nothing wrong with the alert rules and their tests")
    with tempfile.TemporaryDirectory(prefix="vocabox-prometheus-") as name, serving(options.binary) as server:
        with scraping(program, server.url.removeprefix("http://"), Path(name)) as prometheus:
            begun = time.time()
            load = Load(server, time.monotonic() + options.seconds)
            clients = [load.speak, load.stream, load.transcribe, load.be_refused, load.listen]
            threads = [threading.Thread(target=load.run, args=(client,), daemon=True) for client in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if load.faults:
                raise Fault(f"clients failed: {load.faults}")
            time.sleep(3)  # until the last scrape
            ended = time.time()
            page = server.get("/metrics", accept="text/plain")
            checked(promtool, "check", "metrics", text=page.decode())
            print(f"promtool finds nothing wrong with the page of {len(page)} bytes")
            if len(page) > PAGE_BYTES_MAX:
                raise Fault(f"the page weighs {len(page)} bytes")
            check_counts(prometheus, load)
            check_expressions(prometheus, begun, ended)
            scraped_s = prometheus.value('max_over_time(scrape_duration_seconds{job="vocabox"}[5m])')
            print(f"  the slowest scrape took {1000 * scraped_s:.0f} ms")
            if options.out:
                draw(options.out, prometheus, begun, ended)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
