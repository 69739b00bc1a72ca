"""When files changed last, by the commits of a Git repository."""

import json
from collections.abc import Callable
from pathlib import Path

from knowledge.errors import SourceError

Git = Callable[..., bytes]
"""Runs `git` with these arguments; raises `SourceError`."""


class History:
    """The date of each path's last change; remembered in a file, to which new commits are added."""

    def __init__(self, git: Git, remembered: Path, *below: str) -> None:
        """`below`: arguments of `git log` that choose paths."""
        self._git = git
        self._remembered = remembered
        self._below = below

    def dates(self, commit: str) -> dict[str, int]:
        """Unix times by path, as of a commit."""
        try:
            known = json.loads(self._remembered.read_text(encoding="utf-8"))
            since, dates = str(known["commit"]), dict(known["dates"])
        except (OSError, ValueError, KeyError, TypeError):
            since, dates = "", {}
        if since == commit:
            return dates
        if since and not self._is_above(since, commit):
            since, dates = "", {}
        reach = f"{since}..{commit}" if since else commit
        log = self._git(
            *("log", "--reverse", "-m", "--first-parent", "--name-only", "-z", "--format=%x01%ct"),
            *(reach, *self._below),
        )
        for part in log.decode("utf-8", "replace").split("\x01")[1:]:
            moment, *paths = part.replace("\n", "\0").split("\0")
            dates.update((path, int(moment)) for path in paths if path)
        self._remembered.parent.mkdir(parents=True, exist_ok=True)
        self._remembered.write_text(json.dumps({"commit": commit, "dates": dates}), encoding="utf-8")
        return dates

    def _is_above(self, ancestor: str, commit: str) -> bool:
        try:
            self._git("merge-base", "--is-ancestor", ancestor, commit)
        except SourceError:
            return False
        return True
