"""Downloads an archive from a registry, resumes an interrupted download, and checks the registry's hash."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
from pathlib import Path

from . import report, web
from .cache import Cache
from .clients import Place
from .fault import Fault

CHUNK_BYTES = 1 << 17
FAILURES_MAX = 2


def fetch(place: Place, cache: Cache) -> Path:
    """Downloads the archive to partial/ in the cache; returns its path. The caller removes it after use."""
    target = cache.partial / _partial_name(place)
    failures = 0  # consecutive ones without progress
    while True:
        before = _size(target)
        try:
            _go_on(place, target)
            if _right(place, target):
                return target
            target.unlink()
            if before == 0:  # it was one whole transfer, and still wrong
                raise Fault(f"{place.name} does not have the hash that the registry states: it was changed on the way")
        except web.Refused as error:
            raise Fault(f"{place.name} could not be fetched: {error}") from None
        except web.Unreachable as error:
            failures = 0 if _size(target) > before else failures + 1
            if failures == FAILURES_MAX:
                kept = f" ({report.megabytes(_size(target))} of it are kept)" if _size(target) else ""
                raise Fault(f"{place.name} could not be fetched{kept}: {error}") from None
            time.sleep(2**failures)


def _partial_name(place: Place) -> str:
    # The digest distinguishes partial downloads of different files with one name.
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', place.name)}-{(place.digest or 'unhashed')[:16]}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _right(place: Place, path: Path) -> bool:
    if not place.digest:
        return True  # the members' own hashes still stand
    with open(path, "rb") as file:
        return hashlib.file_digest(file, place.algorithm).hexdigest() == place.digest


def _go_on(place: Place, target: Path) -> None:
    """Continues the download until `target` is complete."""
    done = _size(target)
    if place.size is not None and done == place.size:
        return
    headers = {"Accept-Encoding": "identity", **dict(place.headers)}
    if done:
        headers["Range"] = f"bytes={done}-"
    try:
        response = web.open_url(place.url, headers)
    except web.Refused as error:
        if error.status != 416:
            raise
        if not place.digest or not _right(place, target):
            target.unlink()
            _go_on(place, target)
        return
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
        if done and not resumed:
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else place.size
        bar = report.Bar(place.name, total, done)
        whole = False
        try:
            with open(target, "ab" if resumed else "wb") as out:
                while chunk := response.read(CHUNK_BYTES):
                    out.write(chunk)
                    bar.add(len(chunk))
                out.flush()
                os.fsync(out.fileno())
            if total and bar.done < total:
                raise web.Unreachable(place.url, f"the connection ended {report.megabytes(total - bar.done)} early")
            whole = True
        except (OSError, http.client.HTTPException) as error:
            raise web.Unreachable(place.url, error) from None
        finally:
            bar.end(whole)
