"""The index of words on disk: what is written is found, by whom, and what becomes of it when it breaks."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from knowledge.documents import Passage
from knowledge.errors import KnowledgeError
from knowledge.lexical import LexicalReader, LexicalWriter, Terms

ALL = frozenset({"a", "b"})


def passage(id_: str, text: str, *, source: str = "a", title: str = "", heading: str = "") -> Passage:
    return Passage(id_, source, f"{id_}.md", title, (heading,) if heading else (), text)


def found(reader: LexicalReader, question: str, sources: frozenset[str] = ALL) -> list[str]:
    """Ids that the stems find, best first, each once."""
    ids = list(reader.search(Terms.of(question), 100, sources).stems)
    assert len(ids) == len(set(ids))
    return ids


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lexical"


@pytest.fixture
def writer(path):
    with LexicalWriter(path) as writer:
        yield writer


@pytest.fixture
def reader(path):
    return LexicalReader(path)


def test_nothing_is_found_before_there_is_an_index(path):
    """A reader of a folder that does not exist is empty, and makes none."""
    reader = LexicalReader(path)
    assert reader.empty
    assert found(reader, "gastos") == []
    assert reader.idf("stems", ["s_gast"]) == {"s_gast": 0.0}
    assert not path.exists()


def test_what_is_committed_is_seen_at_once_by_a_reader_already_open(reader, writer):
    """A commit shows in the next search, all of it; before, none of it does."""
    assert reader.empty
    writer.add([passage("1", "gastos de viaje"), passage("2", "viaje a Madrid")])
    assert found(reader, "viajes") == []
    writer.commit()
    assert set(found(reader, "viajes")) == {"1", "2"}
    assert reader.size == 2


def test_title_and_headings_are_searched(reader, writer):
    """A passage is found by where it stands."""
    writer.add([passage("1", "Son 15.", title="Vacaciones", heading="Argentina")])
    writer.commit()
    assert found(reader, "vacaciones en argentina") == ["1"]


def test_adding_an_id_again_replaces_it(reader, writer):
    """The same id is there once, with its last text, within a commit and across commits."""
    writer.add([passage("1", "perro")])
    writer.commit()
    writer.add([passage("1", "gato"), passage("1", "caballo")])
    writer.commit()
    assert reader.size == 1
    assert found(reader, "perro gato") == []
    assert found(reader, "caballo") == ["1"]


def test_deleting_really_deletes(reader, writer):
    """What is taken out is found no more, whatever its id looks like; unknown ids are no error."""
    odd = ["a b", "x-y:z/ñ#1", "Ünï"]
    writer.add([passage(id_, "palabra") for id_ in [*odd, "stays"]])
    writer.commit()
    assert reader.size == 4
    writer.delete([*odd, "unknown"])
    writer.commit()
    assert reader.ids() == {"stays"}
    assert found(reader, "palabra") == ["stays"]


def test_rollback_forgets(reader, writer):
    """What was not committed is as if it had never been, deletions too."""
    writer.add([passage("1", "uno solo")])
    writer.commit()
    writer.add([passage("2", "otro solo")])
    writer.delete(["1"])
    writer.rollback()
    writer.commit()
    assert reader.ids() == {"1"}


def test_closing_forgets_what_was_not_committed(path, reader):
    """An owner that leaves in the middle leaves the last commit."""
    with LexicalWriter(path) as writer:
        writer.add([passage("1", "palabra")])
    with LexicalWriter(path) as writer:
        writer.commit()
    assert reader.empty


@pytest.mark.parametrize("count", [1, 3, 30])
def test_only_the_sources_that_may_be_read(path, count):
    """No passage of another source is found, by stems or by grams, however many sources there are."""
    reader = LexicalReader(path)
    names = [f"source {number}" for number in range(count)]
    with LexicalWriter(path) as writer:
        writer.add([passage(name, "secreto compartido", source=name) for name in [*names, "private"]])
        writer.commit()
    for allowed in (frozenset(names), frozenset(names[:1]), frozenset({"nowhere"}), frozenset()):
        scores = reader.search(Terms.of("secreto"), 100, allowed)
        expected = {name for name in names if name in allowed}
        assert set(scores.stems) == set(scores.grams) == expected


def test_no_passage_is_found_that_has_none_of_the_words(reader, writer):
    """Being in a readable source is not enough to be found."""
    writer.add([passage("1", "perro"), passage("2", "gato", source="b"), passage("3", "pez")])
    writer.commit()
    assert found(reader, "gato", frozenset({"b"})) == ["2"]
    assert found(reader, "perro", frozenset({"b"})) == []


def test_scores_never_pass_the_highest(reader, writer):
    """The share of the highest score is between 0 and 1."""
    writer.add([passage(str(n), "vacaciones " * n) for n in range(1, 30)])
    writer.commit()
    scores = reader.search(Terms.of("vacaciones"), 100, ALL)
    assert 0 < max(scores.stems.values()) <= scores.highest_stems
    assert 0 < max(scores.grams.values()) <= scores.highest_grams


def test_rare_words_weigh_more(reader, writer):
    """Inverse document frequency falls with the number of passages that have a term."""
    writer.add([passage(str(n), "común" + (" rara" if n == 0 else "")) for n in range(10)])
    writer.commit()
    idf = reader.idf("stems", ["s_comun", "s_rar", "s_nunca"])
    assert idf["s_comun"] < idf["s_rar"] < idf["s_nunca"]


def test_a_translation_finds_documents_in_the_other_language(reader, writer):
    """A word finds its translation, which shares no letters with it, after what has the word itself."""
    writer.add(
        [
            passage("en", "Holidays are agreed in advance."),
            passage("es", "Las vacaciones se acuerdan previamente."),
        ]
    )
    writer.add([passage(str(n), f"relleno {n}") for n in range(20)])
    writer.commit()
    assert found(reader, "¿Cuándo son las vacaciones?")[:2] == ["es", "en"]
    assert found(reader, "When are the holidays?")[:2] == ["en", "es"]


@pytest.mark.parametrize(
    "question", ["", " ", "???", "de la", "😀", "\ud800", "a" * 10_000, "\0", '"(+AND:*"']
)
def test_odd_questions_find_something_or_nothing(reader, writer, question):
    """No question is an error, query syntax included."""
    writer.add([passage("1", "de la casa aaaa")])
    writer.commit()
    reader.search(Terms.of(question), 10, ALL)


def test_a_very_long_question_is_searched_by_its_rarest_words(reader, writer):
    """Ten thousand different words are cut to those that tell most."""
    writer.add([passage("1", "quetzal"), *(passage(f"w{n}", f"palabra{n}") for n in range(50))])
    writer.commit()
    everything = " ".join(f"nada{n}" for n in range(500)) + " quetzal"
    assert "1" in found(reader, everything)
    reader.search(Terms.of(" ".join(f"otra{n}" for n in range(10_000))), 10, ALL)


def test_one_writer_at_a_time(path):
    """A second writer is told in a sentence, and can write once the first is closed."""
    with LexicalWriter(path), pytest.raises(KnowledgeError, match="another process"):
        LexicalWriter(path)
    with LexicalWriter(path):
        pass


def test_incomplete_until_told_otherwise(path):
    """A new index asks to be filled, at every start, until its owner says that it is."""
    with LexicalWriter(path) as writer:
        assert writer.incomplete
        writer.add([passage("1", "palabra")])
        writer.commit()
    with LexicalWriter(path) as writer:
        assert writer.incomplete
        writer.add([passage("1", "palabra")])
        writer.commit()
        writer.completed()
        assert not writer.incomplete
    with LexicalWriter(path) as writer:
        assert not writer.incomplete
    assert LexicalReader(path).size == 1


def ruin_stamp(path: Path) -> None:
    (path / "stamp.json").write_text('{"layout": "0.0", "complete": true}', "utf-8")


def ruin_meta(path: Path) -> None:
    (path / "index" / "meta.json").write_text("{nonsense", "utf-8")


def ruin_segments(path: Path) -> None:
    for file in (path / "index").glob("*.*"):
        if file.suffix in {".idx", ".term", ".store"}:
            file.write_bytes(b"")


def lose_segments(path: Path) -> None:
    for file in (path / "index").glob("*.term"):
        file.unlink()


def lose_folder(path: Path) -> None:
    for file in (path / "index").iterdir():
        file.unlink()
    (path / "index").rmdir()


@pytest.mark.parametrize("ruin", [ruin_stamp, ruin_meta, ruin_segments, lose_segments, lose_folder])
def test_a_ruined_index_is_empty_and_can_be_filled_again(path, ruin):
    """Readers find nothing in a damaged or outdated index; its next writer starts a new one for them."""
    with LexicalWriter(path) as writer:
        writer.add([passage("1", "palabra")])
        writer.commit()
        writer.completed()
    already_open = LexicalReader(path)
    assert not already_open.empty
    ruin(path)
    assert LexicalReader(path).empty
    with LexicalWriter(path) as writer:
        assert writer.incomplete
        assert already_open.empty
        writer.add([passage("1", "palabra")])
        writer.commit()
        writer.completed()
        assert found(already_open, "palabra") == found(LexicalReader(path), "palabra") == ["1"]


WRITE_WITHOUT_END = """
import sys
from pathlib import Path
from knowledge.documents import Passage
from knowledge.lexical import LexicalWriter

with LexicalWriter(Path(sys.argv[1])) as writer:
    version = int(sys.argv[2])
    while True:
        version += 1
        writer.delete([f"{version - 1}-{part}" for part in range(5)])
        writer.add(
            [Passage(f"{version}-{part}", "a", "d", "", (), f"palabra {version}") for part in range(5)]
        )
        writer.commit()
        print(version, flush=True)
"""


@pytest.mark.slow
def test_killed_while_writing(path):
    """SIGKILL at any moment leaves the last commit whole, and the next writer is let in at once."""
    version = 0
    chance = random.Random(0)
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_WITHOUT_END, str(path), str(version)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 12)):
            version = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        version = max([version, *(int(line) for line in process.stdout if line.endswith("\n"))])
        process.wait()
        process.stdout.close()
        versions = {id_.partition("-")[0] for id_ in LexicalReader(path).ids()}
        assert LexicalReader(path).size == 5
        assert versions <= {str(version), str(version + 1)}
        version = int(versions.pop())


FILL_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from knowledge.documents import Passage
from knowledge.lexical import LexicalReader, LexicalWriter

path = Path(sys.argv[1])
many = [Passage(str(n), "a", "d", "", (), " ".join(f"w{n}x{k}" for k in range(99))) for n in range(300)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with LexicalWriter(path) as writer:
    writer.add(many[:1])
    writer.commit()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    refused = 0
    for roll_back in (False, True, True):
        try:
            writer.add(many)
            writer.commit()
        except (OSError, ValueError):
            refused += 1
        assert LexicalReader(path).size == 1
        if roll_back:
            writer.rollback()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.add(many)
    writer.commit()
    print(refused, LexicalReader(path).size)
"""


def test_a_full_disk_is_never_taken_for_a_commit(path):
    """While nothing can be written every commit fails and the last one stands; with room again it goes on."""
    ran = subprocess.run(
        [sys.executable, "-c", FILL_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.split() == ["3", "300"]


def test_readers_in_threads_never_see_half_a_commit(path):
    """While one thread replaces all passages again and again, others find each time one whole version."""
    reader = LexicalReader(path)
    torn: list[set[str]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            ids = reader.search(Terms.of("palabra"), 100, ALL).stems
            versions = {id_.partition("-")[0] for id_ in ids}
            if ids and (len(versions) != 1 or len(ids) != 4):
                torn.append(set(ids))

    threads = [threading.Thread(target=search) for _ in range(3)]
    with LexicalWriter(path) as writer:
        for thread in threads:
            thread.start()
        for version in range(15):
            writer.delete([f"{version - 1}-{part}" for part in range(4)])
            writer.add([passage(f"{version}-{part}", "palabra") for part in range(4)])
            writer.commit()
        done.set()
        for thread in threads:
            thread.join()
    assert not torn


class Model(RuleBasedStateMachine):
    """Any order of adding, deleting, committing and rolling back leaves what a dictionary would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.writer = LexicalWriter(path)
        self.reader = LexicalReader(path)
        self.committed: dict[str, str] = {}
        self.pending: dict[str, str] = {}

    @rule(id_=st.sampled_from("123456"), word=st.sampled_from(["perro", "gato", "caballo"]))
    def add(self, id_, word):
        self.writer.add([passage(id_, word)])
        self.pending[id_] = word

    @rule(ids=st.sets(st.sampled_from("123456")))
    def delete(self, ids):
        self.writer.delete(ids)
        for id_ in ids:
            self.pending.pop(id_, None)

    @rule()
    def commit(self):
        self.writer.commit()
        self.committed = dict(self.pending)

    @rule()
    def rollback(self):
        self.writer.rollback()
        self.pending = dict(self.committed)

    @invariant()
    def readers_see_the_last_commit(self):
        assert self.reader.ids() == set(self.committed)
        for word in ("perro", "gato", "caballo"):
            assert set(found(self.reader, word)) == {i for i, w in self.committed.items() if w == word}

    def teardown(self):
        self.writer.close()
        self.folder.cleanup()


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_indexed_and_any_question_answered(tmp_path_factory, text, question):
    """No text breaks the index; a text with words is found by itself."""
    path = tmp_path_factory.mktemp("any")
    with LexicalWriter(path) as writer:
        writer.add([passage("1", text)])
        writer.commit()
        reader = LexicalReader(path)
        reader.search(Terms.of(question), 10, ALL)
        scores = reader.search(Terms.of(text), 10, ALL)
        assert bool(scores.grams) == bool(Terms.of(text).grams)
