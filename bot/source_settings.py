"""What can be set about sources: one model for each kind of `[[sources]]`.

Every field is described in docs/configuration.md; a test says when one is not.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bot.fields import Base, Cron, Duration, Name, Table, place_or_glob
from bot.tools.settings import FilePath, read_only, sqlite_beside
from knowledge.sources import KINDS, plugin_kinds


class SourceSettings(Table):
    """`[[sources]]`: where documents come from, and who may read them, whatever its kind."""

    name: Name
    kind: str
    access: Literal["public"] | tuple[str, ...] = "public"
    every: Duration | None = None
    cron: Cron | None = None
    max_deleted: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The share of its documents that one reading may delete without asking."""
    stale_after: Duration | None = None
    """None: when two readings in a row are missed, and an hour has passed since."""

    @property
    def options(self) -> dict[str, object]:
        """What a source of this kind takes to be opened; `${NAME}` still stands in it."""
        own = set(type(self).model_fields) - set(SourceSettings.model_fields)
        given = {name: getattr(self, name) for name in own} | (self.model_extra or {})
        return {name: value for name, value in given.items() if value is not None}

    @field_validator("access", mode="before")
    @classmethod
    def _public_or_list(cls, access: object) -> object:
        if access == "public":
            return access
        if isinstance(access, list | tuple) and all(isinstance(entry, str) for entry in access):
            return tuple(place_or_glob(entry) for entry in access)
        raise ValueError(f'is {access!r}; write "public" or a list such as ["slack:#rrhh"]')


class _Chosen(SourceSettings):
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class FolderSettings(_Chosen):
    """`kind = "folder"`: files of this machine."""

    kind: Literal["folder"]
    path: FilePath


class WebSettings(_Chosen):
    """`kind = "web"`: pages of a website."""

    kind: Literal["web"]
    url: Base
    max_pages: Annotated[int, Field(ge=1)] = 5_000
    robots: bool = True
    """Whether robots.txt is kept to."""


class GitSettings(_Chosen):
    """`kind = "git"`: files of a repository."""

    kind: Literal["git"]
    url: str
    """As `git clone` takes it; a path is relative to the file."""
    branch: str | None = None
    """None: the repository's own."""
    user: str = "x-access-token"
    token: str | None = None
    links: str | None = None
    """Where a person reads a file: `{branch}` and `{path}` stand in it. None: as known of the host."""

    @field_validator("url")
    @classmethod
    def _leads_somewhere(cls, url: str, info: ValidationInfo) -> str:
        if re.match(r"(?:https?|ssh|file)://|[\w.-]+@[\w.-]+:", url):
            if re.match(r"https?://[^/]*@", url):
                raise ValueError(
                    'has a name or password in it; put the password into `token = "${GIT_TOKEN}"`'
                )
            return url
        if url.startswith("-") or "::" in url or "://" in url:
            raise ValueError(f"is {url!r}; write https://…, ssh://…, user@host:path or a path")
        beside: Path = (info.context or {}).get("beside", Path.cwd())
        return str((beside / Path(url).expanduser()).resolve())


class SqlSettings(SourceSettings):
    """`kind = "sql"`: a query whose rows are documents."""

    kind: Literal["sql"]
    url: Annotated[str, Field(min_length=1)]
    """SQLAlchemy's; a relative SQLite path is relative to the file."""
    query: str
    """One SELECT."""
    id: str = "id"
    """Columns by name: which document a row is."""
    title: str | None = None
    text: str | None = None
    """None: every column that has no other part is told by its name."""
    changed: str | None = None
    """What grows with every change of the row; none: rows are compared whole."""
    link: str | None = None
    format: Literal["markdown", "html", "text"] = "markdown"

    _reads = field_validator("query")(read_only)
    _beside_the_file = field_validator("url")(sqlite_beside)


class S3Settings(_Chosen):
    """`kind = "s3"`: objects of an S3-compatible bucket."""

    kind: Literal["s3"]
    bucket: Annotated[str, Field(min_length=1)]
    base_url: Base | None = None
    """None: Amazon's, of the region."""
    region: str = "us-east-1"
    prefix: str = ""
    key_id: str = "${AWS_ACCESS_KEY_ID}"
    """Empty: nobody in particular, for buckets that everybody may read."""
    secret: str = "${AWS_SECRET_ACCESS_KEY}"  # noqa: S105 - where it is found
    links: str | None = None


class ConfluenceSettings(SourceSettings):
    """`kind = "confluence"`: pages of spaces."""

    kind: Literal["confluence"]
    base_url: Base
    spaces: tuple[str, ...] = ()
    """Keys; none: every space that the token may read."""
    user: str | None = None
    """The token's owner, on Atlassian's cloud."""
    token: str = "${CONFLUENCE_TOKEN}"  # noqa: S105
    edition: Literal["cloud", "data-center"] | None = None
    """None: by the address."""


class NotionSettings(SourceSettings):
    """`kind = "notion"`: pages that an integration was given."""

    kind: Literal["notion"]
    base_url: Base = "https://api.notion.com"
    token: str = "${NOTION_TOKEN}"  # noqa: S105


class DriveSettings(_Chosen):
    """`kind = "drive"`: files of Google Drive."""

    kind: Literal["drive"]
    base_url: Base = "https://www.googleapis.com"
    folder: str | None = None
    """Its id; none: everything that the account sees."""
    credentials: str = "${GOOGLE_CREDENTIALS}"
    """JSON of a service account or of an authorised user, or the path of a file with it."""


class SlackSettings(SourceSettings):
    """`kind = "slack"`: threads of Slack channels."""

    kind: Literal["slack"]
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    """By name (`#faq`) or id."""
    token: str = "${SLACK_BOT_TOKEN}"  # noqa: S105 - a name
    base_url: Base | None = None
    """None: where the bot itself reaches Slack."""


class DiscordSettings(SourceSettings):
    """`kind = "discord"`: posts of Discord forums, and threads of channels."""

    kind: Literal["discord"]
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    """By id."""
    token: str = "${DISCORD_TOKEN}"  # noqa: S105 - a name
    base_url: Base | None = None
    """None: where the bot itself reaches Discord."""


class AnswersSettings(SourceSettings):
    """`kind = "answers"`: reviewed questions and answers."""

    kind: Literal["answers"]
    path: FilePath | None = None
    """A Markdown file; none: only what is saved from chat."""


class PluginSettings(SourceSettings):
    """A kind that another package adds; its options are its own."""

    model_config = ConfigDict(extra="allow")

    @field_validator("kind")
    @classmethod
    def _exists(cls, kind: str) -> str:
        if kind in plugin_kinds():
            return kind
        known = sorted(KINDS | plugin_kinds())
        expected = ", ".join(map(repr, known))
        raise PydanticCustomError("literal_error", "no such kind", {"expected": expected})


SOURCE_KINDS: dict[str, type[SourceSettings]] = {
    "folder": FolderSettings, "web": WebSettings, "git": GitSettings, "sql": SqlSettings, "s3": S3Settings,
    "confluence": ConfluenceSettings, "notion": NotionSettings, "drive": DriveSettings,
    "slack": SlackSettings, "discord": DiscordSettings, "answers": AnswersSettings,
}  # fmt: skip


def _kind(source: Any) -> str | None:
    kind = source.get("kind") if isinstance(source, dict) else getattr(source, "kind", None)
    if kind is None:
        return None
    return kind if isinstance(kind, str) and kind in SOURCE_KINDS else "plugin"


AnySource = Annotated[
    Annotated[FolderSettings, Tag("folder")]
    | Annotated[WebSettings, Tag("web")]
    | Annotated[GitSettings, Tag("git")]
    | Annotated[SqlSettings, Tag("sql")]
    | Annotated[S3Settings, Tag("s3")]
    | Annotated[ConfluenceSettings, Tag("confluence")]
    | Annotated[NotionSettings, Tag("notion")]
    | Annotated[DriveSettings, Tag("drive")]
    | Annotated[SlackSettings, Tag("slack")]
    | Annotated[DiscordSettings, Tag("discord")]
    | Annotated[AnswersSettings, Tag("answers")]
    | Annotated[PluginSettings, Tag("plugin")],
    Discriminator(_kind),
]
