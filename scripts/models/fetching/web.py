"""HTTPS with the user's certificates and proxies."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from .fault import Fault

AGENT = "vocabox-fetch-models"
CERTIFICATE_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
TIMEOUT_SECONDS = 60.0

_extra_certificates: list[str] = []


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, url: str):
        super().__init__(f"{host(url)} answered with status {status}")
        self.status = status


@dataclass(frozen=True)
class Answer:
    url: str
    content_type: str
    body: bytes


def host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url


def trust(path: str | None) -> None:
    """Adds a file of certificates, as pip's `cert` setting names one."""
    if path and path not in _extra_certificates:
        _extra_certificates.append(path)


def open_url(url: str, headers: dict[str, str]):
    """Opens the response. A Fault says why the host could not be reached; statuses other than 2xx raise Refused."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise Fault(f"{url} is no address that can be fetched")
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, **headers})
    try:
        return urllib.request.urlopen(request, timeout=_timeout(), context=_context())
    except urllib.error.HTTPError as error:
        raise Refused(error.code, url) from None
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        raise Unreachable(url, getattr(error, "reason", None) or error) from None


class Unreachable(Fault):
    """No answer: no network, no such host, a refused certificate."""

    def __init__(self, url: str, why: object):
        text = getattr(why, "strerror", None) or str(why) or type(why).__name__
        super().__init__(f"{host(url)} could not be reached: {text}")


def get(url: str, headers: dict[str, str]) -> Answer:
    with open_url(url, headers) as response:
        try:
            return Answer(response.url, response.headers.get_content_type(), response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(url, error) from None


def _timeout() -> float:
    try:
        return float(os.environ["PIP_DEFAULT_TIMEOUT"])
    except (KeyError, ValueError):
        return TIMEOUT_SECONDS


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()  # reads SSL_CERT_FILE and SSL_CERT_DIR itself
    for path in [os.environ.get(name) for name in CERTIFICATE_VARIABLES] + _extra_certificates:
        if path and os.path.exists(path):
            try:
                folder = os.path.isdir(path)
                context.load_verify_locations(cafile=None if folder else path, capath=path if folder else None)
            except ssl.SSLError:
                pass  # a file without certificates adds none
    return context
