"""Asking a service over HTTP: waits where it says so, gives up in one sentence, and never shows a token."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import sleep
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from knowledge.errors import SourceError, UnreadableError
from knowledge.fetching import (
    BlockingFetcher,
    FetchError,
    FetchRefusedError,
    FetchTooLargeError,
    Limits,
    Response,
    shown,
)
from knowledge.reading import MAX_BYTES
from knowledge.sources import Surroundings

LIMITS = Limits(seconds=60.0, size=MAX_BYTES)
AGENT = "vocero"
_TRIES = 5
_LONGEST_WAIT = 60.0
"""Seconds a service may ask for at once: whoever asks for more is come back to with the next sync."""
_BUSY = frozenset({429, 500, 502, 503, 504})
_IN_A_ROW = 3
"""Documents that fail one after another, after which it is the service that fails."""
_PORTS = {"http": 80, "https": 443}


class Client:
    """One service, asked one request at a time."""

    def __init__(
        self,
        source: str,
        base_url: str,
        surroundings: Surroundings,
        *,
        headers: Mapping[str, str] | None = None,
        trusts_base: bool = True,
        key: str = "token",
        renew: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """`headers` go to `base_url`'s own origin alone; `key` is what they carry, in words.

        `trusts_base`: the base address is the operator's word, so it is reached even where it is private.
        `renew` gives new headers where the service finds that those there are have expired.
        """
        self._source = source
        self._base = base_url.rstrip("/") + "/"
        self._headers = dict(headers or {})
        self._key = key
        allow = surroundings.allow + ((_place(base_url),) if trusts_base else ())
        self._fetcher: BlockingFetcher | None = BlockingFetcher(allow, limits=LIMITS, agent=AGENT)
        self._renew = renew
        self._failed_in_a_row = 0
        self.clock: datetime | None = None
        """The time by the service's own clock, of its last answer."""

    def ask(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """What the service says, whatever its status; waits and asks again where it is busy.

        `body` is sent as JSON by POST, `form` as a form. Raises `SourceError` when it cannot be reached or
        stays busy.
        """
        url = urljoin(self._base, path)
        if parameters:
            url += ("&" if "?" in url else "?") + urlencode(parameters)
        options: dict[str, Any] = {"headers": dict(headers or {})}
        if body is not None:
            options |= {"method": "POST", "body": json.dumps(body).encode()}
            options["headers"]["Content-Type"] = "application/json"
        if form is not None:
            options |= {"method": "POST", "body": urlencode(form).encode()}
            options["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
        response = self._patiently(url, options)
        if response.status == 401 and self._renew is not None:
            self._headers |= self._renew()
            response = self._patiently(url, options)
        self.clock = _date(response.headers.get("date", ""))
        return response

    def _patiently(self, url: str, options: Mapping[str, Any]) -> Response:
        own = self._headers if _origin(url) == _origin(self._base) else {}
        options = {**options, "headers": {**own, **options["headers"]}}
        for attempt in range(_TRIES):
            response = self._once(url, options, last=attempt == _TRIES - 1)
            wait = self._wait(url, response, attempt)
            if response is not None and (wait is None or attempt == _TRIES - 1):
                break
            sleep(wait or 0.0)
        assert response is not None
        if response.status == 429:
            raise self.trouble(f"{shown(url)} takes no more requests for now; it is asked again next time")
        return response

    def json(
        self, path: str, parameters: Mapping[str, Any] | None = None, *, body: Any = None
    ) -> dict[str, Any]:
        """What the service lists; anything but a whole JSON object is a `SourceError`."""
        response = self.ask(path, parameters, body=body)
        self.check(response)
        try:
            value = json.loads(response.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self.trouble(f"{shown(response.url)} does not answer with JSON; check the address")
        return value

    def check(self, response: Response) -> None:
        """Raises `SourceError` for anything but success."""
        if response.status in (401, 403):
            raise self._refused(response)
        if response.status >= 300:
            raise self.trouble(f"{shown(response.url)} says HTTP {response.status}; check the address")

    def document(
        self, name: str, path: str, parameters: Mapping[str, Any] | None = None, *, body: Any = None
    ) -> Response:
        """One document; raises `UnreadableError` when this one cannot be had, `SourceError` when none can."""
        try:
            response = self.ask(path, parameters, body=body)
        except TooLargeError as error:
            raise UnreadableError("too_large", f"`{name}` is too large to be read: {error}") from None
        if response.status == 401:
            raise self._refused(response)
        if response.status >= 500:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _IN_A_ROW:
                raise self.trouble(f"{shown(response.url)} says HTTP {response.status}, as do others")
        else:
            self._failed_in_a_row = 0
        if response.status in (404, 410):
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        if response.status >= 300:
            raise UnreadableError(
                f"http_{response.status}",
                f"`{name}` cannot be had (HTTP {response.status}): see that it opens, and that the "
                f"{self._key} may read it.",
            )
        return response

    def object(
        self, name: str, path: str, parameters: Mapping[str, Any] | None = None, *, body: Any = None
    ) -> dict[str, Any]:
        """As `document`, of a JSON object."""
        response = self.document(name, path, parameters, body=body)
        try:
            value = json.loads(response.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise UnreadableError("corrupt", f"`{name}` is not given as JSON; see that it opens.")
        return value

    def trouble(self, what: str) -> SourceError:
        """An error of the whole source, in one sentence."""
        return SourceError(f"Source `{self._source}`: {what}.")

    def close(self) -> None:
        """Closes the connections."""
        if self._fetcher is not None:
            self._fetcher.close()
            self._fetcher = None

    def _refused(self, response: Response) -> SourceError:
        return self.trouble(
            f"{shown(response.url)} refuses the {self._key} (HTTP {response.status}); renew it, or give it "
            "the rights that docs/sources.md names"
        )

    def _once(self, url: str, options: Mapping[str, Any], *, last: bool) -> Response | None:
        """One request; None when it broke off and may be tried again."""
        assert self._fetcher is not None, "it is closed"
        try:
            return self._fetcher.fetch(url, **options)
        except FetchRefusedError as error:
            raise NotAllowedError(f"Source `{self._source}`: {error}") from None
        except FetchTooLargeError as error:
            raise TooLargeError(str(error)) from None
        except FetchError as error:
            if last:
                raise SourceError(f"Source `{self._source}`: {error}") from None
            return None

    def _wait(self, url: str, response: Response | None, attempt: int) -> float | None:
        """Seconds until it may be asked again; None when it need not be."""
        if response is not None and response.status not in _BUSY:
            return None
        asked = _retry_after(response.headers.get("retry-after", "")) if response is not None else None
        if asked is None:
            return float(2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads, hides nothing
        if asked > _LONGEST_WAIT:
            raise self.trouble(
                f"{shown(url)} asks to be left alone for {asked:.0f} s; it is asked after that"
            )
        return asked


class NotAllowedError(SourceError):
    """The address is a private one that nobody allowed."""


class TooLargeError(SourceError):
    """One answer is larger than any document may be."""


def _retry_after(value: str) -> float | None:
    """Seconds, or a date, as HTTP has it."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    moment = _date(value)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _place(url: str) -> str:
    """`host:port`, as an allow-list names it."""
    _, host, port = _origin(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
