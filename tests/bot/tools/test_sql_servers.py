"""SQL lookups on real servers: what the database itself refuses, whatever the query says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.errors import ConfigurationError
from bot.tools.settings import SqlTool
from bot.tools.sql import _Database
from bot.tools.tool import ToolError
from tests.databases import NewDatabase

TABLE = (
    "CREATE TABLE stock (name VARCHAR(50), units INTEGER)",
    "INSERT INTO stock VALUES ('Rocío', 4), ('Noria', 7), ('Acequia', 0)",
)
POSTGRES = (
    *TABLE,
    "CREATE SEQUENCE numbers",
    "CREATE FUNCTION takes() RETURNS INTEGER LANGUAGE plpgsql AS "
    "$$ BEGIN UPDATE stock SET units = 0; RETURN 1; END $$",
)
MARIADB = (
    *TABLE,
    "CREATE TABLE old (name VARCHAR(50)) ENGINE = MyISAM",
    "CREATE FUNCTION takes() RETURNS INTEGER BEGIN UPDATE stock SET units = 0; RETURN 1; END",
)
WRITES = (
    "INSERT INTO stock VALUES ('x', 1)",
    "UPDATE stock SET units = 0",
    "DELETE FROM stock",
    "DROP TABLE stock",
    "TRUNCATE TABLE stock",
    "ALTER TABLE stock ADD COLUMN more INTEGER",
    "CREATE TABLE other (a INTEGER)",
    "SELECT takes()",
    "SELECT * FROM stock FOR UPDATE",
    "SELECT 1; COMMIT; DELETE FROM stock",
)


def lookup(url: str, query: str, **more: Any) -> _Database:
    """A lookup whose query was not looked at."""
    settings = SqlTool(kind="sql", name="t", url=url, query="SELECT 1", **more)
    return _Database(settings.model_copy(update={"query": query}), {}, "here")


def prepared(url: str, statements: tuple[str, ...]) -> str:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return url


def rows(url: str) -> list[tuple[Any, ...]]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return sorted(map(tuple, connection.execute(text("SELECT name, units FROM stock"))))


@pytest.fixture
def postgres(new_postgres: NewDatabase) -> str:
    return prepared(new_postgres(), POSTGRES)


@pytest.fixture
def mariadb(new_mariadb: NewDatabase) -> str:
    return prepared(new_mariadb(), MARIADB)


@pytest.fixture(params=["postgres", "mariadb", "mariadb, by its name"])
def url(request: pytest.FixtureRequest) -> str:
    name, _, by_its_name = request.param.partition(",")
    found: str = request.getfixturevalue(name)
    return found.replace("mysql+", "mariadb+") if by_its_name else found


def test_rows_come_back_as_objects(url: str) -> None:
    """Bound by name; what would be SQL in the query's text is a name nobody has."""
    found = lookup(url, "SELECT name, units FROM stock WHERE name = :name")
    assert json.loads(found.read({"name": "Rocío"})) == [{"name": "Rocío", "units": 4}]
    assert found.read({"name": "' OR 1=1; DROP TABLE stock; --"}) == "[]"


@pytest.mark.parametrize("statement", WRITES)
def test_the_database_refuses_to_write(url: str, statement: str) -> None:
    """Also by a function, by a second statement, and by what ends a transaction by itself."""
    before = rows(url)
    with pytest.raises(ToolError, match="the database refused"):
        lookup(url, statement).read({})
    assert rows(url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nextval('numbers')",
        "WITH gone AS (DELETE FROM stock RETURNING *) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', true), takes()",
        "SELECT * INTO other FROM stock",
        "SELECT E'\\''; DELETE FROM stock; --'",
        "DO $$ BEGIN DELETE FROM stock; END $$",
        "SET TRANSACTION READ WRITE",
        "COPY stock TO PROGRAM 'true'",
    ],
)
def test_postgres_refuses_what_it_alone_can_do(postgres: str, statement: str) -> None:
    """Sequences, writes within a query, and ways out of the transaction."""
    before = rows(postgres)
    with pytest.raises(ToolError, match="the database refused"):
        lookup(postgres, statement).read({})
    assert rows(postgres) == before


def test_mariadb_refuses_tables_without_transactions(mariadb: str) -> None:
    """Where nothing could be taken back."""
    with pytest.raises(ToolError, match="the database refused"):
        lookup(mariadb, "INSERT INTO old VALUES ('x')").read({})


@pytest.mark.parametrize("rows_", [1, 3])
def test_rows_are_limited_and_it_is_said(url: str, rows_: int) -> None:
    """The model knows that there is more."""
    told = lookup(url, "SELECT name FROM stock ORDER BY name", max_rows=rows_).read({})
    assert len(json.loads(told.partition("\n")[0])) == rows_
    assert told.endswith(f"(only the first {rows_} rows)") == (rows_ < 3)


def test_a_long_result_is_not_read_to_its_end(url: str) -> None:
    """Of ten to the ninth rows the first few come at once; no memory would hold them all."""
    times = " CROSS JOIN ".join(f"stock s{number}" for number in range(19))
    told = lookup(url, f"SELECT s0.name FROM {times}", max_rows=2).read({})
    assert told.endswith("(only the first 2 rows)")


def test_a_query_that_does_not_end_is_ended(url: str) -> None:
    """By the database itself, within the tool's time."""
    times = " CROSS JOIN ".join(f"stock s{number}" for number in range(19))
    with pytest.raises(ToolError, match="the database refused"):
        lookup(url, f"SELECT count(*) FROM {times}", timeout=timedelta(seconds=1)).read({})


def test_a_driver_that_cannot_be_used_is_said(postgres: str) -> None:
    """At the start, with one that can."""
    with pytest.raises(ConfigurationError, match=r"postgresql\+psycopg"):
        lookup(postgres.replace("+psycopg", "+psycopg_async"), "SELECT 1")
