from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, select

from knowledge.database import create_derived_tables, create_tables, open_database, reading, writing
from knowledge.errors import KnowledgeError


def table(metadata: MetaData, name: str) -> Table:
    return Table(name, metadata, Column("id", Integer, primary_key=True), Column("text", String))


def test_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    """While one connection writes, another reads what was there before."""
    engine = open_database(f"sqlite:///{tmp_path}/a.db")
    things = table(metadata := MetaData(), "things")
    create_tables(engine, metadata)
    with writing(engine) as writer:
        writer.execute(things.insert(), {"text": "new"})
        with reading(engine) as reader:
            assert reader.scalar(select(func.count()).select_from(things)) == 0
    with reading(engine) as reader:
        assert reader.scalar(select(func.count()).select_from(things)) == 1


def test_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    """What raises half way is as if it had not begun."""
    engine = open_database(f"sqlite:///{tmp_path}/a.db")
    things = table(metadata := MetaData(), "things")
    create_tables(engine, metadata)
    with pytest.raises(ZeroDivisionError), writing(engine) as writer:
        writer.execute(things.insert(), {"text": "new"})
        raise ZeroDivisionError
    with reading(engine) as reader:
        assert reader.scalar(select(func.count()).select_from(things)) == 0


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """A data folder that is not there yet is no error."""
    open_database(f"sqlite:///{tmp_path}/not/there/a.db")
    assert (tmp_path / "not" / "there" / "a.db").exists()


def test_tables_of_another_version_are_made_anew_and_others_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Derived tables are dropped with a word in the log when their version changes; the journal never is."""
    engine = open_database(f"sqlite:///{tmp_path}/a.db")
    journal, turns = (journal_data := MetaData()), table(journal_data, "turns")
    derived, things = (derived_data := MetaData()), table(derived_data, "things")
    create_tables(engine, journal)
    create_derived_tables(engine, derived, "index", 1)
    with writing(engine) as writer:
        writer.execute(turns.insert(), {"text": "kept"})
        writer.execute(things.insert(), {"text": "derived"})
    create_tables(engine, journal)
    create_derived_tables(engine, derived, "index", 1)
    with reading(engine) as reader:
        assert reader.scalar(select(things.c.text)) == "derived"
    assert not caplog.records
    newer = MetaData()
    wider = Table("things", newer, Column("id", Integer, primary_key=True), Column("other", String))
    create_derived_tables(engine, newer, "index", 2)
    with reading(engine) as reader:
        assert reader.scalar(select(turns.c.text)) == "kept"
        assert reader.execute(select(wider)).all() == []
    assert "index" in caplog.text


def test_tables_of_others_are_never_dropped(tmp_path: Path) -> None:
    """A database that already has a table of that name and was never ours keeps its rows."""
    engine = open_database(f"sqlite:///{tmp_path}/a.db")
    things = table(metadata := MetaData(), "things")
    create_tables(engine, metadata)
    with writing(engine) as writer:
        writer.execute(things.insert(), {"text": "theirs"})
    create_derived_tables(engine, metadata, "index", 1)
    with reading(engine) as reader:
        assert reader.scalar(select(things.c.text)) == "theirs"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "sqlite:///path"),
        ("mysql://host/name", "mysql"),
        ("postgresql://bot:hush@127.0.0.1:1/name", "PostgreSQL|127.0.0.1"),
    ],
)
def test_unusable_address_is_one_sentence(url: str, said: str) -> None:
    """A wrong address is said in a sentence that names no password."""
    with pytest.raises(KnowledgeError, match=said) as caught:
        open_database(url)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """What cannot be opened is named and left as it is."""
    path = tmp_path / "a.db"
    path.write_text("nothing of the kind " * 100)
    with pytest.raises(KnowledgeError, match="database"):
        open_database(f"sqlite:///{path}")
    assert path.read_text().startswith("nothing of the kind")


def test_place_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    """A data folder under a file is refused with the path."""
    (tmp_path / "file").touch()
    with pytest.raises(KnowledgeError, match="file"):
        open_database(f"sqlite:///{tmp_path}/file/a.db")


def test_failure_in_use_is_explained(tmp_path: Path) -> None:
    """A database that breaks under the feet of its user says which one it was."""
    path = tmp_path / "a.db"
    engine = open_database(f"sqlite:///{path}")
    things = table(metadata := MetaData(), "things")
    create_tables(engine, metadata)
    engine.dispose()
    for file in tmp_path.iterdir():
        file.write_bytes(b"x" * 10_000)
    with pytest.raises(KnowledgeError, match="database"), reading(engine) as reader:
        reader.execute(select(things))


def test_commits_are_durable(tmp_path: Path) -> None:
    """Every connection writes ahead and waits until a commit is on the disk."""
    engine = open_database(f"sqlite:///{tmp_path}/a.db")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
