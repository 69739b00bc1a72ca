"""A named query as a tool: bound parameters, and a transaction that the database itself lets read only."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigurationError
from bot.tools.arguments import check_by_model, model_of_settings, schema_of
from bot.tools.reading import Variables, secrets_in, told, with_variables
from bot.tools.settings import ParameterSettings, SqlTool
from bot.tools.tool import Asker, Output, Tool, ToolError
from knowledge.read_only import HOLDABLE, hold, limit, options

if TYPE_CHECKING:
    from sqlalchemy import Engine


def open_sql(settings: SqlTool, variables: Variables) -> Tool:
    """The tool; raises `ConfigurationError` when its database is none, or cannot be held to reading."""
    place = f'[[tools]] "{settings.name}"'
    for key in ("url", "query"):
        if not getattr(settings, key):
            raise ConfigurationError(f"{place}: `{key}` is missing; add it.")
    database = _Database(settings, variables, place)
    parameters = {name: ParameterSettings() for name in settings.used_parameters()} | settings.parameters
    model = model_of_settings(parameters)

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        return Output(await asyncio.to_thread(database.read, arguments))

    return Tool(
        name=settings.name,
        description=settings.description or f"Looks up {settings.name.replace('_', ' ')} in the database.",
        parameters=schema_of(model),
        check=check_by_model(model),
        run=run,
        effects=bool(settings.effects),
        secret=secrets_in(settings.url, variables),
    )


class _Database:
    """Runs the one query of a tool."""

    def __init__(self, settings: SqlTool, variables: Variables, place: str) -> None:
        from sqlalchemy import create_engine, make_url, text
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool

        self._name = settings.name
        self._query = text(settings.query)
        self._rows = settings.max_rows
        self._seconds = settings.timeout.total_seconds()
        try:
            url = make_url(with_variables(settings.url, variables))
            # No pool: what a database is told of a connection must not outlive it.
            self._engine: Engine = create_engine(url, poolclass=NullPool, **options(url, self._seconds))
        except (ArgumentError, NoSuchModuleError, ImportError):
            raise ConfigurationError(
                f"{place}: `url` names no database that can be opened here; write it as SQLAlchemy does, and "
                "install its driver (PostgreSQL: `pip install 'vocero[postgres]'`)."
            ) from None
        dialect = self._engine.dialect
        if dialect.name not in HOLDABLE:
            known = ", ".join(HOLDABLE)
            raise ConfigurationError(
                f"{place}: {dialect.name} has no transaction that only reads; use one of {known}."
            )
        if dialect.is_async:
            raise ConfigurationError(
                f"{place}: {dialect.driver} is a driver for asyncio; name one that is not, like "
                "postgresql+psycopg, mysql+pymysql or sqlite."
            )
        if (
            dialect.name == "sqlite"
            and "creator" in options(url, 1)
            and not Path(str(url.database)).is_file()
        ):
            raise ConfigurationError(f"{place}: there is no database at {url.database}.")

    def read(self, arguments: Mapping[str, Any]) -> str:
        """The rows as JSON, an object each."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.connect() as connection:
                held = limit(hold(connection), self._seconds, self._rows + 1)
                result = held.execute(self._query, dict(arguments))
                rows = [dict(row) for row in result.mappings().fetchmany(self._rows + 1)]
                result.close()
                connection.rollback()
        except SQLAlchemyError as error:
            # The driver's own words may hold values and addresses.
            raise ToolError(f"{self._name}: the database refused ({type(error).__name__}).") from error
        more = f"\n(only the first {self._rows} rows)" if len(rows) > self._rows else ""
        return told(rows[: self._rows]) + more
