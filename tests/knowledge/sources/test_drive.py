"""Google Drive on loopback: tokens that end, listings in parts, folders, exports, permissions."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from knowledge.errors import SourceError, UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.drive import DriveSource
from knowledge.sources.testing import SourceContract, listing
from tests.knowledge.sources.serving import Asked, Said, ServedWorld, Server, says, serving

_PAGE = 3
_FOLDER = "application/vnd.google-apps.folder"


class DriveWorld(ServedWorld):
    """Files by id; tokens are given for one account."""

    secret = "1//SECRETSECRET"

    def __init__(self, server: Server, cache: Path) -> None:
        super().__init__(server, cache)
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.permissions: dict[str, list[dict[str, Any]]] = {}
        self.now = datetime(2024, 3, 1, tzinfo=UTC)
        self.valid: set[str] = set()
        self.given = 0
        self.signs_in = True
        self.options: dict[str, Any] = {}
        self.account: dict[str, Any] = {
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "secret",
            "refresh_token": self.secret,
            "token_uri": f"{server.url}/token",
        }

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/token":
            return self.sign_in({key: values[0] for key, values in parse_qs(asked.body.decode()).items()})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
            return says({"error": {"code": 401}}, 401)
        match asked.path.strip("/").split("/"):
            case ["drive", "v3", "files"]:
                return self.page(asked.query)
            case ["drive", "v3", "files", id_, "permissions"]:
                return says({"permissions": self.permissions[id_]})
            case ["drive", "v3", "files", id_, *export] if id_ in self.files:
                return self.file(id_, content=bool(export) or asked.query.get("alt") == "media")
        return says({"error": {"code": 404}}, 404)

    def file(self, id_: str, *, content: bool) -> Said:
        if id_ in self.broken:
            return Said(status=500)
        self.served += content
        return (
            Said(self.contents[id_]) if content else says({"trashed": self.files[id_].get("trashed", False)})
        )

    def sign_in(self, form: dict[str, str]) -> Said:
        known = form.get("refresh_token") == self.secret or form.get("assertion", "").count(".") == 2
        if not self.signs_in or not known:
            return says({"error": "invalid_grant"}, 400)
        self.given += 1
        self.valid = {f"ya29.{self.given}"}
        return says({"access_token": f"ya29.{self.given}", "expires_in": 3599})

    def page(self, query: dict[str, str]) -> Said:
        start = int(query.get("pageToken", "0"))
        if self.failing == "start" or (self.failing == "middle" and start):
            return Said(status=500)
        files = [file for file in self.files.values() if not file.get("trashed")]
        if " in parents" in query["q"]:
            files = [file for file in files if query["q"].split("'")[1] in file.get("parents", ())]
        following = {"nextPageToken": str(start + _PAGE)} if start + _PAGE < len(files) else {}
        return says({"files": files[start : start + _PAGE], "incompleteSearch": False, **following})

    def open(self) -> DriveSource:
        return DriveSource(
            "drive",
            credentials=json.dumps(self.account),
            surroundings=Surroundings(self.cache),
            base_url=self.server.url,
            **self.options,
        )

    def add(
        self, id_: str, name: str, content: bytes = b"", kind: str = "text/markdown", **more: Any
    ) -> None:
        self.now += timedelta(seconds=1)
        self.contents[id_] = content
        self.files[id_] = {
            "id": id_,
            "name": name,
            "mimeType": kind,
            "modifiedTime": self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "webViewLink": f"https://drive.example/{id_}",
            "permissions": [{"type": "anyone"}],
            **more,
        }
        if not kind.startswith("application/vnd.google-apps"):
            self.files[id_] |= {"md5Checksum": hashlib.md5(content).hexdigest(), "size": str(len(content))}

    def id(self, name: str) -> str:
        return next(id_ for id_, file in self.files.items() if file["name"] == name)

    def put(self, name: str, text: str) -> None:
        known = [id_ for id_, file in self.files.items() if file["name"] == name]
        self.add(known[0] if known else f"f{len(self.files)}", name, f"# Título\n\n{text}\n".encode())

    def remove(self, name: str) -> None:
        self.files[self.id(name)]["trashed"] = True

    def move(self, name: str, to: str) -> None:
        self.files[self.id(name)]["name"] = to

    def spoil(self, name: str) -> None:
        self.broken.add(self.id(name))

    def refuse(self) -> None:
        self.valid.clear()
        self.signs_in = False


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DriveWorld]:
    with serving() as server:
        yield DriveWorld(server, tmp_path)


class TestDrive(SourceContract):
    """Every rule."""


def test_a_token_that_ends_meanwhile_is_renewed(world: DriveWorld) -> None:
    """Between the listing and a fetch, and in the middle of a listing."""
    for number in range(4):
        world.put(f"{number}.md", "Texto.")
    with closing(world.open()) as source:
        found = source.list()
        first = next(found)
        world.valid.clear()
        assert len([first, *found]) == 4
        world.valid.clear()
        assert b"Texto." in source.fetch(first).content
    assert world.given >= 2


def test_a_service_account_signs_for_itself(world: DriveWorld) -> None:
    """With its key, which no error shows; a damaged key is said to be one."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    world.put("a.md", "Uno.")
    address = world.account["token_uri"]
    world.account = {"type": "service_account", "client_email": "bot@p.example", "token_uri": address}
    world.account |= {"private_key": key.decode(), "private_key_id": "1"}
    assert set(listing(world)) == {"a.md"}
    world.account["private_key"] = "-----BEGIN PRIVATE KEY-----\nSECRETO\n-----END PRIVATE KEY-----"
    with pytest.raises(SourceError, match="damaged") as caught:
        listing(world)
    assert "SECRETO" not in str(caught.value)


@pytest.mark.parametrize("credentials", ["", "nowhere.json", "{", "[]", '{"type": "service_account"}'])
def test_what_are_no_credentials_is_said(tmp_path: Path, credentials: str) -> None:
    """At once, before anything is asked."""
    with pytest.raises(SourceError, match="GOOGLE_CREDENTIALS"):
        DriveSource("drive", credentials=credentials, surroundings=Surroundings(tmp_path))


def test_paths_are_those_of_folders(world: DriveWorld) -> None:
    """Below the one that is named, or below what the account sees; two of one name are told apart."""
    world.add("top", "Empresa", kind=_FOLDER)
    world.add("sub", "Recursos / RH", kind=_FOLDER, parents=["top"])
    world.add("1", "a.md", b"uno", parents=["top"])
    world.add("2", "b.md", b"dos", parents=["sub"])
    world.add("3", "b.md", b"tres", parents=["sub"])
    world.add("4", "c.md", b"cuatro")
    below = {"a.md", "Recursos ∕ RH/b.md", "Recursos ∕ RH/b (3).md"}
    assert set(listing(world)) == {f"Empresa/{name}" for name in below} | {"c.md"}
    world.options = {"folder": "top"}
    assert set(listing(world)) == below
    world.options = {"folder": "top", "exclude": ["Recursos*"]}
    assert set(listing(world)) == {"a.md"}


def test_what_is_googles_own_is_exported(world: DriveWorld) -> None:
    """As what an office reads; its signal is when it changed; forms and shortcuts are no documents."""
    world.add("1", "Guía", b"PK", kind="application/vnd.google-apps.document")
    world.add("2", "Encuesta", kind="application/vnd.google-apps.form")
    world.add("3", "plano.dwg", b"x", kind="application/octet-stream")
    found = listing(world)
    assert set(found) == {"Guía", "plano.dwg"}
    with closing(world.open()) as source:
        assert source.fetch(found["Guía"]).media_type == (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        )
        with pytest.raises(UnreadableError, match="dwg") as caught:
            source.fetch(found["plano.dwg"])
    assert caught.value.reason == "unsupported"
    world.add("1", "Guía", b"PK2", kind="application/vnd.google-apps.document")
    assert listing(world)["Guía"].signal != found["Guía"].signal


def test_permissions_are_the_readers(world: DriveWorld) -> None:
    """Of each file, also where a shared drive tells them of one at a time."""
    ana = {"type": "user", "emailAddress": "Ana@empresa.example"}
    gone = {"type": "user", "emailAddress": "ex@empresa.example", "deleted": True}
    group = {"type": "group", "emailAddress": "rrhh@empresa.example"}
    world.add("1", "open.md", b"x")
    world.add("2", "shut.md", b"x", permissions=[ana, gone, group])
    world.add("3", "domain.md", b"x", permissions=[{"type": "domain", "domain": "empresa.example"}])
    world.add("4", "shared.md", b"x", permissions=None, driveId="d")
    world.add("5", "nobody.md", b"x", permissions=[gone])
    world.permissions["4"] = [ana]
    assert {name: one.readers for name, one in listing(world).items()} == {
        "open.md": None,
        "shut.md": frozenset({"mail:ana@empresa.example", "group:rrhh@empresa.example"}),
        "domain.md": frozenset({"domain:empresa.example"}),
        "shared.md": frozenset({"mail:ana@empresa.example"}),
        "nobody.md": frozenset(),
    }


def test_a_search_that_is_not_complete_is_an_error(world: DriveWorld) -> None:
    """Drive says so itself."""
    world.put("a.md", "Uno.")
    listing(world)
    world.server.always = lambda asked: (
        says({"files": [], "incompleteSearch": True}) if asked.path == "/drive/v3/files" else None
    )
    with pytest.raises(SourceError, match="folder"):
        listing(world)
