"""Tables of a SQLite database as documents."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.errors import SourceError
from knowledge.reading import read
from knowledge.sources.sql import SqlSource
from knowledge.sources.testing import SourceContract, World, listing, texts


class SqlWorld(World):
    """A table with a clock of its own, which ticks with every change unless it is stopped."""

    def __init__(self, path: Path, **options: str) -> None:
        self.path = path
        self.now = 100
        self.ticks = True
        self.options = {"query": "SELECT * FROM articles;", "text": "body", **options}
        self.do("CREATE TABLE articles (id TEXT, name TEXT, body TEXT, changed INTEGER, link TEXT)")

    def do(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement, values)

    def open(self) -> SqlSource:
        return SqlSource("articles", url=f"sqlite:///{self.path}", **self.options)

    def put(self, name: str, text: str) -> None:
        self.now += self.ticks
        self.do("DELETE FROM articles WHERE id = ?", name)
        self.do("INSERT INTO articles VALUES (?, 'Título', ?, ?, NULL)", name, text, self.now)

    def remove(self, name: str) -> None:
        self.do("DELETE FROM articles WHERE id = ?", name)

    def move(self, name: str, to: str) -> None:
        self.do("UPDATE articles SET id = ? WHERE id = ?", to, name)

    def fail(self) -> None:
        self.do("DROP TABLE articles")


class TestSql(SourceContract):
    """Every rule, with whole rows compared."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> SqlWorld:
        return SqlWorld(tmp_path / "erp.db")


class TestSqlByChange(SourceContract):
    """Every rule, with a column that says what changed."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> SqlWorld:
        return SqlWorld(tmp_path / "erp.db", changed="changed")

    def test_a_change_gives_a_new_signal_to_that_document_alone(self, world: World) -> None:
        """And to the one that was the newest until then, whose content is found to be the same."""
        for name in ("a.md", "b.md", "c.md"):
            world.put(name, f"Texto de {name}.")
        before = listing(world)
        world.put("a.md", "El precio es 11.")
        after = listing(world)
        assert after["a.md"].signal != before["a.md"].signal
        assert after["b.md"].signal == before["b.md"].signal
        assert texts(world, [after["c.md"]]) == texts(world, [before["c.md"]])


def test_changes_within_one_tick_of_the_clock_are_seen(tmp_path: Path) -> None:
    """The column says nothing, the row does; and older rows keep their signals when the clock goes on."""
    world = SqlWorld(tmp_path / "erp.db", changed="changed")
    world.put("a", "Uno.")
    world.ticks = False
    world.put("b", "Dos.")
    before = listing(world)
    world.put("b", "Tres.")
    after = listing(world)
    assert after["b"].signal != before["b"].signal
    assert after["a"].signal == before["a"].signal


def test_a_row_without_text_is_told_by_its_columns(tmp_path: Path) -> None:
    """By their names; what says which row it is, where and since when, is no part of it."""
    world = SqlWorld(tmp_path / "erp.db", title="name", link="link")
    del world.options["text"]
    world.put("A-1", "Dura 24 meses.")
    world.do("UPDATE articles SET link = 'https://erp.example/A-1'")
    with closing(world.open()) as source:
        (listed,) = source.list()
        document = read(source.fetch(listed))
    assert listed.url == "https://erp.example/A-1"
    assert document.title == "Título"
    assert "body: Dura 24 meses." in document.blocks[-1].text
    assert "erp.example" not in document.blocks[-1].text


@pytest.mark.parametrize("format_", ["markdown", "html", "text"])
def test_a_text_is_what_it_is_said_to_be(tmp_path: Path, format_: str) -> None:
    """With its title above it."""
    world = SqlWorld(tmp_path / "erp.db", title="name", format=format_)
    world.put("a", "<p>Uno.</p>" if format_ == "html" else "Uno.")
    with closing(world.open()) as source:
        document = read(source.fetch(next(source.list())))
    assert document.blocks[-1].text.endswith("Uno.")
    assert "Título" in (
        document.title,
        *(block.text for block in document.blocks),
        document.blocks[0].text[:6],
    )


def test_numbers_are_ids_too(tmp_path: Path) -> None:
    """Listed in this process or in another."""
    path = tmp_path / "n.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, changed TEXT)")
        connection.execute("INSERT INTO t VALUES (7, 'Siete.', '2024-05-01T10:00:00Z')")
    options = {"query": "SELECT id, body, changed FROM t", "text": "body", "changed": "changed"}
    for _ in range(2):
        with closing(SqlSource("n", url=f"sqlite:///{path}", **options)) as source:
            (listed,) = source.list()
            assert str(listed.modified) == "2024-05-01 10:00:00+00:00"
            assert source.fetch(listed).content == b"Siete."
        with closing(SqlSource("n", url=f"sqlite:///{path}", **options)) as source:
            assert source.fetch(listed).content == b"Siete."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"id": "sku"}, "`sku`"),
        ({"text": "cuerpo"}, "`cuerpo`"),
        ({"query": "SELECT id, body FROM nowhere"}, "nowhere"),
        ({"query": "SELECT 1 AS id, body FROM articles"}, "two rows"),
        ({"query": "SELECT NULL AS id, body FROM articles"}, "no `id`"),
    ],
)
def test_mistakes_in_a_query_are_named(tmp_path: Path, options: dict[str, str], told: str) -> None:
    """A listing of them is an error, never an empty one."""
    world = SqlWorld(tmp_path / "erp.db")
    world.put("a", "Uno.")
    world.put("b", "Dos.")
    world.options |= options
    with pytest.raises(SourceError, match=told):
        listing(world)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """An empty one would look as if everything had been deleted."""
    source = SqlSource("x", url=f"sqlite:///{tmp_path}/no.db", query="SELECT 1 AS id")
    with closing(source), pytest.raises(SourceError):
        list(source.list())
    assert not (tmp_path / "no.db").exists()


def test_nothing_can_be_written(tmp_path: Path) -> None:
    """Whatever the query says."""
    world = SqlWorld(tmp_path / "erp.db")
    world.put("a", "Uno.")
    for query in ("DELETE FROM articles RETURNING id", "SELECT id FROM articles) x; DROP TABLE articles; --"):
        world.options["query"] = query
        with pytest.raises(SourceError):
            listing(world)
    world.options["query"] = "SELECT * FROM articles"
    assert set(listing(world)) == {"a"}


def test_colons_in_a_query_are_no_parameters(tmp_path: Path) -> None:
    """Times and casts stand in it as they are."""
    world = SqlWorld(tmp_path / "erp.db")
    world.put("a", "Uno.")
    world.options["query"] = "SELECT id, body, ' :hora 10:30' AS at FROM articles"
    assert b"Uno." in texts(world, listing(world).values())[0]


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    """Neither by a driver that is missing nor by a database that is away."""
    url = "postgresql+psycopg://ana:SECRETO@127.0.0.1:1/erp"
    with pytest.raises(SourceError) as caught:
        list(SqlSource("erp", url=url, query="SELECT 1 AS id").list())
    assert "SECRETO" not in str(caught.value)
