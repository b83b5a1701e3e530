"""Short films of test pictures in many kinds of containers: test_video.py SOURCE.wav TARGET… (each a key of FILMS).

The encoder is the ffmpeg of the package imageio-ffmpeg. A target is written whole or not at all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
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

SECONDS = 4
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "48k", "-ac", "1"]
OPUS = ["-c:a", "libopus", "-b:a", "32k", "-ac", "1"]
SUBTITLES = "1\n00:00:00,500 --> 00:00:01,500\nIt was the best of times\n\n2\n00:00:02,000 --> 00:00:03,000\nthe worst\n"

# Name → inputs besides the picture, and arguments of ffmpeg.
FILMS = {
    "frames.mp4": ("sound", [*X264, *AAC]),
    "faststart.mp4": ("sound", [*X264, *AAC, "-movflags", "+faststart"]),
    "silent.mp4": ("", [*X264]),
    "fragmented.mp4": ("sound", [*X264, *AAC, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]),
    "hybrid.mp4": ("sound", [*X264, *AAC, "-movflags", "+frag_keyframe"]),
    "each.mp4": ("", [*X264, "-movflags", "+frag_every_frame+empty_moov"]),
    "edits.mp4": ("sound", [*X264, *AAC, "-movflags", "+frag_keyframe+delay_moov"]),
    "cmaf.mp4": ("sound", [*X264, *AAC, "-movflags", "+cmaf"]),
    "vary.mp4": ("sound", [*X264, *AAC, "-vf", "select='mod(n\\,7)*mod(n\\,3)'", "-fps_mode", "vfr"]),
    "late.mp4": ("late sound", [*X264, *AAC]),
    "subtitles.mp4": ("sound subtitles", [*X264, *AAC, "-c:s", "mov_text"]),
    "hevc.mp4": ("sound", ["-c:v", "libx265", "-x265-params", "log-level=none:info=0", "-crf", "32", "-pix_fmt", "yuv420p10le", *AAC]),
    "x265.mp4": ("sound", ["-c:v", "libx265", "-x265-params", "log-level=none", "-crf", "32", *AAC]),
    "quicktime.mov": ("sound", [*X264, "-c:a", "pcm_s16le", "-ar", "16000", "-ac", "1"]),
    "mpeg4.mov": ("sound", ["-c:v", "mpeg4", "-q:v", "12", "-bf", "1", *AAC]),
    "film.webm": ("sound", ["-c:v", "libvpx-vp9", "-crf", "45", "-b:v", "0", "-cpu-used", "5", *OPUS]),
    "live.webm": ("sound", ["-c:v", "libvpx", "-b:v", "100k", "-cpu-used", "5", *OPUS, "-live", "1"]),
    "film.mkv": ("sound subtitles", [*X264, *AAC, "-c:s", "srt"]),
    "sound.mp4": ("sound only", [*AAC]),
    "sound.webm": ("sound only", [*OPUS]),
}  # fmt: skip


def encode(sound: Path, target: Path) -> None:
    if target.name not in FILMS:
        raise Usage(f"{target.name} is none of {', '.join(FILMS)}")
    inputs, told = FILMS[target.name]
    pictures = ["-f", "lavfi", "-i", f"testsrc2=size=192x144:rate=25:duration={SECONDS}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    if "late" in inputs:
        command += ["-itsoffset", "0.6"]
    if "only" not in inputs:
        command += pictures
    if "sound" in inputs:
        command += ["-t", str(SECONDS), "-i", str(sound)]
    same = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    part = target.with_name(f".part-{os.getpid()}-{target.name}")
    with tempfile.TemporaryDirectory() as folder:
        if "subtitles" in inputs:
            lines = Path(folder) / "lines.srt"
            lines.write_text(SUBTITLES)
            command += ["-i", str(lines)]
        try:
            subprocess.run([*command, *same, "-threads", "1", *told, str(part)], check=True)
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
