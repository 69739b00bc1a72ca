"""Reads the settings: `vocero.toml`, the environment, and an env file. Nothing else reads the environment."""

import difflib
import os
import tomllib
import typing
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails, to_json

from bot.errors import ConfigurationError
from bot.globs import covered
from bot.identities import Identities, load_identities
from bot.personas import persona_files
from bot.settings import Environment, FileSettings, ResolvedChannel, Settings
from bot.source_settings import SOURCE_KINDS, SourceSettings
from bot.tools.settings import (
    TOOL_KINDS,
    AnyTool,
    HttpTool,
    McpTool,
    PythonTool,
    SqlTool,
    ToolSettings,
    variables,
)

__all__ = ["ResolvedChannel", "Settings", "SourceSettings", "find_configuration", "load_settings"]

FILE_NAME = "vocero.toml"
_SCHEMES = {
    "REDIS_URL": ("redis", "rediss", "unix"),
    "CHROMA_URL": ("http", "https"),
    "VOCERO_SLACK_API_URL": ("http", "https"),
    "VOCERO_DISCORD_API_URL": ("http", "https"),
    "VOCERO_DISCORD_GATEWAY_URL": ("ws", "wss"),
    "VOCERO_LLM_BASE_URL": ("http", "https"),
}
_LISTS = ("sources", "channels", "tools")
_KINDS: dict[str, tuple[Mapping[str, type[BaseModel]], type[BaseModel]]] = {
    "sources": (SOURCE_KINDS, SourceSettings),
    "tools": (TOOL_KINDS, ToolSettings),
}
"""Tables that come in kinds: the model of each, and of what they share."""
_TYPES = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "path_type": "must be a path in quotes",
}


# How pydantic names the members of a union in an error's place.
_MEMBERS = {"bool", "tuple[str, ...]", "str", "int", "float"}


def find_configuration(config: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: the one named, else `VOCERO_CONFIG`, else `./vocero.toml`."""
    named = config or (Path(environ["VOCERO_CONFIG"]) if environ.get("VOCERO_CONFIG") else None)
    path = (named or Path(FILE_NAME)).expanduser().absolute()
    if path.is_dir():
        path /= FILE_NAME
    if not path.is_file():
        if named is None:
            raise ConfigurationError(
                f"There is no {FILE_NAME} in {Path.cwd()}; `vocero init` writes one, "
                "or name yours with --config or VOCERO_CONFIG."
            )
        raise ConfigurationError(
            f"There is no configuration at {named}; check the path, or run `vocero init`."
        )
    return path


def load_settings(config: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Everything that is set, checked; ConfigurationError names the place and the remedy."""
    path = find_configuration(config, environ)
    file = _read_file(path)
    values = _variables(path, environ)
    env = _read_environment(values)
    settings = Settings(
        path=path,
        data=env.vocero_data or path.parent / ".vocero",
        env=env,
        known=load_identities(file.identities) if file.identities else Identities(),
        variables=_named(path, file, values),
        **{name: getattr(file, name) for name in FileSettings.model_fields},
    )
    _check_names(settings)
    _check_access(settings)
    return settings


def _read_file(path: Path) -> FileSettings:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        # Strict as JSON is: a number in quotes is no number, but a list may become a tuple.
        return FileSettings.model_validate_json(to_json(raw), context={"beside": path.parent})
    except ValidationError as error:
        raise ConfigurationError(_sentence(path, raw, error.errors())) from None


def _variables(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, and under it the nearest `.env` beside the file or above. Empty means not set."""
    file = next((f / ".env" for f in path.parents if (f / ".env").is_file()), None)
    values: dict[str, str] = {}
    if file:
        try:
            values = {name: value for name, value in dotenv_values(file).items() if value}
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(
                f"{file} cannot be read as UTF-8 text; check it, or remove it."
            ) from None
    if "VOCERO_DATA" in values and file:
        # Said in a file, a relative path means the same wherever the command is typed.
        values["VOCERO_DATA"] = str(file.parent / values["VOCERO_DATA"])
    return values | {name: value for name, value in environ.items() if value}


def _named(path: Path, file: FileSettings, values: Mapping[str, str]) -> dict[str, SecretStr]:
    """The variables that tools and sources refer to as `${NAME}`."""
    found: dict[str, SecretStr] = {}
    tables = [("sources", source) for source in file.sources] + [("tools", tool) for tool in file.tools]
    for table, entry in tables:
        for name in sorted(variables(entry)):
            if not values.get(name, "").strip():
                raise ConfigurationError(
                    f'{path}, [[{table}]] "{entry.name}": `${{{name}}}` is not set; put {name} into .env.'
                )
            found[name] = SecretStr(values[name].strip())
    return found


def _read_environment(values: Mapping[str, str]) -> Environment:
    """The variables that are the bot's own."""
    names = (name.upper() for name in Environment.model_fields)
    given = {name: values[name].strip() for name in names if values.get(name, "").strip()}
    for name, schemes in _SCHEMES.items():
        if name in given and urlsplit(given[name]).scheme not in schemes:
            beginnings = " or ".join(f"{scheme}://" for scheme in schemes)
            # Not shown: such addresses may hold a password.
            raise ConfigurationError(f"{name} is not an address; it begins with {beginnings}.")
    if "VOCERO_SLACK_API_URL" in given:
        given["VOCERO_SLACK_API_URL"] = given["VOCERO_SLACK_API_URL"].rstrip("/") + "/"
    for name in ("VOCERO_DISCORD_API_URL", "VOCERO_LLM_BASE_URL", "CHROMA_URL"):
        if name in given:
            given[name] = given[name].rstrip("/")
    if "VOCERO_DATA" in given:
        given["VOCERO_DATA"] = str(Path(given["VOCERO_DATA"]).expanduser().absolute())
    return Environment.model_validate({name.lower(): value for name, value in given.items()})


def _nearest(word: str, known: Collection[str], what: str = "known here") -> str:
    """`did you mean …?`, or what there is."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"{what}: {', '.join(known)}." if known else "there are none yet."


def _model_at(raw: dict[str, Any], location: Sequence[int | str]) -> type[BaseModel]:
    """The table that holds the key at a location in the file."""
    model: type[BaseModel] = FileSettings
    steps = list(location[:-1])
    if steps[:1] and steps[0] in _KINDS and len(steps) > 1:
        kinds, shared = _KINDS[str(steps[0])]
        model = kinds.get(raw[str(steps[0])][int(steps[1])].get("kind"), shared)
        steps = steps[2:]
    for step in steps:
        field = model.model_fields.get(str(step))
        if field is not None:
            model = _inner_model(field.annotation) or model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model in `X`, `tuple[X, ...]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner_model, typing.get_args(annotation))), None)


def _sentence(path: Path, raw: dict[str, Any], errors: Sequence[ErrorDetails]) -> str:
    """The most telling error as a sentence: a kind that is not there, then a typo, then the rest."""
    ranks = {True: 0}
    error = min(
        map(_plain, errors),
        key=lambda e: ranks.get(e["loc"][-1:] == ("kind",), 1 if e["type"] == "extra_forbidden" else 2),
    )
    location = [step for step in error["loc"] if step != "[key]"]
    while len(location) > 1 and isinstance(location[-1], int) and location[0] not in _LISTS:
        location.pop()  # an entry of a list, which the value tells as well
    key = ".".join(str(step) for step in (location[2:] if _listed(raw, location) else location[-1:]))
    return f"{path}, {_place(raw, location)}: {_complaint(raw, key, location, error)}"


def _plain(error: ErrorDetails) -> ErrorDetails:
    """The error as if a table's kind, and the kinds that a value may have, were no steps on the way to it."""
    location = list(error["loc"])
    if location[:1] and location[0] in _KINDS and location[2:3]:
        kinds, _ = _KINDS[str(location[0])]
        if location[2] in (*kinds, "plugin"):
            del location[2]
    if location[-1:] and location[-1] in _MEMBERS and len(location) > 1:
        location.pop()
    plain = error | {"loc": tuple(location)}
    if error["type"] == "union_tag_not_found":
        plain |= {"type": "missing", "loc": (*location, "kind")}
    elif error["type"] == "union_tag_invalid":
        found = error["ctx"]
        plain |= {"type": "literal_error", "loc": (*location, "kind"), "input": found["tag"]}
        plain |= {"ctx": {"expected": found["expected_tags"]}}
    return plain


def _listed(raw: dict[str, Any], location: Sequence[int | str]) -> bool:
    return len(location) > 1 and isinstance(location[1], int) and str(location[0]) in _LISTS


def _place(raw: dict[str, Any], location: Sequence[int | str]) -> str:
    """`[[sources]] "handbook"`, or `top level`."""
    if not _listed(raw, location):
        return "at the top" if len(location) == 1 else f"[{'.'.join(map(str, location[:-1]))}]"
    table, number = str(location[0]), int(location[1])
    entry = raw[table][number]
    label = entry.get("name") or entry.get("match") if isinstance(entry, dict) else None
    return f'[[{table}]] "{label}"' if label else f"[[{table}]] number {number + 1}"


def _complaint(raw: dict[str, Any], key: str, location: Sequence[int | str], error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        known = _model_at(raw, location).model_fields
        return f"there is no setting `{key}`; {_nearest(str(location[-1]), known)}"
    if kind == "missing":
        return f"`{key}` is missing; add it."
    if kind == "literal_error":
        choices = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"`{key}` is {value!r}; {_nearest(str(value), choices, 'it is one of')}"
    if kind == "value_error":
        return f"`{key}` {error['ctx']['error']}."
    if kind in _TYPES:
        return f"`{key}` {_TYPES[kind]}."
    message = error["msg"]
    return f"`{key}` is {value!r}: {message[0].lower()}{message[1:]}."


def _check_names(settings: Settings) -> None:
    """Names are unique, and what a channel names exists."""
    for table, names in (
        ("sources", [source.name for source in settings.sources]),
        ("tools", [tool.name for tool in settings.tools]),
        ("channels", [channel.match for channel in settings.channels]),
    ):
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ConfigurationError(f"{settings.path}: two [[{table}]] are called {double!r}; rename one.")
    for source in settings.sources:
        _check_source(settings, source)
    for tool in settings.tools:
        _check_tool(settings, tool)
    personas = persona_files(settings.path.parent / "personas")
    for channel in settings.channels:
        named = (
            ("persona", [channel.persona] if channel.persona else [], personas),
            ("source", channel.sources or (), [source.name for source in settings.sources]),
            ("tool", channel.tools, [tool.name for tool in settings.tools]),
        )
        for what, wanted, known in named:
            unknown = next((name for name in wanted if name not in known), None)
            if unknown is not None:
                raise ConfigurationError(
                    f'{settings.path}, [[channels]] "{channel.match}": there is no {what} {unknown!r}; '
                    f"{_nearest(unknown, known, 'there are')}"
                )


def _check_source(settings: Settings, source: SourceSettings) -> None:
    place = f'{settings.path}, [[sources]] "{source.name}"'
    if source.every and source.cron:
        raise ConfigurationError(f"{place}: it has `every` and `cron`; keep one of them.")


def _check_tool(settings: Settings, tool: AnyTool) -> None:
    place = f'{settings.path}, [[tools]] "{tool.name}"'
    if isinstance(tool, PythonTool) and not tool.file.is_file():
        raise ConfigurationError(f"{place}: `file` is {str(tool.file)!r}, which is not there.")
    if isinstance(tool, McpTool) and (tool.command is None) == (tool.url is None):
        raise ConfigurationError(f"{place}: give it a `command` or a `url`, and not both.")
    if isinstance(tool, HttpTool | SqlTool):
        used = tool.used_parameters()
        unused = next((name for name in tool.parameters if name not in used), None)
        if unused is not None:
            raise ConfigurationError(
                f"{place}: its parameter `{unused}` is used nowhere; {_nearest(unused, used, 'it uses')}"
            )


def _check_access(settings: Settings) -> None:
    """A channel reads only what all its readers may: its glob lies within the source's access list."""
    for channel in settings.channels:
        for name in channel.sources or ():
            source = settings.source(name)
            if source is None or source.access == "public" or covered(channel.match, source.access):
                continue
            raise ConfigurationError(
                f'{settings.path}, [[channels]] "{channel.match}": not everyone there may read the source '
                f"{name!r}, which is for {', '.join(source.access) or 'nobody'}; take it out of "
                f"`sources` here, or add {channel.match!r} to the `access` of the source."
            )
