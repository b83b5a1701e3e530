"""In a clean clone every script prints help, and reports in one line what is missing before it starts or installs anything."""

from __future__ import annotations

import unittest

from clean_clone import PYTHON, ROOT, Clone, left

NOT_BUILT = "target/release/vocabox is missing: build it"
CONVERTER = (["--inputs", "lacking.bin", "--outputs", "made"], "lacking.bin is missing")
# Scripts that need only Python packages, which they would fetch.
NO_REGISTRY = "could not be installed by pip: no connection to its registry"

# Script → valid arguments, and the message about what is missing.
LACKING = {
    "advisories": (["--update"], "git is missing: install it"),
    "bill_of_materials.py": (["made"], "made/vocabox is missing: scripts/package makes it"),
    "bundle-sources": ([], "cargo is missing: install rustup"),
    "check_balancer.py": ([], "haproxy is missing: install it"),
    "check_containers.py": ([], "target/tmp/films has no film: run `cargo test"),
    "check_credentials.py": ([], NOT_BUILT),
    "check_metrics.py": ([], "prometheus is missing: install it"),
    "check_recordings.py": ([], "target/debug/examples/decode is missing: build it"),
    "check_playback.py": (["Cargo.toml"], "chromium is missing: install it"),
    "clients/console.py": ([], "chromium is missing: install it"),
    "clients/examples.py": ([], NOT_BUILT),
    "clients/home_assistant.py": (["127.0.0.1:1"], "homeassistant==2025.4.4 is missing: run this with a Python "),
    "clients/livekit_plugin.py": ([], NOT_BUILT),
    "clients/node_packages.py": ([], NOT_BUILT),
    "clients/openai_package.py": ([], NOT_BUILT),
    "clients/pipecat_services.py": ([], "pipecat-ai[openai]==1.14.0 is missing: run this with a Python "),
    "compare_mp3.py": ([], NOT_BUILT),
    "compare_peers.py": ([], NOT_BUILT),
    "compare_servers.py": ([], NOT_BUILT),
    "compare_transcription.py": ([], NOT_BUILT),
    "compare_variants.py": ([], NOT_BUILT),
    "count_instructions.py": ([], "valgrind is missing"),
    "fetch-models": (["--models-dir", "lacking"], "lacking is not a folder"),
    "first_words.py": (["http://127.0.0.1:1", "data/demo.key", "hello.wav"], "data/demo.key is missing: scripts/run makes"),
    "look_at_speech.py": (["--out", "pictures"], "data/demo.key is missing: scripts/run makes"),
    "measure_cloning.py": (["--keep", "prompts"], NOT_BUILT),
    "measure_diarization.py": (["--keep", "prompts"], NOT_BUILT),
    "measure_references.py": (["--keep", "prompts"], NOT_BUILT),
    "measure_dubbing.py": ([], NOT_BUILT),
    "measure_fairness.py": ([], NOT_BUILT),
    "measure_first_byte.py": ([], NOT_BUILT),
    "measure_memory.py": ([], NOT_BUILT),
    "measure_realtime.py": ([], NOT_BUILT),
    "measure_short.py": ([], NOT_BUILT),
    "measure_speech.py": ([], NOT_BUILT),
    "measure_stock_voices.py": ([], NOT_BUILT),
    "measure_streaming.py": ([], NOT_BUILT),
    "models/convert_campplus.py": CONVERTER,
    "measure_transcription.py": ([], NOT_BUILT),
    "models/convert_marian.py": CONVERTER,
    "models/convert_segmentation.py": CONVERTER,
    "models/convert_speaker.py": CONVERTER,
    "models/convert_whisper.py": CONVERTER,
    "models/foreign_layouts.py": (["models", "made", "--whisper", "lacking.bin"], "lacking.bin is missing"),
    "models/kokoro_calibrate.py": CONVERTER,
    "models/kokoro_optimize.py": CONVERTER,
    "models/test_audio.py": (["lacking.wav", "made.mp3"], "lacking.wav is missing"),
    "models/test_video.py": (["lacking.wav", "frames.mp4"], "lacking.wav is missing"),
    "package": ([], "cargo is missing: install rustup"),
    "noise_floors.py": (["kernels"], "cargo is missing: install rustup"),
    "soak": ([], NOT_BUILT),
    "run": ([], "cargo is missing: install rustup"),
    "test": ([], "cargo is missing: install rustup"),
}
FETCHING = {
    "clients/wyoming_package.py": ["127.0.0.1:1"],
    "make_tiny_models.py": ["tiny"],
    "models/tiny_exports.py": ["tiny"],
    "models/tiny_translator.py": ["tiny"],
    "models/tiny_whisper.py": ["tiny"],
}


def scripts() -> list[str]:
    """All executable scripts, as paths below scripts/."""
    found = []
    for path in sorted((ROOT / "scripts").rglob("*")):
        # Those of the Debian package are run by dpkg.
        if path.is_file() and not {"tests", "fuzz", "examples", "debian", "__pycache__"} & set(path.relative_to(ROOT).parts):
            text = path.read_bytes()
            if text.startswith(b"#!") or b'\nif __name__ == "__main__":\n' in text:
                found.append(str(path.relative_to(ROOT / "scripts")))
    return found


class Lacking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clone = cls.enterClassContext(Clone())

    def clean(self) -> None:
        """Checks that no process runs, and that the cache and the folder for temporary files are empty."""
        self.assertEqual(left(), [])
        self.assertEqual(self.clone.made(), [])

    def test_every_script_is_tested_here(self):
        self.assertEqual(scripts(), sorted([*LACKING, *FETCHING]))

    def test_every_script_gives_help_without_what_it_needs(self):
        for script in scripts():
            with self.subTest(script):
                ran = self.clone.run(script, "--help")
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
                self.assertGreater(len(ran.stdout), 100)
                self.clean()

    def test_every_script_says_in_one_line_what_it_lacks_and_has_done_nothing(self):
        for script, (arguments, missing) in LACKING.items():
            with self.subTest(script):
                ran = self.clone.run(script, *arguments)
                self.assertEqual(ran.returncode, 2, ran.stderr)
                self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)
                self.assertIn(missing, ran.stderr)
                self.assertEqual(ran.stderr.partition(":")[0], script.rpartition("/")[2])
                self.assertEqual(ran.stdout, "")
                self.clean()

    def test_packages_that_cannot_be_fetched_are_one_line_and_leave_no_environment(self):
        for script, arguments in FETCHING.items():
            with self.subTest(script):
                ran = self.clone.run(script, *arguments)
                self.assertEqual(ran.returncode, 1, ran.stderr)
                installing, said = ran.stderr.splitlines()
                self.assertTrue(installing.startswith("installing "), installing)
                self.assertIn(NO_REGISTRY, said)
                self.assertEqual(left(), [])
                self.assertEqual(self.clone.made(), ["cache/environments", "cache/environments/lock"])
        (self.clone.cache / "environments/lock").unlink()
        (self.clone.cache / "environments").rmdir()

    def test_packs_that_cannot_be_fetched_are_told_before_a_server_is_started(self):
        with Clone() as clone:
            ran = clone.run("measure_streaming.py", "--binary", PYTHON)
            self.assertEqual(ran.returncode, 1, ran.stderr)
            self.assertRegex(ran.stderr.splitlines()[-1], r"^measure_streaming.py: kokoro-.* could not be fetched: ")
            self.assertNotIn("Traceback", ran.stderr)
            self.assertEqual(left(), [])

    def test_a_server_that_does_not_listen_is_told(self):
        with Clone() as clone:
            (clone.root / "demo.key").write_text("satryx_test_0")
            for script, arguments in {
                "first_words.py": ["http://127.0.0.1:1", "demo.key", "hello.wav"],
                "look_at_speech.py": ["--url", "http://127.0.0.1:1", "--key-file", "demo.key", "--out", "pictures"],
            }.items():
                with self.subTest(script):
                    ran = clone.run(script, *arguments)
                    line = f"{script}: no server listens at http://127.0.0.1:1: start one with scripts/run\n"
                    self.assertEqual((ran.returncode, ran.stderr), (2, line))

    def test_what_cannot_be_measured_is_told_before_anything_is_done(self):
        for script, *arguments in [
            ["compare_peers.py", "--rounds", "0"],
            ["compare_servers.py", "--clients", "8,16"],
            ["compare_servers.py", "--tasks", "Whisper", "--only", "kokoro-onnx"],
            ["compare_transcription.py", "--parts", "speed,nonsense"],
            ["measure_cloning.py", "--only", "nobody"],
            ["measure_dubbing.py", "--to", "yo"],
            ["measure_dubbing.py", "--to", "pt", "--from", "en", "--pack", "translate-en-pt"],
            ["measure_dubbing.py", "--to", "en", "--pack", "translate-en-pt"],
            ["measure_dubbing.py", "--pack", "nonsense"],
            ["measure_fairness.py", "--only", "idle,nonsense"],
            ["measure_fairness.py", "--server", "a", "--server", "b", "--server", "c"],
            ["measure_speech.py", "--only", "tlh"],
        ]:
            with self.subTest([script, *arguments]):
                ran = self.clone.run(script, *arguments)
                self.assertEqual(ran.returncode, 2, ran.stderr)
                self.assertNotIn("vocabox is missing", ran.stderr)
                self.assertTrue(ran.stderr.splitlines()[-1].startswith(f"{script}: "), ran.stderr)
                self.clean()


if __name__ == "__main__":
    unittest.main()
