"""What the scripts that measure, compare and check the server share.

needs     what a script needs, checked before it starts anything; packs and packages that are missing are fetched
client    requests to a server
peers     other programs on the same weights
server    a server under test: started for a script, gone with it
films     what ffmpeg says of films
figures   times, memory, and two programs side by side
texts     texts to speak, and how far what was heard is from them
encoders  how alike two voices sound (imports numpy and onnxruntime: only after `needs.prepare`)
pictures  sounds, measured and drawn (imports numpy, scipy, soundfile, pyloudnorm and matplotlib: likewise)
packs/    models that only the measuring scripts use, in the format of models/README.md

How a script ends, and how packages are installed, is in scripts/models/fetching, which these modules use.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/models"))

# ONNX Runtime, in a server and in peers, would count what it does, keep that under ~/.cache, and send it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import python_version  # noqa: E402, F401
from fetching import children  # noqa: E402
from fetching.cache import write_atomically  # noqa: E402
from fetching.command import guarded, parser  # noqa: E402
from fetching.environment import last_line  # noqa: E402
from fetching.fault import Fault, Usage  # noqa: E402

__all__ = ["ROOT", "Fault", "Usage", "children", "guarded", "last_line", "parser", "write_atomically"]
