"""Checks of this machine: the installation, the files, the state, the documents."""

import asyncio
import contextlib
import hashlib
import importlib.metadata
import re
import shutil
import sys
import tempfile
from pathlib import Path

from bot.doctor.findings import SECONDS, fail, warn
from bot.opening import source_spec
from bot.settings import Settings
from bot.source_settings import SourceSettings
from knowledge.readers import Readers

_LITTLE_SPACE, _NO_SPACE = 2 * 1024**3, 200 * 1024**2
_SOURCE_SECONDS = 30.0
_GROUPS = 5


async def python() -> str:
    """The interpreter, and what the project declares it needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise fail(f"Python {version} is not supported.", "Install Python 3.11, 3.12 or 3.13.")
    declared = importlib.metadata.requires("vocero") or []
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in declared if "extra ==" not in line]
    missing = [name for name in names if not _installed(name)]
    if missing:
        raise fail(
            f"Python {version}; missing: {', '.join(missing)}.", "Run scripts/run, which installs them."
        )
    return f"Python {version}, {len(names)} packages"


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


async def configuration(settings: Settings) -> str:
    """What is configured that does nothing, or not enough to answer."""
    if not settings.sources:
        raise warn(
            f"{settings.path} names no sources.", "Add a [[sources]] table: nothing can be answered yet."
        )
    return str(settings.path)


async def personas(settings: Settings) -> str:
    """Every persona file, and so every one that a channel names."""
    from bot.personas import load_persona, persona_files

    folder = settings.path.parent / "personas"
    names = [load_persona(name, folder).name for name in persona_files(folder)]
    return ", ".join(sorted(names)) or "none"


async def data(settings: Settings) -> str:
    """That the data folder, or where it will be made, can be written and has room."""
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise fail(
            f"{folder} cannot be written: {error.strerror}.",
            "Change its permissions, or set VOCERO_DATA to another folder.",
        ) from None
    free = shutil.disk_usage(folder).free
    room = f"{free / 1024**3:.1f} GB free"
    if free < _LITTLE_SPACE:
        kind = fail if free < _NO_SPACE else warn
        raise kind(f"{settings.data}: only {room}.", "Make room, or set VOCERO_DATA to another disk.")
    return f"{settings.data}, {room}"


async def database(settings: Settings) -> str:
    """The relational database that is configured; the one in the data folder has no address."""
    url = settings.env.database_url
    if url is None:
        return "SQLite in the data folder"
    from knowledge.database import open_database

    engine = await asyncio.to_thread(open_database, url.get_secret_value())
    engine.dispose()
    return f"{engine.dialect.name} answers"


async def redis(settings: Settings) -> str:
    """The Redis that is configured, else the serving process's own, else one started to see that it does."""
    from bot.state import open_state, owner

    url = settings.env.redis_url
    if url is not None:
        async with asyncio.timeout(SECONDS), open_state(url.get_secret_value(), settings.data):
            return "answers"
    serving = owner(settings.data)
    if serving is None:
        # On files of its own: those of the data folder are for who serves.
        with tempfile.TemporaryDirectory(prefix="vocero-") as folder:
            async with open_state(None, Path(folder)):
                return "embedded, starts"
    if serving.url is None:
        raise warn(
            f"process {serving.pid} is just starting on {settings.data}.", "Run this again in a moment."
        )
    async with asyncio.timeout(SECONDS), open_state(serving.url, settings.data):
        return f"embedded, run by process {serving.pid}"


async def embedding(settings: Settings) -> str:
    """The embedded embedder's weights; other embedders are checked where they are used."""
    if settings.embedding != "local":
        return settings.embedding
    from knowledge.embedding import model_directory
    from knowledge.embedding.conversion import WEIGHTS_SHA256

    weights = model_directory() / "model.safetensors"

    def checksum() -> str:
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    try:
        whole = await asyncio.to_thread(checksum) == WEIGHTS_SHA256
    except OSError as error:
        raise fail(
            f"{weights} cannot be read: {error.strerror}.", "Run scripts/run in a new .venv."
        ) from None
    if not whole:
        raise fail(f"{weights} is damaged or another model.", "Remove .venv and run scripts/run again.")
    return "local, its weights are whole"


async def source(settings: Settings, configured: SourceSettings) -> str:
    """That the source can be listed."""
    from knowledge.sources import open_source

    spec = source_spec(settings, configured)

    def readers() -> list[Readers]:
        opened = open_source(spec.kind, spec.name, spec.options, spec.surroundings)
        with contextlib.closing(opened) as source:
            return [listed.permitted for listed in source.list()]

    try:
        async with asyncio.timeout(_SOURCE_SECONDS):
            documents = await asyncio.to_thread(readers)
    except TimeoutError:
        raise warn(f"listing takes longer than {_SOURCE_SECONDS:.0f} seconds.") from None
    if not documents:
        raise warn("it is empty.", "Put documents there, or correct its `path`, `include` or `exclude`.")
    restricted = [lists for lists in documents if lists]
    if not restricted:
        return f"{len(documents)} documents"
    told = f"{len(documents)} documents, {len(restricted)} of them not for everyone"
    groups = {one for lists in restricted for one in frozenset().union(*lists) if one.startswith("group:")}
    if unknown := sorted(groups - settings.known.named()):
        shown = ", ".join(unknown[:_GROUPS]) + (" …" if len(unknown) > _GROUPS else "")
        raise warn(f"{told}; nobody is {shown}.", "Say in the file that `identities` names who is in them.")
    return told
