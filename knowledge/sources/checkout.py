"""What Git knows of the files of a folder: a fresh clone gives them all the date at which it was made."""

import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from knowledge.errors import SourceError
from knowledge.sources.history import History
from knowledge.sources.repository import environment

_SECONDS = 60
# What Git noted of a file when it wrote it: its time and its size.
_ENTRY = re.compile(
    r"(?P<path>[^\0]+)\0\s+ctime: [\d:]+\s+mtime: (?P<seconds>\d+):(?P<rest>\d+)"
    r"\s+dev: \d+\s+ino: \d+\s+uid: \d+\s+gid: \d+\s+size: (?P<size>\d+)\s+flags: \w+\n"
)


def commit_dates(root: Path, cache: Path, files: Mapping[str, os.stat_result]) -> dict[str, datetime]:
    """When files below a folder were last changed by a commit, for those that are as they were committed.

    Empty where the folder is no part of a Git work tree, or Git cannot tell.
    """
    root = root.resolve()
    git = shutil.which("git")
    if git is None or not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return {}

    def run(*arguments: str) -> bytes:
        try:
            return subprocess.run(  # noqa: S603 - arguments of our own
                [git, "-C", str(root), *arguments],
                env={**environment(), "GIT_NO_LAZY_FETCH": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise SourceError(f"Git cannot tell the history of `{root}` ({error}).") from error

    try:
        head = run("rev-parse", "--verify", "HEAD").decode().strip()
        staged = run("diff-index", "--cached", "--name-only", "-z", "--relative", "HEAD")
        known = run("ls-files", "-z", "--debug").decode("utf-8", "replace")
        dates = History(run, cache / "dates.json", "--relative", "--", ".").dates(head)
    except (SourceError, OSError):
        return {}
    edited = frozenset(staged.decode("utf-8", "replace").split("\0"))
    found: dict[str, datetime] = {}
    for entry in _ENTRY.finditer(known):
        path = unicodedata.normalize("NFC", entry["path"])
        if entry["path"] in edited or entry["path"] not in dates or path not in files:
            continue
        seconds, rest = divmod(files[path].st_mtime_ns, 10**9)
        # By its time and size alone: what was only touched counts as changed, and no filter is run.
        same = (str(seconds), str(files[path].st_size)) == (entry["seconds"], entry["size"])
        if same and int(entry["rest"]) in (0, rest):  # some file systems know seconds only
            found[path] = datetime.fromtimestamp(dates[entry["path"]], UTC)
    return found
