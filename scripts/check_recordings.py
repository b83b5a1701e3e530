#!/usr/bin/env python3
"""Compares what the server hears of recordings of many formats with what ffmpeg hears.

Makes recordings by ffmpeg, sox and mkvmerge with their odd options: pips of 2 kHz at 1, 5 and 9 s over faint noise, in containers of
cameras, broadcasts, telephones and editors. Decodes each by `cargo run -p vocabox-audio --example decode` and by ffmpeg, and compares

- the length, to a frame of the codec;
- the level, to 1 dB (surround: not compared, the mixes differ);
- the times of the pips, to 30 ms, from the start of the file.

Exit code 1 when a recording differs. --keep FOLDER keeps the recordings; names of them as arguments check only these.
"""

from __future__ import annotations

import array
import math
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, Fault, Usage, children, guarded, last_line, parser
from measuring.films import ffmpeg

DECODER = ROOT / "target/debug/examples/decode"
RATE_HZ = 16_000
SECONDS = 12.0
PIPS_S = [1.0, 5.0, 9.0]
# Seconds by which a length may differ: the longest frame, of AC-3 and of MP2 at low rates, and what players leave of priming.
FRAME_S = 0.12
PIP_S = 0.03
LEVEL_DB = 1.0
# Containers in which ffmpeg starts pictures and sound later by the pictures' reordering: two frames.
SHIFTING = {".mp4", ".flv", ".f4v"}
PICTURE_S = 0.09
FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]

# Each recording: ffmpeg's options after its inputs. {v} is a picture, {b} the sound; the name tells the container.
SOUND = ["-i", "{b}"]
FILM = ["-i", "{v}", "-i", "{b}", "-c:v", "copy"]
RECORDINGS: dict[str, list[str]] = {
    "aac.m4a": [*SOUND, "-c:a", "aac"],
    "aac_faststart.m4a": [*SOUND, "-c:a", "aac", "-movflags", "+faststart"],
    "aac_no_edits.m4a": [*SOUND, "-c:a", "aac", "-use_editlist", "0"],
    "aac_96k.m4a": [*SOUND, "-ar", "96000", "-c:a", "aac"],
    "aac_8k.m4a": [*SOUND, "-ar", "8000", "-c:a", "aac"],
    "aac_fragments.mp4": [*FILM, "-c:a", "aac", *FRAGMENTS],
    "aac_delay_moov.mp4": [*FILM, "-c:a", "aac", "-movflags", "frag_keyframe+delay_moov"],
    "aac_hybrid.mp4": [*FILM, "-c:a", "aac", "-movflags", "frag_keyframe"],
    "aac_negative.mp4": [*FILM, "-c:a", "aac", "-movflags", "negative_cts_offsets"],
    "aac_dash.mp4": [*FILM, "-c:a", "aac", "-movflags", "dash+frag_keyframe+empty_moov+global_sidx"],
    "aac_scale.mov": [*FILM, "-c:a", "aac", "-video_track_timescale", "600", "-movie_timescale", "90000"],
    "aac_30.m4a": [*SOUND, "-af", "pan=3.0|FL=0.3*c0|FR=0.3*c0|FC=c0", "-c:a", "aac"],
    "aac_51.mp4": [*FILM, "-af", "pan=5.1|FC=c0", "-c:a", "aac"],
    "aac_71.mkv": [*FILM, "-af", "pan=7.1|FC=c0", "-c:a", "aac"],
    "aac_51.aac": [*SOUND, "-af", "pan=5.1|FC=c0", "-c:a", "aac"],
    "aac_3gp.3gp": [*FILM, "-c:a", "aac"],
    "aac_f4v.f4v": [*FILM, "-c:a", "aac"],
    "alac.mov": [*FILM, "-c:a", "alac"],
    "alac_24.m4a": [*SOUND, "-c:a", "alac", "-sample_fmt", "s32p"],
    "pcm_be.mov": [*FILM, "-c:a", "pcm_s16be"],
    "pcm_24.mov": [*FILM, "-c:a", "pcm_s24le"],
    "pcm_float.mov": [*FILM, "-c:a", "pcm_f32le"],
    "mulaw.mov": [*FILM, "-ar", "8000", "-c:a", "pcm_mulaw"],
    "opus.mp4": [*FILM, "-c:a", "libopus"],
    "flac.mp4": [*FILM, "-c:a", "flac", "-strict", "-2"],
    "mp3.mp4": [*FILM, "-c:a", "libmp3lame"],
    "ac3.mp4": [*FILM, "-c:a", "ac3"],
    "eac3.mp4": [*FILM, "-c:a", "eac3"],
    "ac3_51.mkv": [*FILM, "-af", "pan=5.1|FC=c0", "-c:a", "ac3"],
    "vorbis.mkv": [*FILM, "-c:a", "libvorbis"],
    "live.webm": [*SOUND, "-c:a", "libopus", "-live", "1"],
    "cluster.mkv": [*FILM, "-c:a", "aac", "-cluster_time_limit", "100"],
    "cues_first.mkv": [*FILM, "-c:a", "flac", "-cues_to_front", "1", "-reserve_index_space", "10000"],
    "pcm.mkv": [*FILM, "-c:a", "pcm_s24le"],
    "mulaw.mkv": [*FILM, "-ar", "8000", "-c:a", "pcm_mulaw"],
    "aac.ts": [*FILM, "-c:a", "aac"],
    "mp2_resent.ts": [*FILM, "-c:a", "mp2", "-b:a", "160k", "-mpegts_flags", "resend_headers", "-muxrate", "3000k"],
    "ac3.m2ts": [*FILM, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"],
    "far.ts": [*FILM, "-c:a", "aac", "-output_ts_offset", "95440"],
    "mp3.avi": [*FILM, "-c:a", "libmp3lame"],
    "mp3_vbr.avi": [*FILM, "-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"],
    "pcm_8.avi": [*FILM, "-c:a", "pcm_u8"],
    "adpcm.avi": [*FILM, "-c:a", "adpcm_ima_wav"],
    "ac3.avi": [*FILM, "-c:a", "ac3"],
    "mp3.flv": [*FILM, "-ar", "44100", "-c:a", "libmp3lame"],
    "aac.flv": [*FILM, "-c:a", "aac", "-flvflags", "no_duration_filesize"],
    "wide.wav": [*SOUND, "-c:a", "pcm_f64le"],
    "rf64.wav": [*SOUND, "-rf64", "always", "-write_bext", "1"],
    "w64.w64": [*SOUND, "-c:a", "pcm_s24le"],
    "mp3.wav": [*SOUND, "-c:a", "libmp3lame", "-f", "wav"],
    "pipe.wav": [*SOUND, "-f", "wav", "-fflags", "+bitexact"],
    "alaw.au": [*SOUND, "-ar", "8000", "-c:a", "pcm_alaw"],
    "float.caf": [*SOUND, "-c:a", "pcm_f32be"],
    "mulaw.caf": [*SOUND, "-ar", "8000", "-c:a", "pcm_mulaw"],
    "sowt.aiff": [*SOUND, "-c:a", "pcm_s16le", "-f", "aiff"],
    "free.mp2": [*SOUND, "-ar", "24000", "-c:a", "mp2", "-b:a", "64k"],
    "cbr.mp3": [*SOUND, "-c:a", "libmp3lame", "-b:a", "40k", "-reservoir", "0"],
    "low.mp3": [*SOUND, "-ar", "11025", "-c:a", "libmp3lame"],
    "bare.ac3": [*SOUND, "-c:a", "ac3"],
    "flac.oga": [*SOUND, "-c:a", "flac", "-f", "ogg"],
    "late.mp4": ["-i", "{v}", "-itsoffset", "1.5", "-i", "{b}", "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac"],
    "late.mkv": ["-i", "{v}", "-itsoffset", "1.5", "-i", "{b}", "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac"],
    "late.ts": ["-i", "{v}", "-itsoffset", "1.5", "-i", "{b}", "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac"],
    "late.flv": ["-i", "{v}", "-itsoffset", "1.5", "-i", "{b}", "-map", "0", "-map", "1", "-c:v", "copy", "-ar", "44100", "-c:a", "aac"],
}
# By other programs: their arguments, {o} being the recording, {m} a film in Matroska.
OTHERS: dict[str, list[str]] = {
    "gsm.gsm": ["sox", "{b}", "-r", "8000", "{o}"],
    "gsm.wav": ["sox", "{b}", "-r", "8000", "-e", "gsm-full-rate", "{o}"],
    "turned.wav": ["sox", "{b}", "-B", "{o}"],
    "swapped.wav": ["sox", "{b}", "{o}", "remix", "1", "1i"],
    "merged.mkv": ["mkvmerge", "-q", "-o", "{o}", "{m}"],
    "merged_plain.mkv": ["mkvmerge", "-q", "--engage", "no_simpleblocks", "--disable-lacing", "-o", "{o}", "{m}"],
    "merged_sync.mkv": ["mkvmerge", "-q", "--sync", "1:1500", "-o", "{o}", "{m}"],
    "merged_scale.mkv": ["mkvmerge", "-q", "--timestamp-scale", "100000", "--clusters-in-meta-seek", "-o", "{o}", "{m}"],
}
# Recordings whose sound starts late, and by how much: ffmpeg decodes them from their first sample.
LATE_S = {"late.mp4": 1.5, "late.mkv": 1.5, "late.ts": 1.5, "late.flv": 1.5, "merged_sync.mkv": 1.5}
# The level differs: mixes of surround and of opposite channels are the server's own, and ffmpeg reads the samples of RIFX with
# their bytes in the wrong order.
MIXED = {"turned.wav", "aac_30.m4a", "aac_51.mp4", "aac_71.mkv", "aac_51.aac", "ac3_51.mkv", "swapped.wav"}


def run(told: list[str]) -> None:
    ran = children.run(told)
    if ran.returncode > 1 or (ran.returncode and told[0] != "mkvmerge"):
        raise Fault(f"{Path(told[0]).name} failed: {last_line(ran.stderr) or last_line(ran.stdout)}")


def encode(*told: str) -> None:
    run([ffmpeg(), "-v", "error", "-y", "-nostdin", *told])


def inputs(folder: Path) -> dict[str, str]:
    """The files that the recordings are made of, by the names in their recipes."""
    found = {"v": folder / "picture.mp4", "b": folder / "pips.wav", "m": folder / "film.mkv"}
    spans = "+".join(f"between(t,{at},{at + 0.05})" for at in PIPS_S)
    pips = f"aevalsrc='0.5*sin(2*PI*2000*t)*({spans})+0.002*(random(0)-0.5)':s=48000:d={SECONDS}"
    encode("-f", "lavfi", "-i", pips, str(found["b"]))
    picture = f"testsrc2=s=160x120:r=25:d={SECONDS}"
    encode("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", str(found["v"]))
    encode("-i", str(found["v"]), "-i", str(found["b"]), "-c:v", "copy", "-c:a", "aac", str(found["m"]))
    return {name: str(path) for name, path in found.items()}


def samples(path: Path) -> array.array:
    read = array.array("f")
    read.frombytes(path.read_bytes())
    return read


def pips(sound: array.array) -> list[float]:
    """When the sound becomes loud, in seconds, to 10 ms."""
    hop = RATE_HZ // 100
    levels = [math.sqrt(sum(x * x for x in sound[at : at + hop]) / hop) for at in range(0, len(sound) - hop, hop)]
    loud = max(levels, default=0.0) / 4
    found: list[float] = []
    for at in range(1, len(levels)):
        # A pip of 50 ms that flutters is one.
        if levels[at] > loud >= levels[at - 1] and not (found and at / 100 - found[-1] < 0.1):
            found.append(at / 100)
    return found


def level_db(sound: array.array) -> float:
    return 10 * math.log10(sum(x * x for x in sound) / max(1, len(sound)) + 1e-12)


def check(name: str, recording: Path, folder: Path) -> str:
    """Returns what was heard of a recording; raises a ValueError for one that is heard otherwise than by ffmpeg."""
    ours, theirs = folder / "ours", folder / "theirs"
    ran = children.run([str(DECODER), str(recording), str(ours)])
    if ran.returncode:
        raise ValueError(last_line(ran.stderr))
    mono = ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le"]
    encode("-i", str(recording), *mono, str(theirs))
    here, there = samples(ours), samples(theirs)
    late_s = LATE_S.get(name, 0.0)
    off_s = len(here) / RATE_HZ - len(there) / RATE_HZ
    if not min(abs(off_s), abs(off_s - late_s)) <= FRAME_S:
        raise ValueError(f"it lasts {len(here) / RATE_HZ:.3f} s, by ffmpeg {len(there) / RATE_HZ:.3f} s")
    found = pips(here)
    wanted = [at + late_s for at in PIPS_S]
    most_s = PIP_S + (PICTURE_S if Path(name).suffix in SHIFTING else 0.0)
    if len(found) != len(wanted) or any(abs(a - b) > most_s for a, b in zip(found, wanted)):
        raise ValueError(f"pips at {found} s, not {wanted} s")
    by_db = level_db(here) - level_db(there)
    if name not in MIXED and abs(by_db) > LEVEL_DB + (1.0 if late_s else 0.0):
        raise ValueError(f"it is louder by {by_db:.1f} dB")
    return f"{ran.stdout.strip()}, pips at {found} s"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("names", nargs="*", metavar="NAME")
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    options = options.parse_args()
    if not DECODER.is_file():
        raise Usage(f"{DECODER.relative_to(ROOT)} is missing: build it by cargo build -p vocabox-audio --example decode")
    made = [name for name in [*RECORDINGS, *OTHERS] if not options.names or name in options.names]
    failed = left_out = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        kept = options.keep or folder
        kept.mkdir(parents=True, exist_ok=True)
        files = inputs(folder)
        for name in made:
            recording = kept / name
            told = [word.format(**files, o=str(recording)) for word in RECORDINGS.get(name) or OTHERS[name]]
            if name in OTHERS and not shutil.which(told[0]):
                left_out += 1
                print(f"{name}: not made, {told[0]} is missing", flush=True)
                continue
            try:
                if name in OTHERS:
                    run(told)
                else:
                    encode(*told, str(recording))
                print(f"{name}: {check(name, recording, folder)}", flush=True)
            except (Fault, ValueError) as error:
                failed += 1
                print(f"{name}: FAILED: {error}", flush=True)
    checked = len(made) - left_out
    print(f"{checked - failed} of {checked} recordings are heard as by ffmpeg")
    return 1 if failed else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
