"""Copies of a recording in other formats, for the tests: test_audio.py SOURCE.wav TARGET… (named by format and rate).

The encoder is the ffmpeg of the package imageio-ffmpeg. A target is written whole or not at all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

import arguments
from fetching.fault import Fault, Usage
from fetching.tools import MEDIA_PACKAGES

if __name__ == "__main__":
    PARSER = arguments.parser(__doc__)
    PARSER.add_argument("source", type=arguments.existing, metavar="SOURCE.wav")
    PARSER.add_argument("targets", nargs="+", type=Path, metavar="TARGET")
    OPTIONS = arguments.begin(PARSER, MEDIA_PACKAGES)

import imageio_ffmpeg

# The end of a target's name → arguments of ffmpeg.
FORMATS = {
    ".8k.wav": ["-ar", "8000", "-c:a", "pcm_s16le", "-f", "wav"],
    ".stereo.wav": ["-ar", "48000", "-ac", "2", "-c:a", "pcm_s16le", "-f", "wav"],
    ".mp3": ["-c:a", "libmp3lame", "-b:a", "96k", "-f", "mp3"],
    ".flac": ["-c:a", "flac", "-f", "flac"],
    ".ogg": ["-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"],
    ".m4a": ["-c:a", "aac", "-b:a", "96k", "-f", "ipod"],
    ".aac": ["-c:a", "aac", "-b:a", "96k", "-f", "adts"],
    ".opus": ["-c:a", "libopus", "-b:a", "64k", "-f", "ogg"],
    ".webm": ["-c:a", "libopus", "-b:a", "64k", "-f", "webm"],
    ".mkv": ["-c:a", "aac", "-b:a", "96k", "-f", "matroska"],
    ".aiff": ["-ar", "22050", "-c:a", "pcm_s16be", "-f", "aiff"],
    ".alaw.wav": ["-ar", "16000", "-c:a", "pcm_alaw", "-f", "wav"],
    ".mulaw.wav": ["-ar", "16000", "-c:a", "pcm_mulaw", "-f", "wav"],
    ".96k.wav": ["-ar", "96000", "-c:a", "pcm_s24le", "-f", "wav"],
    ".float.wav": ["-ar", "16000", "-c:a", "pcm_f32le", "-f", "wav"],
    ".surround.flac": ["-af", "aformat=channel_layouts=7.1", "-c:a", "flac", "-f", "flac"],
}


def encode(source: Path, target: Path) -> None:
    ending = max((ending for ending in FORMATS if target.name.endswith(ending)), key=len, default=None)
    if ending is None:
        raise Usage(f"{target.name}: the format is none of {', '.join(FORMATS)}")
    part = target.with_name(f".part-{os.getpid()}-{target.name}")
    quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    same = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, "-i", str(source), *same, *FORMATS[ending], str(part)]
    try:
        subprocess.run(command, check=True)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
    except subprocess.CalledProcessError:
        raise Fault(f"ffmpeg could not make {target.name}") from None
    finally:
        part.unlink(missing_ok=True)


def main(options: argparse.Namespace) -> None:
    for target in options.targets:
        encode(options.source, target)


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
