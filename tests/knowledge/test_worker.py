"""The process that reads and embeds beside the one that answers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.documents import Fetched, Listed
from knowledge.errors import UnreadableError
from knowledge.indexing import Indexer, Recipe
from knowledge.intake import Version, take_in
from knowledge.priority import Priority
from knowledge.sources.folder import FolderSource
from knowledge.worker import WorkerDiedError, WorkerProcess
from tests.knowledge.indexed import Index, count_words, write

RECIPE = Recipe("words", count_words, 40)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    running = WorkerProcess()
    yield running
    running.close()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise LookupError("no such thing")


def take_in_or_die(fetched: Fetched, listed: Listed, source: str, recipe: Recipe) -> Version:
    """Reads as always, but for a document that takes its parser down."""
    if b"poison" in fetched.content:
        die()
    return take_in(fetched, listed, source, recipe)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_ended(pid: int) -> bool:
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_work_is_done_in_another_process(worker: WorkerProcess) -> None:
    """And all of it in the same one."""
    first, second = worker.run(os.getpid), worker.run(os.getpid)
    assert first == second != os.getpid()


def test_what_a_reader_says_of_a_document_comes_back_as_it_is(worker: WorkerProcess) -> None:
    """The reason and the sentence."""
    with pytest.raises(UnreadableError, match=r"leer\.md") as caught:
        worker.run(take_in, Fetched("leer.md", b""), Listed("leer.md", "1"), "docs", RECIPE)
    assert caught.value.reason == "empty"


def test_an_error_nobody_foresaw_comes_back_in_words(worker: WorkerProcess) -> None:
    """Whatever its class."""
    with pytest.raises(RuntimeError, match="LookupError: no such thing"):
        worker.run(fail)


def test_what_is_printed_over_there_does_not_get_among_the_replies(worker: WorkerProcess) -> None:
    """Parsers print what they like."""
    worker.run(print, "%PDF: warning")
    assert worker.run(abs, -3) == 3


def test_a_worker_that_dies_is_replaced(worker: WorkerProcess) -> None:
    """Its call fails and says so, the next one succeeds."""
    with pytest.raises(WorkerDiedError, match="-9"):
        worker.run(die)
    assert worker.run(abs, -3) == 3


def test_a_worker_that_died_between_calls_is_not_noticed(worker: WorkerProcess) -> None:
    """A call whose process had gone before is made by another one."""
    os.kill(pid := worker.run(os.getpid), signal.SIGKILL)
    assert has_ended(pid)
    assert worker.run(abs, -3) == 3


def test_a_call_that_takes_too_long_is_ended() -> None:
    """A document that never comes to an end keeps nobody for ever."""
    impatient = WorkerProcess(patience=1.0)
    with pytest.raises(WorkerDiedError, match="longer than 1 s"):
        impatient.run(time.sleep, 3600)
    impatient.close()


def test_closing_ends_a_call_under_way(worker: WorkerProcess) -> None:
    """Nobody waits for it."""
    pid = worker.run(os.getpid)
    errors: list[WorkerDiedError] = []

    def call() -> None:
        with pytest.raises(WorkerDiedError) as caught:
            worker.run(time.sleep, 3600)
        errors.append(caught.value)

    calling = threading.Thread(target=call)
    calling.start()
    while not worker._turn.locked():
        time.sleep(0.01)
    worker.close()
    calling.join()
    assert errors and has_ended(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("paused", [False, True], ids=["at work", "paused"])
def test_it_ends_with_the_process_it_works_for(paused: bool) -> None:
    """Killed or not, and even where it had been paused."""
    program = (
        "import os, signal\nfrom knowledge.worker import WorkerProcess\n"
        "worker = WorkerProcess()\nprint(worker.run(os.getpid), flush=True)\n"
        f"{'worker.pause()' if paused else ''}\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=30, check=False)
    assert parent.returncode == -signal.SIGKILL
    assert has_ended(int(parent.stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_question_takes_it_off_the_processor(worker: WorkerProcess) -> None:
    """Until it is answered."""
    pid = worker.run(os.getpid)

    def state() -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    priority = Priority(worker.pause, worker.resume)
    with priority.question():
        with priority.question():
            pass
        while state() != "T":  # a signal takes a moment
            time.sleep(0.01)
    assert worker.run(abs, -3) == 3


def test_under_questions_without_end_it_gets_on(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a second of them it works beside them."""
    worker.run(os.getpid)
    clock = [0.0]
    monkeypatch.setattr("knowledge.priority.time.monotonic", lambda: clock[0])
    priority = Priority(worker.pause, worker.resume)
    with priority.question():
        clock[0] = 2.0
        with priority.question():
            assert worker.run(abs, -3) == 3


def test_a_document_that_takes_its_parser_down_is_reported_by_name(
    tmp_path: Path, worker: WorkerProcess
) -> None:
    """The others are read."""
    write(tmp_path / "docs", uno="# Uno\n\nuno", dos="# Dos\n\npoison", tres="# Tres\n\ntres")

    def run(_: object, *args: object) -> object:
        return worker.run(take_in_or_die, *args)  # type: ignore[arg-type]

    with Index(tmp_path) as index:
        indexer = Indexer(index.manifest, tmp_path / "lexical", RECIPE, run=run)
        report = indexer.sync(FolderSource("docs", tmp_path / "docs"))
        indexer.close()
        assert report.added == 2
        assert [(failure.document, failure.reason) for failure in report.failed] == [("dos.md", "unexpected")]
        assert "ended with -9" in report.failed[0].message
        assert set(index.find("tres")) == {"tres.md"}
