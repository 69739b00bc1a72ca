"""Tables of real servers as documents: PostgreSQL and MariaDB."""

import gc
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from knowledge.documents import Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.sources.sql import SqlSource
from knowledge.sources.testing import SourceContract, World
from tests.databases import NewDatabase

TABLE = "CREATE TABLE articles (id VARCHAR(50), name VARCHAR(50), body TEXT, changed INTEGER)"


def do(url: str, *statements: str, **values: object) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def by_id(source: SqlSource) -> dict[str, Listed]:
    return {one.document: one for one in source.list()}


def articles(url: str, query: str = "SELECT * FROM articles", **options: Any) -> SqlSource:
    return SqlSource("articles", url=url, query=query, **({"text": "body"} | options))


@pytest.fixture(params=["postgres", "mariadb", "mariadb, by its name"])
def url(request: pytest.FixtureRequest) -> str:
    name, _, by_its_name = request.param.partition(",")
    new: NewDatabase = request.getfixturevalue(f"new_{name}")
    return new().replace("mysql+", "mariadb+") if by_its_name else new()


class ServerWorld(World):
    """A table with a clock of its own, which ticks with every change."""

    def __init__(self, url: str, **options: str) -> None:
        self.url = url
        self.now = 100
        self.options = options
        do(url, TABLE)

    def open(self) -> SqlSource:
        return articles(self.url, **self.options)

    def put(self, name: str, text: str) -> None:
        self.now += 1
        self.remove(name)
        row = {"name": name, "text": text, "now": self.now}
        do(self.url, "INSERT INTO articles VALUES (:name, 'Título', :text, :now)", **row)

    def remove(self, name: str) -> None:
        do(self.url, "DELETE FROM articles WHERE id = :name", name=name)

    def move(self, name: str, to: str) -> None:
        do(self.url, "UPDATE articles SET id = :to WHERE id = :name", name=name, to=to)

    def fail(self) -> None:
        do(self.url, "DROP TABLE articles")

    def fail_midway(self) -> None:
        # Two answers where one is wanted, once the last row is reached.
        last = f"id = 'doc-{self.many - 1}.md'"
        two = f"(SELECT a.name FROM articles a WHERE a.id <> o.id OR {last.replace('id', 'o.id', 1)})"
        wanted = f"CASE WHEN {last} THEN {two} ELSE name END"
        query = f"SELECT id, body, changed, {wanted} AS name FROM articles o"
        self.options = {key: value for key, value in self.options.items() if key != "changed"}
        self.options["query"] = query


class TestSqlOnServers(SourceContract):
    """Every rule, with whole rows compared."""

    @pytest.fixture
    def world(self, url: str) -> ServerWorld:
        return ServerWorld(url)


@pytest.mark.parametrize(
    "type_",
    ["INTEGER", "DATE", "TIMESTAMP(6)", "NUMERIC(20, 6)", "FLOAT", "DOUBLE PRECISION", "VARCHAR(40)"],
)
def test_what_changed_is_told_by_a_column_of_any_type(url: str, type_: str) -> None:
    """A later value, a change within one tick, and none are seen; what did not change keeps its signal."""
    dated = type_.startswith(("DATE", "TIME", "VARCHAR"))
    fraction = ".123456" if "6" in type_ and not dated else ""
    fraction = " 10:00:00.123456" if type_.startswith(("TIME", "VARCHAR")) else fraction
    first, second, third = ((f"'2024-05-0{n}{fraction}'" if dated else f"{n}.1") for n in (1, 2, 3))
    nothing = "NULL" if not type_.startswith("TIMESTAMP") else "DEFAULT"
    null = " NULL DEFAULT NULL" if type_.startswith("TIMESTAMP") else ""
    do(
        url,
        f"CREATE TABLE articles (id INTEGER, body TEXT, changed {type_}{null})",
        f"INSERT INTO articles VALUES (1, 'Uno.', {first}), (2, 'Dos.', {second})",
        f"INSERT INTO articles VALUES (3, 'Tres.', {second}), (4, 'Cuatro.', {nothing})",
    )
    with closing(articles(url, changed="changed")) as source:
        before = by_id(source)
        assert by_id(source) == before
        do(
            url,
            "UPDATE articles SET body = 'Otro.', changed = changed WHERE id = 2",
            "UPDATE articles SET body = 'Nuevo.', changed = changed WHERE id = 4",
        )
        after = by_id(source)
        assert {name for name in after if after[name].signal != before[name].signal} == {"2", "4"}
        do(url, f"UPDATE articles SET changed = {third} WHERE id = 3")
        last = by_id(source)
        assert {name for name in "134" if last[name].signal != after[name].signal} == {"3"}
        if dated and not type_.startswith("VARCHAR"):
            assert str(last["3"].modified) == f"2024-05-03{fraction or ' 00:00:00'}+00:00"
        assert last["4"].modified is None


def test_postgres_times_with_a_zone_are_one_moment_in_every_session(new_postgres: NewDatabase) -> None:
    """The zone of a session changes neither the signal nor the date."""
    url = new_postgres()
    do(
        url,
        "CREATE TABLE articles (id INTEGER, body TEXT, changed TIMESTAMPTZ)",
        "INSERT INTO articles VALUES (1, 'Uno.', '2024-05-01 10:00:00.5+02'), (2, 'Dos.', '2025-01-01Z')",
    )
    found = []
    for zone in ("UTC", "America/Argentina/Buenos_Aires", "Asia/Kolkata"):
        with closing(articles(f"{url}&options=-ctimezone%3D{zone}", changed="changed")) as source:
            found.append(by_id(source)["1"])
    assert found == [found[0]] * 3
    assert str(found[0].modified) == "2024-05-01 08:00:00.500000+00:00"


def test_mariadb_times_are_put_into_utc_by_the_query(new_mariadb: NewDatabase) -> None:
    """As the documentation has it, whatever the session's zone is."""
    url = new_mariadb()
    do(
        url,
        "CREATE TABLE articles (id INTEGER, body TEXT, changed TIMESTAMP(6))",
        "SET time_zone = '+00:00'",
        "INSERT INTO articles VALUES (1, 'Uno.', '2024-05-01 08:00:00.5')",
    )
    query = "SELECT id, body, CONVERT_TZ(changed, @@session.time_zone, '+00:00') AS changed FROM articles"
    for zone in ("%2B00:00", "-03:00", "%2B05:30"):
        there = f"{url}&init_command=SET time_zone='{zone}'"
        with closing(articles(there, query, changed="changed")) as source:
            (listed,) = source.list()
        assert str(listed.modified) == "2024-05-01 08:00:00.500000+00:00"


UUID = "0190b5a4-7c3e-7d21-9f00-0123456789ab"


@pytest.mark.parametrize(
    ("type_", "ids"),
    [
        ("INTEGER", ["7", "-3"]),
        ("NUMERIC(30)", ["123456789012345678901234567890"]),
        ("UUID", [UUID]),
        ("VARCHAR(300)", ["rrhh/viajes/1", "ñandú", "50%", "a'b\"c", "dos  espacios", "x" * 300]),
    ],
)
@pytest.mark.parametrize("changed", [None, "changed"])
def test_ids_of_any_type_are_found_again(url: str, type_: str, ids: list[str], changed: str | None) -> None:
    """By who listed them and by another process; one that was deleted is gone, and the others are had."""
    do(url, f"CREATE TABLE articles (id {type_}, body TEXT, changed INTEGER)")
    for number, one in enumerate(ids):
        do(url, "INSERT INTO articles VALUES (:id, :body, 1)", id=one, body=f"Texto {number}.")
    with closing(articles(url, changed=changed)) as source:
        found = by_id(source)
        assert set(found) == set(ids)
        for reader in (source, articles(url, changed=changed)):
            told = [reader.fetch(found[name]).content for name in ids]
            assert told == [f"Texto {number}.".encode() for number in range(len(ids))]
        do(url, "DELETE FROM articles WHERE id = :id", id=ids[0])
        for reader in (source, articles(url)):
            with pytest.raises(UnreadableError):
                reader.fetch(found[ids[0]])
        assert set(by_id(source)) == set(ids[1:])


def test_mariadb_ids_that_are_bytes_or_look_alike_are_each_their_own(new_mariadb: NewDatabase) -> None:
    """Bytes are named in hexadecimal; "a" and "A" are equal to the database, and yet two documents."""
    url = new_mariadb()
    do(
        url,
        "CREATE TABLE articles (id VARCHAR(9), raw BINARY(2), body TEXT)",
        "INSERT INTO articles VALUES ('a', x'00ff', 'Uno.'), ('A', x'ff00', 'Dos.')",
    )
    for name, expected in (("id", {"a": b"Uno.", "A": b"Dos."}), ("raw", {"00ff": b"Uno.", "ff00": b"Dos."})):
        with closing(articles(url, id=name)) as source:
            assert {one.document: source.fetch(one).content for one in source.list()} == expected


def test_what_is_null_is_left_out(url: str) -> None:
    """A title, a link, a time or a text that a row does not have is no word of its document."""
    do(
        url,
        "CREATE TABLE articles (id INTEGER, name TEXT, body TEXT, link TEXT, changed DATE)",
        "INSERT INTO articles (id, body) VALUES (1, 'Uno.')",
        "INSERT INTO articles (id, name) VALUES (2, 'Dos')",
    )
    with closing(articles(url, title="name", link="link", changed="changed")) as source:
        found = by_id(source)
        assert [(one.url, one.modified) for one in found.values()] == [(None, None)] * 2
        assert source.fetch(found["1"]).content == b"Uno."
        assert source.fetch(found["2"]).content == b"# Dos\n\n"


def test_a_query_stands_as_it_is(url: str) -> None:
    """With its percent signs, colons, a subquery by name, and a comment at its end."""
    do(url, TABLE, "INSERT INTO articles VALUES ('50%', 'a:b', 'Uno.', 1), ('x', 'b', 'Dos.', 2)")
    query = (
        "WITH w AS (SELECT * FROM articles WHERE id LIKE '%\\%' AND name LIKE '%:b') SELECT * FROM w -- 5% :x"
    )
    if url.startswith("postgres"):
        query = query.replace("SELECT * FROM w", "SELECT w.*, '10:30'::time AS at FROM w")
    for changed in (None, "changed"):
        with closing(articles(url, query, changed=changed)) as source:
            assert set(by_id(source)) == {"50%"}


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM articles RETURNING id",
        "SELECT id FROM articles) x; DELETE FROM articles; --",
        "SELECT id FROM articles) x; COMMIT; DELETE FROM articles; --",
        "SELECT id FROM articles) x; COMMIT; DELETE FROM articles; SELECT id FROM (SELECT id FROM articles",
        "SELECT id, takes() FROM articles",
        "SELECT id FROM articles FOR UPDATE",
    ],
)
def test_nothing_can_be_written(url: str, query: str) -> None:
    """Whatever the query says, and whatever a function in it does."""
    body = "BEGIN DELETE FROM articles; RETURN 1; END"
    if url.startswith("postgres"):
        body = f"LANGUAGE plpgsql AS $$ {body} $$"
    do(
        url,
        TABLE,
        "INSERT INTO articles VALUES ('a', 'a', 'Uno.', 1)",
        f"CREATE FUNCTION takes() RETURNS INTEGER {body}",
    )
    source = articles(url, query, text=None)
    for act in (lambda: list(source.list()), lambda: source.fetch(Listed("a", "1"))):
        with pytest.raises(SourceError):
            act()
    with closing(articles(url)) as whole:
        assert set(by_id(whole)) == {"a"}


# SQLAlchemy leaves the cursor of a connection that is lost to be collected, which is done here.
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_a_server_that_dies_in_the_middle_is_an_error(url: str) -> None:
    """Nothing of what had come is listed, and the next listing works."""
    do(url, TABLE)
    do(url, "INSERT INTO articles VALUES (:id, 'a', 'Uno.', 1)", id="a")
    ends, series = "KILL CONNECTION_ID()", "seq_1_to_1000"
    if url.startswith("postgres"):
        series = "generate_series(1, 1000) AS s(seq)"
        ends = "CASE WHEN seq = 500 THEN pg_terminate_backend(pg_backend_pid()) END"
    else:
        do(url, f"CREATE PROCEDURE dies() {ends}")
        do(
            url,
            "CREATE FUNCTION dies(n INT) RETURNS INT "
            "BEGIN IF n = 500 THEN CALL dies(); END IF; RETURN 1; END",
        )
        ends = "dies(seq)"
    with closing(articles(url, f"SELECT seq AS id, 'Uno.' AS body, {ends} AS ends FROM {series}")) as source:
        arrived: list[Listed] = []
        with pytest.raises(SourceError):
            arrived.extend(source.list())
    gc.collect()
    assert arrived == []
    with closing(articles(url)) as source:
        assert set(by_id(source)) == {"a"}


MEASURE = """
import resource, sys
from knowledge.sources.sql import SqlSource
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
small, large = (SqlSource("s", url=sys.argv[1], query=query, text="body") for query in sys.argv[2:])
list(small.list())
before = peak()
assert len(list(large.list())) == 2000
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_table(url: str) -> None:
    """Of two hundred megabytes of text a few are held at a time."""
    queries = []
    for many in (1, 2000):
        series = f"generate_series(1, {many}) AS s(seq)" if url.startswith("postgres") else f"seq_1_to_{many}"
        queries.append(f"SELECT seq AS id, repeat('x', 100000) AS body FROM {series}")
    done = subprocess.run([sys.executable, "-c", MEASURE, url, *queries], capture_output=True, check=True)
    assert int(done.stdout) < 60_000  # kilobytes


def test_a_driver_that_cannot_be_used_is_said(new_postgres: NewDatabase) -> None:
    """At the start, with one that can."""
    with pytest.raises(SourceError, match=r"postgresql\+psycopg"):
        articles(new_postgres().replace("+psycopg", "+psycopg_async"))
