"""Objects of a bucket that speaks S3."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.reading import SUPPORTED, check_size, unsupported
from knowledge.sources.folder import NOT_DOCUMENTS
from knowledge.sources.patterns import Patterns

if TYPE_CHECKING:
    from obstore.store import S3Store

_RETRIES = 5
_IN_A_ROW = 3
"""Objects that fail one after another, after which it is the service that fails."""
_STATUS = re.compile(r"\b(?:status(?: code)?:? ?|HTTP )(\d{3})\b", re.IGNORECASE)


class S3Source:
    """The objects whose keys begin with `prefix`, by their keys below its folder; the ETag is the signal."""

    def __init__(
        self,
        name: str,
        *,
        bucket: str,
        key_id: str,
        secret: str,
        base_url: str | None = None,
        region: str = "us-east-1",
        prefix: str = "",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        links: str | None = None,
    ) -> None:
        self.name = name
        self._bucket = bucket
        self._key_id, self._secret = key_id, secret
        self._base_url, self._region = base_url, region
        self._prefix = prefix.lstrip("/")
        # What the service calls a prefix ends at a `/`; the rest of it is compared here.
        self._folder = self._prefix[: self._prefix.rfind("/") + 1]
        self._patterns = Patterns(include, exclude)
        self._links = links
        self._opened: S3Store | None = None
        self._failed_in_a_row = 0

    def list(self) -> Iterator[Listed]:
        """Every object there is; raises `SourceError` unless that is all."""
        from obstore.exceptions import BaseError

        try:
            for part in self._store().list(self._folder or None):
                for found in part:
                    if (listed := self._listed(found)) is not None:
                        yield listed
        except (BaseError, OSError) as error:
            raise self._trouble(error) from None

    def fetch(self, listed: Listed) -> Fetched:
        """The object as it is now."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        name = listed.document
        if PurePosixPath(name).suffix.lower() not in SUPPORTED:
            raise unsupported(name)
        try:
            result = self._store().get(self._folder + name)
            check_size(name, result.meta["size"])
            content = bytes(result.bytes())
        except FileNotFoundError:
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.") from None
        except UnauthenticatedError as error:
            raise self._trouble(error) from None
        except PermissionDeniedError as error:
            if "SignatureDoesNotMatch" in str(error) or "InvalidAccessKeyId" in str(error):
                raise self._trouble(error) from None
            raise UnreadableError(
                "http_403", f"`{name}` may not be read: allow the key `s3:GetObject` on it."
            ) from None
        except (BaseError, OSError) as error:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _IN_A_ROW or not _STATUS.search(str(error)):
                raise self._trouble(error) from None
            raise UnreadableError("unreadable", f"`{name}` cannot be had ({_words(error)}).") from None
        self._failed_in_a_row = 0
        return Fetched(name, content)

    def close(self) -> None:
        """Lets go of the connections."""
        self._opened = None

    def _listed(self, found: Any) -> Listed | None:
        """An object, if it is a document; what is hidden is none."""
        key = str(found["path"])
        if not key.startswith(self._prefix):
            return None
        name = key[len(self._folder) :]
        hidden = any(part.startswith((".", "~$")) for part in name.split("/"))
        dull = PurePosixPath(name).suffix.lower() in NOT_DOCUMENTS
        if not name or hidden or dull or not self._patterns.choose(name):
            return None
        signal = str(found.get("e_tag") or found["last_modified"].isoformat())
        link = self._links.format(path=quote(key)) if self._links else None
        return Listed(name, f"{signal}:{found['size']}", link, found["last_modified"])

    def _store(self) -> "S3Store":
        if self._opened is None:
            try:
                from obstore.store import S3Store
            except ImportError:
                raise SourceError(
                    f"Source `{self.name}`: buckets need a package more: `pip install 'vocero[s3]'`."
                ) from None
            options: dict[str, Any] = {"endpoint": self._base_url.rstrip("/")} if self._base_url else {}
            if self._key_id:
                options |= {"access_key_id": self._key_id, "secret_access_key": self._secret}
            else:
                options["skip_signature"] = True
            self._opened = S3Store(
                self._bucket,
                region=self._region,
                client_options={"allow_http": True, "timeout": timedelta(seconds=60)},
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(minutes=3)},
                **options,
            )
        return self._opened

    def _trouble(self, error: Exception) -> SourceError:
        return SourceError(
            f"Source `{self.name}`: the bucket `{self._bucket}` cannot be read ({self._safe(error)}); check "
            "`base_url`, and that the key may list and read it."
        )

    def _safe(self, error: Exception) -> str:
        words = _words(error)
        for secret in filter(None, (self._secret, self._key_id)):
            words = words.replace(secret, "…")
        return words


def _words(error: Exception) -> str:
    """What says most of an error: the service's own code, else its status, else its first line."""
    text = str(error)
    code = re.search(r"<Code>(\w+)</Code>", text)
    status = _STATUS.search(text)
    if code or status:
        return " ".join(filter(None, (f"HTTP {status[1]}" if status else "", code[1] if code else "")))
    return text.partition("\n")[0].rpartition(" - ")[2].strip()[:200]
