"""Modules that the scripts that measure, compare and check the server share.

needs     checks a script's requirements before it starts anything, and fetches missing packs and packages
client    requests to a server
checking  checks of calls by the packages of clients
peers     other programs on the same weights
peer_process  a peer without a server, in a process of its own
peer_servers  vocabox and its peers as programs that are started and asked by several clients
peer_files  the packs' weights in the layouts of peers
peer_report  tables of what scripts/compare_servers.py found
peer_picture  a picture of it
server    a server under test, which ends with the script
films     reading films with ffmpeg
node      programs for Node, with the packages that are locked for them
figures   times, memory, and comparisons of two programs
loads     answers to several clients at once, the start of a process, memory with its children
playing   streams of speech, and whether a player that plays them as they come has to wait
waiting   clients that wait and come again when they are refused
texts     texts to speak, and errors of their transcripts
prose     sentences to speak, for tuning and for testing
recordings  recordings as people have them (imports numpy: only after `needs.prepare`)
encoders  likeness of two voices (imports numpy and onnxruntime: only after `needs.prepare`)
prompts   recordings of people, and conversations built from them
diarizing errors of diarization
peer_graphs  graphs of the packs as sherpa-onnx loads them (imports onnx: likewise)
prometheus  a Prometheus that scrapes a server, and promtool
pictures  measuring and drawing sounds (imports numpy, scipy, soundfile, pyloudnorm and matplotlib: likewise)
packs/    models that only the measuring scripts use, in the format of models/README.md

These modules use scripts/models/fetching, which ends scripts and installs packages.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/models"))

# Otherwise ONNX Runtime, in the server and in peers, records its use under ~/.cache and sends the record.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import python_version  # noqa: E402, F401
from fetching import children  # noqa: E402
from fetching.cache import write_atomically  # noqa: E402
from fetching.command import guarded, parser  # noqa: E402
from fetching.environment import last_line  # noqa: E402
from fetching.fault import Fault, Usage  # noqa: E402

__all__ = ["ROOT", "Fault", "Usage", "children", "guarded", "last_line", "parser", "write_atomically"]
