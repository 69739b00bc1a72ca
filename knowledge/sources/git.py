"""Files of one branch of a Git repository, through the program `git`."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.reading import SUPPORTED, unsupported
from knowledge.sources import Surroundings
from knowledge.sources.folder import NOT_DOCUMENTS
from knowledge.sources.history import History
from knowledge.sources.patterns import Patterns
from knowledge.sources.repository import Repository

_LFS = b"version https://git-lfs.github.com/spec/"
_FILES = frozenset({"100644", "100755"})
_BRANCH = "refs/heads/vocero"
"""What the branch is called in the copy."""
_LINKS = {
    "github.com": "https://github.com/{repository}/blob/{branch}/{path}",
    "gitlab.com": "https://gitlab.com/{repository}/-/blob/{branch}/{path}",
    "bitbucket.org": "https://bitbucket.org/{repository}/src/{branch}/{path}",
    "codeberg.org": "https://codeberg.org/{repository}/src/branch/{branch}/{path}",
}


class GitSource:
    """The files of a branch, by their path; a file's blob is its signal.

    A bare copy of the branch stands in the cache. A sync asks where the branch is; if it moved, what is new
    comes over, and the changed paths of the new commits tell when each file changed.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        surroundings: Surroundings,
        branch: str | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        user: str = "x-access-token",
        token: str | None = None,
        links: str | None = None,
    ) -> None:
        self.name = name
        self._branch = branch
        self._patterns = Patterns(include, exclude)
        self._links = links
        self._cache = surroundings.cache
        self._repository = Repository(name, url, surroundings.cache / "repository.git", user, token)

    def list(self) -> Iterator[Listed]:
        """Every file of the branch as it is now; raises `SourceError` when that cannot be told."""
        branch, commit = self._remote()
        if commit != self._local():
            self.close()
            self._update(branch, commit)
        dates = History(self._repository.run, self._cache / "dates.json").dates(commit)
        tree = self._repository.run("ls-tree", "-r", "-z", "--full-tree", commit)
        for entry in filter(None, tree.split(b"\0")):
            about, _, raw = entry.partition(b"\t")
            mode, _, blob = about.decode().split()
            path = raw.decode("utf-8", "replace")
            if mode not in _FILES or not self._chooses(path):
                continue
            modified = datetime.fromtimestamp(dates[path], UTC) if path in dates else None
            yield Listed(path, blob, self._link(branch, path), modified)

    def fetch(self, listed: Listed) -> Fetched:
        """The file as it was listed, also when it is gone from the branch since."""
        name = listed.document
        if PurePosixPath(name).suffix.lower() not in SUPPORTED:
            raise unsupported(name)
        content = self._repository.blob(name, listed.signal)
        if content.startswith(_LFS):
            raise UnreadableError(
                "lfs", f"`{name}` is kept in Git LFS, which is not read: commit the file itself."
            )
        return Fetched(name, content)

    def close(self) -> None:
        """Ends the program that reads contents."""
        self._repository.close()

    def _remote(self) -> tuple[str, str]:
        """The branch and the commit that it is at, over there."""
        wanted = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        told = self._repository.run(
            "ls-remote", "--symref", "--", self._repository.url, wanted, inside=False
        ).decode("utf-8", "replace")
        branch = self._branch or ""
        for line in told.splitlines():
            left, _, right = line.partition("\t")
            if left.startswith("ref: refs/heads/"):
                branch = left.removeprefix("ref: refs/heads/")
            elif right == wanted:
                return branch, left
        what = f"has no branch `{self._branch}`" if self._branch else "has no commits"
        raise self._repository.trouble(f"{self._repository.shown} {what}; check `url` and `branch`")

    def _local(self) -> str | None:
        """The commit that the copy is at; None without a whole copy."""
        try:
            return (
                self._repository.run("rev-parse", "--verify", "--quiet", f"{_BRANCH}^{{commit}}")
                .decode()
                .strip()
            )
        except SourceError:
            return None

    def _update(self, branch: str, commit: str) -> None:
        """Brings the copy to a commit; a damaged one is made anew."""
        refs = f"+refs/heads/{branch}:{_BRANCH}" if branch else f"+HEAD:{_BRANCH}"
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", self._repository.url, refs)
        try:
            self._make_copy()
            self._repository.run(*fetch)
        except SourceError:
            shutil.rmtree(self._repository.path, ignore_errors=True)
            self._make_copy()
            self._repository.run(*fetch)
        if self._local() is None:
            raise self._repository.trouble(f"the copy of {self._repository.shown} is not whole; try again")

    def _make_copy(self) -> None:
        if not (self._repository.path / "HEAD").is_file():
            self._cache.mkdir(parents=True, exist_ok=True)
            self._repository.run(
                "init", "--quiet", "--bare", "--template=", "--", str(self._repository.path), inside=False
            )

    def _chooses(self, path: str) -> bool:
        hidden = any(part.startswith(".") for part in path.split("/"))
        dull = PurePosixPath(path).suffix.lower() in NOT_DOCUMENTS
        return not hidden and not dull and self._patterns.choose(path)

    def _link(self, branch: str, path: str) -> str | None:
        parts = urlsplit(self._repository.url)
        template = self._links or _LINKS.get(parts.hostname or "")
        if template is None:
            return None
        repository = parts.path.strip("/").removesuffix(".git")
        return template.format(repository=repository, branch=quote(branch), path=quote(path))
