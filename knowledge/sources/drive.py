"""Files of Google Drive."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from knowledge.documents import Fetched, Listed
from knowledge.errors import UnreadableError
from knowledge.reading import SUPPORTED, check_size, suffix_of, unsupported
from knowledge.sources import Surroundings
from knowledge.sources.client import Client
from knowledge.sources.folder import NOT_DOCUMENTS
from knowledge.sources.google import GoogleSignIn
from knowledge.sources.pages import moment
from knowledge.sources.patterns import Patterns

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
_GOOGLE = "application/vnd.google-apps."
_FOLDER = f"{_GOOGLE}folder"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_EXPORTS = {
    f"{_GOOGLE}document": f"{_OFFICE}.wordprocessingml.document",
    f"{_GOOGLE}spreadsheet": f"{_OFFICE}.spreadsheetml.sheet",
    f"{_GOOGLE}presentation": f"{_OFFICE}.presentationml.presentation",
}
_PERMISSIONS = "permissions(type,emailAddress,domain,deleted)"
_FIELDS = (
    "nextPageToken,incompleteSearch,files(id,name,mimeType,md5Checksum,modifiedTime,size,webViewLink,parents,"
    f"driveId,{_PERMISSIONS})"
)
_SHARED = {"supportsAllDrives": "true"}
_AT_ONCE = 1_000

File = dict[str, Any]


class DriveSource:
    """Files by their path below a folder, or below what the account sees; the checksum is the signal.

    What is Google's own has no checksum: when it was changed last is its signal, and it is exported.
    """

    def __init__(
        self,
        name: str,
        *,
        credentials: str,
        surroundings: Surroundings,
        base_url: str = "https://www.googleapis.com",
        folder: str | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._folder = folder
        self._patterns = Patterns(include, exclude)
        sign_in = GoogleSignIn(name, credentials, SCOPE, surroundings)
        # The first answer is that there is no token yet, or none that still holds.
        self._client = Client(name, base_url, surroundings, renew=sign_in.headers)
        self._files: dict[str, File] = {}

    def list(self) -> Iterator[Listed]:
        """Every file there is, sorted; raises `SourceError` unless that is all."""
        files = {file["id"]: file for file in (self._below(self._folder) if self._folder else self._ask(""))}
        named = _names(files, self._folder)
        self._files = {name: files[id_] for name, id_ in named.items()}
        for name, file in sorted(self._files.items()):
            if self._chooses(name, file):
                signal = file.get("md5Checksum") or file.get("modifiedTime") or ""
                changed = moment(str(file.get("modifiedTime", "")))
                yield Listed(name, str(signal), self._link(file), changed, self._readers(file))

    def fetch(self, listed: Listed) -> Fetched:
        """The file as it is now."""
        name = listed.document
        if name not in self._files:
            deque(self.list(), maxlen=0)
        file = self._files.get(name)
        if file is None:
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        media_type = _EXPORTS.get(file["mimeType"], file["mimeType"])
        if suffix_of(Fetched(name, b"", media_type)) not in SUPPORTED:
            raise unsupported(name)
        check_size(name, int(file.get("size") or 0))
        now = self._client.object(name, f"drive/v3/files/{file['id']}", {"fields": "trashed", **_SHARED})
        if now.get("trashed"):
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        if file["mimeType"] in _EXPORTS:
            path, parameters = f"drive/v3/files/{file['id']}/export", {"mimeType": media_type}
        else:
            path, parameters = f"drive/v3/files/{file['id']}", {"alt": "media", **_SHARED}
        return Fetched(name, self._client.document(name, path, parameters).body, media_type)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _below(self, folder: str) -> Iterator[File]:
        """Every file in a folder and in those below it."""
        pending, seen = deque([folder]), {folder}
        while pending:
            for file in self._ask(f"'{pending.popleft()}' in parents and "):
                yield file
                if file["mimeType"] == _FOLDER and file["id"] not in seen:
                    seen.add(file["id"])
                    pending.append(file["id"])

    def _ask(self, query: str) -> Iterator[File]:
        parameters: dict[str, Any] = {
            "q": f"{query}trashed = false",
            "fields": _FIELDS,
            "pageSize": _AT_ONCE,
            "includeItemsFromAllDrives": "true",
            **_SHARED,
        }
        while True:
            answer = self._client.json("drive/v3/files", parameters)
            if answer.get("incompleteSearch") or not isinstance(answer.get("files"), Sequence):
                raise self._client.trouble(
                    "Drive could not list everything; name a `folder`, or try again later"
                )
            yield from answer["files"]
            following = answer.get("nextPageToken")
            if not following:
                return
            if following == parameters.get("pageToken"):
                raise self._client.trouble("Drive's listing goes round in circles; try again later")
            parameters["pageToken"] = following

    def _chooses(self, name: str, file: File) -> bool:
        kind = str(file["mimeType"])
        if kind.startswith(_GOOGLE) and kind not in _EXPORTS:
            return False
        return PurePosixPath(name).suffix.lower() not in NOT_DOCUMENTS and self._patterns.choose(name)

    def _link(self, file: File) -> str | None:
        return str(file["webViewLink"]) if file.get("webViewLink") else None

    def _readers(self, file: File) -> frozenset[str] | None:
        """Whom it is shared with; None: anybody may open it, or it is not told.

        Shared drives tell it of each file alone.
        """
        permissions = file.get("permissions")
        if permissions is None and file.get("driveId"):
            permissions = []
            parameters: dict[str, Any] = {
                "fields": f"nextPageToken,{_PERMISSIONS}",
                "pageSize": 100,
                **_SHARED,
            }
            while True:
                answer = self._client.json(f"drive/v3/files/{file['id']}/permissions", parameters)
                permissions += answer.get("permissions") or []
                if not answer.get("nextPageToken"):
                    break
                parameters["pageToken"] = answer["nextPageToken"]
        return None if permissions is None else _readers(permissions)


def _readers(permissions: Iterable[dict[str, Any]]) -> frozenset[str] | None:
    found = set()
    for permission in permissions:
        if permission.get("deleted"):
            continue
        match permission.get("type"):
            case "anyone":
                return None
            case "domain":
                found.add(f"domain:{str(permission.get('domain')).lower()}")
            case "group":
                found.add(f"group:{str(permission.get('emailAddress')).lower()}")
            case _:
                found.add(f"mail:{str(permission.get('emailAddress')).lower()}")
    return frozenset(found)


def _names(files: dict[str, File], root: str | None) -> dict[str, str]:
    """Ids of files by path; several of one path are told apart by their ids."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for id_, file in files.items():
        if file["mimeType"] != _FOLDER:
            paths[_path(file, files, root)].append(id_)
    named: dict[str, str] = {}
    for path, ids in paths.items():
        for number, id_ in enumerate(sorted(ids)):
            whole = PurePosixPath(path)
            named[path if not number else str(whole.with_name(f"{whole.stem} ({id_}){whole.suffix}"))] = id_
    return named


def _path(file: File, files: dict[str, File], root: str | None) -> str:
    parts = [_part(file)]
    seen = {file["id"]}
    while True:
        above = next((id_ for id_ in file.get("parents") or () if id_ in files and id_ not in seen), None)
        if above is None or above == root:
            return "/".join(reversed(parts))
        seen.add(above)
        file = files[above]
        parts.append(_part(file))


def _part(file: File) -> str:
    return str(file["name"]).replace("/", "∕").strip() or str(file["id"])
