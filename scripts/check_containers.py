#!/usr/bin/env python3
"""Checks with ffmpeg that films with a new sound track are otherwise unchanged.

For each film in both folders (by default the pack test-video, and the output of `cargo test --test main films`):
- all packets of pictures and subtitles are equal: decoding time, presentation time, duration, size, hash, key frame or not;
- there is one sound track, which ends with the picture;
- ffmpeg decodes all of it without a warning that the original does not cause, too.

Exit code 1 when a film fails. If ffmpeg is not on the PATH, one is fetched.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from measuring import ROOT, Usage, guarded, needs, parser
from measuring.films import decode, packets

BEFORE = ROOT / "models/test-video"
AFTER = ROOT / "target/tmp/films"
# Seconds by which the sound may end before or after the picture: one frame of 25 a second.
FRAME_S = Fraction(1, 25)
# Films whose times ffmpeg reads differently when they are in fragments. It adds the largest negative offset of a run to all
# times of a fragmented track, but not of a track with tables: the offsets themselves are equal.
SHIFTED = {"cmaf.mp4"}
# A frame that an edit list drops. ffmpeg also sets this flag for some frames of fragmented films whose list drops none.
DISCARDED = "F=0x4"


def seconds(scales: dict[int, Fraction], rows: list[list[str]], stream: int) -> list[tuple[Fraction, Fraction]]:
    """Presentation time and end of each packet of a stream."""
    own = [row for row in rows if int(row[0]) == stream]
    return [(int(row[2]) * scales[stream], (int(row[2]) + int(row[3])) * scales[stream]) for row in own]


def check(before: Path, after: Path) -> str:
    """Returns a remark on a correct film; raises a ValueError for a wrong one."""
    kept = ["0:v", "0:s?"]
    was, now = packets(before, kept), packets(after, kept)
    if was[0] != now[0]:
        raise ValueError(f"scales of time {was[0]} became {now[0]}")
    if len(was[1]) < 50 or len(was[1]) != len(now[1]):
        raise ValueError(f"{len(was[1])} packets became {len(now[1])}")
    shift = (0, 0)
    if before.name in SHIFTED:
        shift = tuple(int(was[1][0][i]) - int(now[1][0][i]) for i in (1, 2))
    for a, b in zip(*(rows for _, rows in (was, now))):
        moved = [b[0], str(int(b[1]) + shift[0]), str(int(b[2]) + shift[1]), *b[3:]]
        # No flag field means a key frame.
        told = ["F=0x0" if field == DISCARDED else field for field in a]
        if moved not in (a, told):
            raise ValueError(f"packet {a} became {b}")
    picture = seconds(*now, 0)
    sound = packets(after, ["0:a"])
    if set(sound[0]) != {0}:
        raise ValueError(f"{len(sound[0])} sound tracks")
    ends = max(end for _, end in picture), max(end for _, end in seconds(*sound, 0))
    # The end of the packets includes priming and the padding of the last one.
    if not -FRAME_S <= ends[1] - ends[0] <= FRAME_S + Fraction(1, 50):
        raise ValueError(f"the picture ends at {float(ends[0]):.3f} s, the sound at {float(ends[1]):.3f} s")
    if said := decode(after) - decode(before):
        raise ValueError(f"ffmpeg says: {' '.join(said)[:300]}")
    moved = f", shifted by {shift[1]}" if any(shift) else ""
    return f"{len(now[1])} packets{moved}, {float(ends[0]):.2f} s"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--before", type=Path, default=BEFORE)
    options.add_argument("--after", type=Path, default=AFTER)
    options = options.parse_args()
    after = sorted(path.name for path in options.after.glob("*.*"))
    if not after:
        raise Usage(f"{options.after} has no film: run `cargo test --test main films`, or name another folder by --after")
    if options.before == BEFORE:
        needs.prepare(packs=["test-video"])
    films = [name for name in after if (options.before / name).is_file()]
    if not films:
        raise Usage(f"{options.after} has no film of {options.before}")
    failed = 0
    for name in films:
        try:
            print(f"{name}: {check(options.before / name, options.after / name)}", flush=True)
        except ValueError as error:
            failed += 1
            print(f"{name}: FAILED: {error}", flush=True)
    print(f"{len(films) - failed} of {len(films)} films are right")
    return 1 if failed else 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
