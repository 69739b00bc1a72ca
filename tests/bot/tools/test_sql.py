"""SQL lookups: bound parameters, and a database that lets nothing be written."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bot.errors import ConfigurationError
from bot.tools.settings import SqlTool
from bot.tools.sql import _Database
from bot.tools.toolbox import Toolbox
from tests.bot.tools.conftest import Kit, Library, Load

STOCK = '''
[[tools]]
name = "stock"
kind = "sql"
url = "sqlite:///stock.sqlite"
query = """
    SELECT name, units FROM stock
    WHERE name LIKE '%' || :product || '%' AND (:country IS NULL OR country = :country)
"""
max_rows = 3
[tools.parameters.country]
choices = ["AR", "ES"]
optional = true
'''
Open = Callable[..., Kit]


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Path:
    path = tmp_path / "stock.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE stock (name TEXT, units INTEGER, country TEXT)")
        rows = [("Rocío 2", 4, "AR"), ("Rocío 2", 0, "ES"), ("Noria", 7, "ES")]
        connection.executemany("INSERT INTO stock VALUES (?, ?, ?)", rows)
    connection.close()
    return path


async def test_rows_come_back_as_objects(kit: Open) -> None:
    """Bound by name, with what was left out as NULL."""
    opened = kit(STOCK)
    called = await opened.call("stock", {"product": "Roc", "country": "AR"})
    assert json.loads(called.output.text) == [{"name": "Rocío 2", "units": 4}]
    called = await opened.call("stock", {"product": "Roc"})
    assert len(json.loads(called.output.text)) == 2


async def test_a_parameter_is_never_part_of_the_query(kit: Open, database: Path) -> None:
    """What would be SQL in the query's text is a name nobody has."""
    called = await kit(STOCK).call("stock", {"product": "' OR 1=1; DROP TABLE stock; --"})
    assert called.output.text == "[]"
    assert sqlite3.connect(database).execute("SELECT count(*) FROM stock").fetchone() == (3,)


async def test_rows_are_limited_and_it_is_said(kit: Open) -> None:
    """The model knows that there is more."""
    called = await kit(STOCK.replace("max_rows = 3", "max_rows = 1")).call("stock", {"product": ""})
    assert called.output.text.endswith("(only the first 1 rows)")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stock VALUES ('x', 1, 'AR')",
        "UPDATE stock SET units = 0",
        "DELETE FROM stock",
        "DROP TABLE stock",
        "CREATE TABLE other (a)",
        "PRAGMA query_only = OFF",
        "ATTACH DATABASE 'other.sqlite' AS other",
        "WITH gone AS (SELECT 1) DELETE FROM stock",
        "SELECT load_extension('x')",
    ],
)
def test_the_database_refuses_to_write(load: Load, database: Path, statement: str) -> None:
    """Whatever the query says: the check of its text is not what holds."""
    settings = load(STOCK).tools[0]
    assert isinstance(settings, SqlTool)
    careless = settings.model_copy(update={"query": statement})
    with pytest.raises(Exception, match="the database refused"):
        _Database(careless, {}, "here").read({})
    assert sqlite3.connect(database).execute("SELECT count(*) FROM stock").fetchone() == (3,)
    assert not (database.parent / "other.sqlite").exists()


async def test_a_query_that_does_not_end_is_ended(kit: Open) -> None:
    """By the database itself, within the tool's time."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    toml = '[[tools]]\nname = "n"\nkind = "sql"\nurl = "sqlite:///stock.sqlite"\ntimeout = "1s"\n'
    toml += f'query = "{endless}"'
    called = await kit(toml).call("n")
    assert called.record.outcome == "timed_out"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("SELECT name", "DELETE name", "SELECT … or WITH"),
        ("= :country)", "= :country); DROP TABLE stock", "more than one statement"),
        ("parameters.country", "parameters.contry", "did you mean `country`?"),
        ("stock.sqlite", "nowhere.sqlite", "no database at"),
        ("sqlite:///stock.sqlite", "no url", "names no database"),
        ("sqlite:///stock.sqlite", "nosuch://a/b", "names no database"),
        ('url = "sqlite:///stock.sqlite"\n', "", "`url` is missing"),
    ],
)
def test_mistakes_are_named(load: Load, right: str, wrong: str, said: str) -> None:
    """At the start, not at the first question."""
    assert right in STOCK
    with pytest.raises(ConfigurationError) as caught:
        Toolbox(load(STOCK.replace(right, wrong, 1)), Library())
    assert said in str(caught.value)
    assert '[[tools]] "stock"' in str(caught.value)


def test_a_database_that_cannot_be_held_to_reading_is_refused(load: Load) -> None:
    """Rather than trusted."""

    class Odd(SQLiteDialect_pysqlite):
        name = "odd"
        supports_statement_cache = True

    registry.impls["odd"] = lambda: Odd
    try:
        with pytest.raises(ConfigurationError, match="no transaction that only reads"):
            Toolbox(load(STOCK.replace("sqlite:///stock.sqlite", "odd://")), Library())
    finally:
        del registry.impls["odd"]
