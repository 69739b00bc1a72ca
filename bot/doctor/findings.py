"""What a check finds."""

from dataclasses import dataclass
from typing import Literal

SECONDS = 5.0
"""For one call to a service."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing examined."""

    name: str
    status: Literal["ok", "warn", "fail"]
    text: str
    remedy: str | None = None


class Finding(Exception):  # noqa: N818 - what a check found, not an error of the program
    """Ends a check that is not well."""

    def __init__(self, status: Literal["warn", "fail"], text: str, remedy: str | None) -> None:
        super().__init__(text)
        self.status, self.text, self.remedy = status, text, remedy


def fail(text: str, remedy: str | None = None) -> Finding:
    """Something that has to be put right."""
    return Finding("fail", text, remedy)


def warn(text: str, remedy: str | None = None) -> Finding:
    """Something to know."""
    return Finding("warn", text, remedy)
