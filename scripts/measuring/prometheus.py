"""A Prometheus of Debian that scrapes a server: its queries, and its program for checks."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fetching import children
from fetching.fault import Fault

from . import ROOT

DEPLOY = ROOT / "scripts/deploy"
SCRAPE_S = 1
READY_S = 180
CONFIG = """
global:
  scrape_interval: {scrape_s}s
  evaluation_interval: {scrape_s}s
rule_files: ["{rules}"]
scrape_configs:
  - job_name: vocabox
    static_configs:
      - targets: ["{target}"]
"""


class Prometheus:
    """A running Prometheus at `url`. Made by `scraping`."""

    def __init__(self, url: str):
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path: str, **query: object) -> dict:
        """The data of an answer of its API."""
        with self._opener.open(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            told = json.load(answer)
        if told["status"] != "success":
            raise Fault(f"Prometheus: {told}")
        return told["data"]

    def now(self, expression: str) -> list[tuple[dict, float]]:
        """Labels and value of each series of an expression."""
        return [(row["metric"], float(row["value"][1])) for row in self.ask("query", query=expression)["result"]]

    def range(self, expression: str, begun: float, ended: float) -> list[tuple[dict, list[tuple[float, float]]]]:
        """Labels, and times with values, of each series of an expression."""
        found = self.ask("query_range", query=expression, start=begun, end=ended, step=SCRAPE_S)["result"]
        return [(row["metric"], [(float(at), float(value)) for at, value in row["values"]]) for row in found]

    def value(self, expression: str) -> float:
        """The only value of an expression."""
        found = self.now(expression)
        if len(found) != 1:
            raise Fault(f"{expression} has {len(found)} values")
        return found[0][1]


def has_scraped(prometheus: Prometheus) -> bool:
    """Whether it has scraped a server; while it starts, it answers 503."""
    try:
        return bool(prometheus.now("vocabox_ready"))
    except OSError:
        return False


@contextmanager
def scraping(program: str, target: str, folder: Path) -> Iterator[Prometheus]:
    """Runs the `program` on a free port, with its data in `folder`; it scrapes `target` (host:port), once before the block."""
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(scrape_s=SCRAPE_S, rules=DEPLOY / "alerts.yaml", target=target))
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", "--web.listen-address=127.0.0.1:0"]
    log = folder / "prometheus.log"
    with log.open("w") as lines, children.started(command, stderr=lines, stdout=lines) as process:
        until = time.monotonic() + READY_S
        address = None
        while address is None or not has_scraped(Prometheus(address)):
            if process.poll() is not None or time.monotonic() > until:
                raise Fault(f"Prometheus did not scrape {target}: {log.read_text()[-2000:]}")
            time.sleep(0.2)
            said = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', log.read_text())
            address = f"http://{said[1]}" if said else None
        yield Prometheus(address)


def checked(promtool: str, *arguments: str, text: str = "") -> None:
    """Runs a check of promtool on files or on `text`. A Fault if it finds something, be it a matter of style."""
    ran = subprocess.run([promtool, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode:
        raise Fault(f"promtool {' '.join(arguments)}: {(ran.stdout + ran.stderr).strip()}")
