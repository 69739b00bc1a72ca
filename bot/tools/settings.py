"""What can be set about tools: one model for each kind of `[[tools]]`.

Every field is described in docs/configuration.md; a test says when one is not.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from bot.fields import Base, Duration, Name, Table

_SLOT = re.compile(r"(?<!\$)\{(\w+)\}")
_BOUND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def slots(template: str) -> list[str]:
    """The parameters that a template has a place for: `{city}`. `${NAME}` is a variable."""
    return _SLOT.findall(template)


def variables(value: Any) -> set[str]:
    """Names of the environment variables that settings refer to as `${NAME}`, however deep."""
    if isinstance(value, str):
        return set(_VARIABLE.findall(value))
    if isinstance(value, Table):
        own = [getattr(value, name) for name in type(value).model_fields]
        return variables([*own, *(value.model_extra or {}).values()])
    if isinstance(value, dict):
        return variables(list(value.values()))
    return set().union(*map(variables, value)) if isinstance(value, list | tuple) else set()


def _body_slots(value: Any) -> list[str]:
    if isinstance(value, str):
        return slots(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [slot for one in inner for slot in _body_slots(one)]


def _beside(path: Path, info: ValidationInfo) -> Path:
    beside: Path = (info.context or {}).get("beside", Path.cwd())
    return (beside / path.expanduser()).resolve()


_UNSAID = tuple(
    re.compile(rf"--[^\n]*|/\*.*?\*/|'(?:{text}|'')*'", re.DOTALL) for text in (r"[^']", r"[^'\\]|\\.")
)
"""Comments and texts. Where a text ends is not the same everywhere: some take a backslash for an escape."""


def read_only(query: str) -> str:
    """The query, if it is one that reads. What holds it to that is the database; this is a word in time."""
    if re.search(r"/\*M?!", query):
        raise ValueError("has a comment that some databases execute (`/*!`); write it without")
    for unsaid in _UNSAID:
        bare = unsaid.sub(" ", query).strip().rstrip(";")
        if not re.match(r"(?:select|with|values|table)\b", bare, re.IGNORECASE):
            raise ValueError("must be one query that reads: SELECT … or WITH …")
        if ";" in bare:
            raise ValueError("is more than one statement; keep one")
        if re.search(r"\binto\s+(?:out|dump)file\b", bare, re.IGNORECASE):
            raise ValueError("writes a file on the database's machine; take INTO OUTFILE out")
    return query


def sqlite_beside(url: str, info: ValidationInfo) -> str:
    """The address of a database; a relative SQLite path is relative to the file."""
    found = re.fullmatch(r"sqlite(?:\+\w+)?:///(?!/)([^?]+)(\?.*)?", url)
    if found and not re.match(r"[A-Za-z]:|:memory:", found[1]):
        return f"sqlite:///{_beside(Path(found[1]), info)}{found[2] or ''}"
    return url


def _picks(expression: str) -> str:
    import jmespath

    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        if expression.startswith("$"):
            near = expression.removeprefix("$").removeprefix(".") or "@"
            raise ValueError(f"is JSONPath; write it as JMESPath: {near!r}") from None
        raise ValueError(f"is no JMESPath expression: {str(error).splitlines()[0]}") from None
    return expression


FilePath = Annotated[Path, AfterValidator(_beside)]
"""In the file relative to the file; absolute once loaded."""
Pick = Annotated[str, AfterValidator(_picks)]


class ParameterSettings(Table):
    """`[tools.parameters.<name>]`: one argument that a tool takes."""

    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    description: str = ""
    choices: tuple[str, ...] = ()
    default: str | int | float | bool | None = None
    """None: it must be given."""
    optional: bool = False
    """It may be left out, and then there is none."""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    max_length: Annotated[int, Field(ge=1)] = 500

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern


class ToolSettings(Table):
    """`[[tools]]`: a lookup the bot may make while it answers, whatever its kind."""

    name: Name
    description: str = ""
    """What it does and when to use it, for the model."""
    effects: bool | tuple[str, ...] | None = None
    """Whether it changes something; of several, which do. None: as the kind says by itself."""
    timeout: Duration = timedelta(seconds=15)
    cache: Duration | None = None
    """How long a result may be used again for the same arguments."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    max_chars: Annotated[int, Field(ge=100, le=100_000)] = 6_000
    """Characters of a result that the model gets to see."""


class PythonTool(ToolSettings):
    """`kind = "python"`: a function marked with `@tool`."""

    kind: Literal["python"]
    file: FilePath
    function: str | None = None
    """None: the one called like the tool."""


class _Typed(ToolSettings):
    parameters: dict[str, ParameterSettings] = Field(default_factory=dict)

    @field_validator("parameters")
    @classmethod
    def _are_names(cls, parameters: dict[str, ParameterSettings]) -> dict[str, ParameterSettings]:
        for name in parameters:
            if not re.fullmatch(r"[A-Za-z]\w{0,62}", name, re.ASCII):
                raise ValueError(f"has {name!r}; use letters without accents, digits and '_'")
        return parameters


class HttpTool(_Typed):
    """`kind = "http"`: one request."""

    kind: Literal["http"]
    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    """Sent as JSON; `{parameter}` stands for a value, alone for the value with its type."""
    result: Pick | None = None
    """JMESPath to the part that matters."""

    @field_validator("url")
    @classmethod
    def _leads_to_one_host(cls, url: str) -> str:
        parts = urlsplit(_VARIABLE.sub("x", url))
        if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
            raise ValueError(f"is {url!r}; write an address that begins with http:// or https://")
        if slots(parts.netloc) or slots(parts.fragment):
            raise ValueError("has a parameter in its host; parameters go into the path and the query")
        return url

    def used_parameters(self) -> list[str]:
        """The parameters that the request has a place for, each once."""
        return list(dict.fromkeys(slots(self.url) + _body_slots(self.body)))


class OpenApiTool(ToolSettings):
    """`kind = "openapi"`: operations of a service that describes itself."""

    kind: Literal["openapi"]
    document: str
    """URL, or a path beside the file: JSON or YAML."""
    operations: Annotated[tuple[str, ...], Field(min_length=1)]
    """`operationId`, or `GET /orders/{id}`."""
    base_url: Base | None = None
    """Instead of the document's own server."""
    headers: dict[str, str] = Field(default_factory=dict)
    result: Pick | None = None

    @field_validator("document")
    @classmethod
    def _is_url_or_file(cls, document: str, info: ValidationInfo) -> str:
        return document if re.match(r"https?://", document) else str(_beside(Path(document), info))


class SqlTool(_Typed):
    """`kind = "sql"`: a read-only query."""

    kind: Literal["sql"]
    url: str = ""
    """SQLAlchemy's; a relative SQLite path is relative to the file. Needed once the tool is opened."""
    query: str = ""
    """One SELECT; `:parameter` stands for a value. Needed once the tool is opened."""
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = 50

    _reads = field_validator("query")(read_only)
    _beside_the_file = field_validator("url")(sqlite_beside)

    def used_parameters(self) -> list[str]:
        """The parameters that the query binds, each once."""
        return list(dict.fromkeys(_BOUND.findall(self.query)))


class McpTool(ToolSettings):
    """`kind = "mcp"`: tools of an MCP server."""

    kind: Literal["mcp"]
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """A server that speaks over its standard input and output."""
    url: Base | None = None
    """A server that speaks streamable HTTP."""
    env: dict[str, str] = Field(default_factory=dict)
    """For `command`; nothing else of the environment reaches it but what a program needs to run."""
    headers: dict[str, str] = Field(default_factory=dict)
    tools: Annotated[tuple[str, ...], Field(min_length=1)]
    """Those of its tools that may be called."""


class ImageTool(ToolSettings):
    """`kind = "image"`: draws, over an OpenAI-compatible images API."""

    kind: Literal["image"]
    model: str = "gpt-image-1"
    base_url: Base = "https://api.openai.com/v1"
    key: str = "${OPENAI_API_KEY}"
    size: Annotated[str, Field(pattern=r"^(?:\d{2,5}x\d{2,5}|auto)$")] = "1024x1024"
    timeout: Duration = timedelta(seconds=120)


class DocumentsTool(ToolSettings):
    """`kind = "documents"`: the search itself, so that a model may look again with better words."""

    kind: Literal["documents"]
    limit: Annotated[int, Field(ge=1, le=20)] = 5


AnyTool = Annotated[
    PythonTool | HttpTool | OpenApiTool | SqlTool | McpTool | ImageTool | DocumentsTool,
    Field(discriminator="kind"),
]
TOOL_KINDS: dict[str, type[ToolSettings]] = {
    "python": PythonTool, "http": HttpTool, "openapi": OpenApiTool, "sql": SqlTool, "mcp": McpTool,
    "image": ImageTool, "documents": DocumentsTool,
}  # fmt: skip
