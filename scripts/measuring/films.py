"""Reading films with ffmpeg."""

from __future__ import annotations

import functools
import re
import shutil
from fractions import Fraction
from pathlib import Path

from fetching import children
from fetching.environment import kept
from fetching.fault import Fault
from fetching.tools import MEDIA_PACKAGES


@functools.cache
def ffmpeg() -> str:
    """The path of ffmpeg: the one on the PATH, else that of the Python package imageio-ffmpeg, which is fetched."""
    if found := shutil.which("ffmpeg"):
        return found
    carried = next(kept(MEDIA_PACKAGES).glob("lib/python3*/site-packages/imageio_ffmpeg/binaries/ffmpeg-*"), None)
    if carried is None:
        raise Fault(f"{MEDIA_PACKAGES[0]} carries no ffmpeg for this machine: install ffmpeg (Debian, Ubuntu: apt-get install ffmpeg)", 2)
    return str(carried)


def run(*told: str) -> tuple[str, set[str]]:
    """Runs ffmpeg; returns its output, and its warnings without addresses. Raises a ValueError if it fails."""
    result = children.run([ffmpeg(), "-hide_banner", "-nostdin", "-v", "warning", *told])
    said = {re.sub(r" @ 0x[0-9a-f]+", "", line) for line in result.stderr.splitlines() if line.strip()}
    if result.returncode:
        raise ValueError(f"ffmpeg says: {' '.join(said)[:300] or result.returncode}")
    return result.stdout, said


def decode(film: Path) -> set[str]:
    """ffmpeg's warnings while it decodes pictures and sound."""
    return run("-i", str(film), "-map", "0", "-map", "-0:s?", "-f", "null", "-")[1]


def packets(film: Path, streams: list[str]) -> tuple[dict[int, Fraction], list[list[str]]]:
    """The time scale of each stream, and for each packet: stream, dts, pts, duration, size, checksum, flags and side data."""
    maps = [word for stream in streams for word in ("-map", stream)]
    text, _ = run("-copyts", "-i", str(film), *maps, "-c", "copy", "-f", "framecrc", "-")
    scales = {int(n): Fraction(s) for n, s in re.findall(r"^#tb (\d+): (\S+)$", text, re.M)}
    rows = [[field.strip() for field in line.split(",")] for line in text.splitlines() if line[0] != "#"]
    return scales, sorted(rows, key=lambda row: (int(row[0]), int(row[1])))
