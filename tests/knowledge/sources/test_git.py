"""Repositories on disk and behind a loopback server that wants a token."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.documents import Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.git import GitSource
from knowledge.sources.testing import SourceContract, World, listing, texts
from tests.knowledge.sources.serving import Asked, Said, Server, serving

TOKEN = "ghp_SECRETSECRET"


def git(root: Path, *arguments: str, date: str = "2024-03-01T12:00:00Z") -> str:
    return subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=Ana", "-c", "user.email=ana@empresa.example", *arguments],
        env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "HOME": str(root)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


class GitWorld(World):
    """A repository whose changes are committed at once."""

    secret = TOKEN

    def __init__(self, root: Path, cache: Path, **options: str) -> None:
        self.root = root
        self.cache = cache
        self.options = options
        self.url = str(root)
        root.mkdir()
        git(root, "init", "-q", "-b", "principal")
        self.commit("README.txt", "")
        git(root, "rm", "-q", "README.txt")
        git(root, "commit", "-qm", "vacío", "--allow-empty")

    def commit(self, name: str, text: str, **when: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", f"Cambia {name}", **when)

    def open(self) -> GitSource:
        return GitSource("wiki", url=self.url, surroundings=Surroundings(self.cache), **self.options)

    def put(self, name: str, text: str) -> None:
        self.commit(name, f"# Título\n\n{text}\n")

    def remove(self, name: str) -> None:
        git(self.root, "rm", "-q", name)
        git(self.root, "commit", "-qm", f"Quita {name}")

    def move(self, name: str, to: str) -> None:
        git(self.root, "mv", name, to)
        git(self.root, "commit", "-qm", f"Mueve {name}")

    def spoil(self, name: str) -> None:
        self.commit(name, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")

    def fail(self) -> None:
        self.root.rename(self.root.with_name("elsewhere"))


class TestGit(SourceContract):
    """Every rule, from a repository on disk."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> GitWorld:
        return GitWorld(tmp_path / "repository", tmp_path / "cache")

    def test_what_is_deleted_after_the_listing_is_its_own_trouble(self, world: GitWorld) -> None:
        """A commit keeps what it listed: the content is had as it was, and one that never was is named."""
        world.put("a.md", "Uno.")
        found = listing(world)
        world.remove("a.md")
        assert b"Uno." in texts(world, found.values())[0]
        with closing(world.open()) as source:
            list(source.list())
            with pytest.raises(UnreadableError, match=r"z\.md"):
                source.fetch(Listed("z.md", "0" * 40))


class Host:
    """A repository behind HTTP, as static files, for who has the token."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root = root
        self.token = TOKEN
        self.failing: str | None = None
        server.answer = self.answer

    def answer(self, asked: Asked) -> Said:
        key = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {key}":
            return Said(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        if self.failing and self.failing in asked.path:
            return Said(status=500)
        git(self.root, "update-server-info")
        path = self.root / ".git" / asked.path.removeprefix("/wiki.git/")
        return Said(path.read_bytes()) if path.is_file() else Said(status=404)


class HostedWorld(GitWorld):
    """The same over HTTP."""

    def __init__(self, root: Path, cache: Path, server: Server) -> None:
        super().__init__(root, cache, token=TOKEN)
        self.host = Host(root, server)
        self.url = f"{server.url}/wiki.git"

    def fail(self) -> None:
        self.host.failing = "/info/refs"

    def fail_midway(self) -> None:
        shutil.rmtree(self.cache)
        self.host.failing = "/objects/"

    def refuse(self) -> None:
        self.host.token = "another"


class TestHostedGit(SourceContract):
    """Every rule, from a host that wants a token."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[HostedWorld]:
        with serving() as server:
            yield HostedWorld(tmp_path / "repository", tmp_path / "cache", server)

    def test_what_is_deleted_after_the_listing_is_its_own_trouble(self, world: HostedWorld) -> None:
        """As on disk."""

    def test_an_expired_token_is_an_error_that_does_not_show_it(self, world: HostedWorld) -> None:
        """Listing says so; what was listed is in the copy already. Neither form of the token is shown."""
        world.put("a.md", "Uno.")
        listing(world)
        world.refuse()
        with closing(world.open()) as source, pytest.raises(SourceError) as caught:
            list(source.list())
        assert TOKEN not in str(caught.value)
        assert base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode() not in str(caught.value)


@pytest.fixture
def world(tmp_path: Path) -> GitWorld:
    return GitWorld(tmp_path / "repository", tmp_path / "cache")


def test_any_branch_can_be_read(world: GitWorld) -> None:
    """And no other; one that is not there is named."""
    world.put("a.md", "Uno.")
    git(world.root, "checkout", "-qb", "borrador/v2")
    world.put("b.md", "Dos.")
    git(world.root, "checkout", "-q", "principal")
    assert set(listing(world)) == {"a.md"}
    world.options = {"branch": "borrador/v2"}
    assert set(listing(world)) == {"a.md", "b.md"}
    world.options = {"branch": "nada"}
    with pytest.raises(SourceError, match="`nada`"):
        listing(world)


def test_history_that_was_rewritten_is_followed(world: GitWorld) -> None:
    """A forced push leaves what the branch holds now."""
    world.put("a.md", "Uno.")
    listing(world)
    world.put("b.md", "Dos.")
    listing(world)
    git(world.root, "reset", "-q", "--hard", "HEAD~1")
    world.put("c.md", "Tres.")
    found = listing(world)
    assert set(found) == {"a.md", "c.md"}
    assert b"Tres." in texts(world, [found["c.md"]])[0]


def test_the_date_is_that_of_the_last_commit_that_changed_the_file(world: GitWorld) -> None:
    """Whether the history comes at once or little by little, and for names with accents."""
    world.commit("año.md", "Uno.", date="2023-01-02T00:00:00Z")
    world.commit("b.md", "Dos.", date="2023-02-02T00:00:00Z")
    first = listing(world)
    world.commit("b.md", "Tres.", date="2024-02-02T00:00:00Z")
    later = listing(world)
    assert [str(listed.modified)[:10] for listed in first.values()] == ["2023-01-02", "2023-02-02"]
    assert [str(later[name].modified)[:10] for name in ("año.md", "b.md")] == ["2023-01-02", "2024-02-02"]
    shutil.rmtree(world.cache)
    assert {name: one.modified for name, one in listing(world).items()} == {
        name: one.modified for name, one in later.items()
    }


def test_an_unchanged_branch_costs_one_question(tmp_path: Path) -> None:
    """Nothing comes over when the branch is where it was."""
    with serving() as server:
        world = HostedWorld(tmp_path / "repository", tmp_path / "cache", server)
        world.put("a.md", "Uno.")
        listing(world)
        server.asked.clear()
        listing(world)
        assert {asked.path.rpartition("/")[2] for asked in server.asked} <= {"refs", "HEAD"}


def test_a_damaged_copy_is_made_anew(world: GitWorld) -> None:
    """The cache is only a cache."""
    world.put("a.md", "Uno.")
    listing(world)
    shutil.rmtree(world.cache / "repository.git" / "objects")
    found = listing(world)
    assert b"Uno." in texts(world, found.values())[0]


def test_links_hidden_files_and_modules_are_no_documents(world: GitWorld) -> None:
    """What leads elsewhere leads nowhere; patterns choose among the rest."""
    world.put("a.md", "Uno.")
    (world.root / "link.md").symlink_to("/etc/passwd")
    world.put(".github/plantilla.md", "x")
    world.put("docs/b.md", "Dos.")
    world.commit("logo.png", "x")
    assert set(listing(world)) == {"a.md", "docs/b.md"}
    world.options = {"include": ["docs"]}  # type: ignore[dict-item]
    assert set(listing(world)) == {"docs/b.md"}


def test_a_repository_cannot_make_anything_run(world: GitWorld, tmp_path: Path) -> None:
    """Neither hooks nor addresses that are commands."""
    hook = world.root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    world.put("a.md", "Uno.")
    (tmp_path / "ran").unlink(missing_ok=True)
    listing(world)
    for url in (f"ext::sh -c touch% {tmp_path}/ran", f"--upload-pack=touch {tmp_path}/ran"):
        world.url = url
        with pytest.raises(SourceError):
            listing(world)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "links", "expected"),
    [
        (
            "https://github.com/empresa/wiki.git",
            None,
            "https://github.com/empresa/wiki/blob/main/gu%C3%ADa.md",
        ),
        ("https://gitlab.com/a/b/c", None, "https://gitlab.com/a/b/c/-/blob/main/gu%C3%ADa.md"),
        ("https://git.example/x", "https://w.example/{branch}/{path}", "https://w.example/main/gu%C3%ADa.md"),
        ("https://git.example/x", None, None),
    ],
)
def test_files_lead_to_where_a_person_reads_them(
    tmp_path: Path, url: str, links: str | None, expected: str | None
) -> None:
    """On hosts that are known, and wherever `links` says."""
    source = GitSource("wiki", url=url, links=links, surroundings=Surroundings(tmp_path))
    assert source._link("main", "guía.md") == expected
