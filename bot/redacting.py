"""What is secret never reaches the log, whoever writes it: our own modules, an SDK, a traceback."""

import logging
import re
from collections.abc import Iterable

from pydantic import BaseModel, SecretStr

_HIDDEN = "[…]"
_SHORTEST = 6
"""Characters of a configured secret below which it would be found in ordinary words."""

# Each keeps its first group and hides the rest.
_SHAPES = re.compile(
    r"""
      (\bx(?:ox[a-z](?:\.xox[a-z])?|app)-)[\w%-]+                   # Slack: tokens
    | (\bhooks\.slack\.com/\w+/)[^\s"'<>]+                          # its one-time addresses
    | (/(?:webhooks|interactions)/\d+/)[\w.=%-]{20,}                 # Discord: tokens of interactions
    | ()\b[A-Za-z\d_-]{23,28}\.[A-Za-z\d_-]{6,7}\.[A-Za-z\d_-]{27,}  # its bots' tokens
    | (\b(?:sk|rk|pk)-)[\w-]{16,}                                    # OpenAI, Anthropic
    | (\bAIza)[\w-]{30,}                                             # Google
    | (\b(?:Bearer|Bot|Basic)\s+)[\w.~+/=-]{16,}
    | ((?:[?&;]|\b)(?:token|api[_-]?key|key|secret|signature|password)=)[^\s&"'<>]{6,}
    | (\b[a-z][a-z\d+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)                 # passwords in addresses
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without what looks like a secret, and without these."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return _SHAPES.sub(lambda found: f"{found[found.lastindex or 0]}{_HIDDEN}", text)


def secrets_of(settings: BaseModel) -> list[str]:
    """The secrets that are set, the longest first: one may hold another."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    secrets = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    return sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)


class Redacting(logging.Formatter):
    """Formats a record, its traceback included, and takes the secrets out."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self.inner = inner
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        return redacted(self.inner.format(record), self._secrets)


def redact_log(secrets: Iterable[str] = ()) -> None:
    """Has everything that the process logs redacted; a second call replaces the secrets of the first."""
    secrets = tuple(secrets)
    for handler in logging.getLogger().handlers:
        inner = handler.formatter or logging.Formatter()
        handler.setFormatter(Redacting(inner.inner if isinstance(inner, Redacting) else inner, secrets))
