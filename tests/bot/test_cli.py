"""The command line: what is printed where, what is said of errors, and how the process ends."""

import asyncio
import json
import os
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import cli, main
from bot.commands.questions import _read_requests
from bot.errors import ConfigurationError, StateError
from bot.messages import Answer, Citation, RegisterScore
from knowledge.errors import SourceError

HITS = [{"document": "a.md", "title": "A", "heading": "H", "score": 0.5, "text": "texto"}]

FAILED = [{"document": "x.pdf", "reason": "encrypted", "message": "It has a password."}]
STATUS = {
    "source": "handbook",
    "documents": 3,
    "age": 7_300.0,
    "failed": FAILED,
    "notes": {"y.pdf": ["3 of 10 pages have no text."]},
    "problem": "It was stopped.",
}


@dataclass(frozen=True)
class AskRequest:
    question: str
    channel: str
    thread: str | None = None


def answer_to(request: AskRequest, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "id": "terminal:1",
        "outcome": "answered",
        "text": f"Sobre «{request.question}»: 15 días [1].",
        "answer": "15 días",
        "confidence": 0.9,
        "citations": [
            Citation(
                number=1, title="Vacaciones", source="handbook", document="vacaciones.md", location="España",
                url=None, as_of=None, excerpt="15 días",
            )
        ],
        "persona": "amable",
        "register": RegisterScore(singular="tú", plural="vosotros", score=None),
        "model": None,
    }  # fmt: skip
    return Answer(**{**values, **changes})


@dataclass
class FakeApp:
    """The composition root as the commands see it; each call is noted, and may do what a test says."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    failure: BaseException | None = None
    problem: str | None = None
    hindrance: str | None = None

    def note(self, *call: Any) -> None:
        print("a library prints something")  # noqa: T201 - what --json must keep off standard output
        self.calls.append(call)
        if self.failure:
            raise self.failure

    async def ask_many(self, _: Any, requests: list[AskRequest], tell: Any) -> AsyncIterator[Answer]:
        self.note("ask", requests)
        tell("handbook", 1, 2)
        for request in requests:
            yield answer_to(request, **self.changes)

    async def search(self, _: Any, *arguments: Any) -> list[dict[str, Any]]:
        self.note("search", *arguments)
        return HITS

    async def index(
        self, _: Any, source: str | None, tell: Any, agree: Any, **flags: bool
    ) -> list[dict[str, Any]]:
        self.note("index", source, {name for name, given in flags.items() if given})
        tell("handbook", 1, 2)
        return [{"source": "handbook", "seen": 2, "failed": FAILED,
                 "problem": self.problem, "hindrance": self.hindrance}]  # fmt: skip

    async def cancel_index(self, _: Any, source: str | None) -> Answer:
        self.note("cancel", source)
        return answer_to(AskRequest("", ""), **self.changes)

    async def sources(self, _: Any, action: str | None, source: str | None) -> Answer:
        self.note("sources", action, source)
        return answer_to(AskRequest("", ""), **self.changes)

    async def status(self, _: Any) -> dict[str, Any]:
        self.note("status")
        return {"documents": 3, "reasons": {"duplicate": 2}, "sources": [STATUS]}

    async def evaluate_retrieval(self, _: Any, queries: Any) -> dict[str, Any]:
        self.note("eval", queries)
        return {"n": len(queries), "recall@1": 1.0, "latency": {"p50": 0.01}}

    async def run_chat(self, _: Any, channel: str, tell: Any) -> None:
        self.note("chat", channel)

    async def run_serve(self, _: Any) -> None:
        self.note("serve")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApp:
    """The fake composition root, in a folder with a configuration."""
    (tmp_path / "vocero.toml").touch()
    monkeypatch.chdir(tmp_path)
    fake = FakeApp()
    requests = ("ask_many", "search", "index", "cancel_index", "sources", "status", "evaluate_retrieval")
    for name, functions in (("bot.app", ("run_chat", "run_serve")), ("bot.requests", requests)):
        module = types.ModuleType(name)
        module.AskRequest = AskRequest  # type: ignore[attr-defined]
        for function in functions:
            setattr(module, function, getattr(fake, function))
        monkeypatch.setitem(sys.modules, name, module)
    return fake


Vocero = Callable[..., tuple[int, str, str]]


@pytest.fixture
def vocero(app: FakeApp, capsys: pytest.CaptureFixture[str]) -> Vocero:
    """Runs a command line: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, *capsys.readouterr()

    return run


# ask


def test_ask_for_people(vocero: Vocero, app: FakeApp) -> None:
    """The text, then its numbered sources; from the terminal's own channel unless another is named."""
    code, out, _ = vocero("ask", "¿Vacaciones?")
    assert code == 0
    assert "15 días [1]." in out
    assert "[1] Vacaciones › España: vacaciones.md" in out
    assert app.calls == [("ask", [AskRequest("¿Vacaciones?", "terminal:local", None)])]


def test_ask_json_is_the_answer_alone(vocero: Vocero) -> None:
    """Standard output holds one JSON object with the agreed names, whatever libraries print."""
    code, out, err = vocero("ask", "¿Vacaciones?", "--json", "--channel", "slack:#rrhh", "--thread", "t")
    value = json.loads(out)
    assert set(value) == {
        "id", "outcome", "text", "answer", "reason", "confidence", "citations", "persona", "register",
        "model", "tool_calls", "timings",
    }  # fmt: skip
    assert value["register"] == {"singular": "tú", "plural": "vosotros", "score": None}
    assert set(value["citations"][0]) == {
        "number", "title", "source", "document", "location", "url", "as_of", "excerpt",
    }  # fmt: skip
    assert "a library prints" in err
    assert code == 0


def test_ask_json_has_data_where_there_is_some(vocero: Vocero, app: FakeApp) -> None:
    """A result for machines is kept."""
    app.changes = {"data": {"n": 1}}
    assert json.loads(vocero("ask", "x", "--json")[1])["data"] == {"n": 1}


@pytest.mark.parametrize(
    ("outcome", "code"), [("answered", 0), ("not_found", 0), ("refused", 0), ("failed", 1)]
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_exit_code_of_an_outcome(
    vocero: Vocero, app: FakeApp, outcome: str, code: int, form: tuple[str, ...]
) -> None:
    """Only a failure is one."""
    app.changes = {"outcome": outcome}
    assert vocero("ask", "x", *form)[0] == code


def test_ask_file_answers_each_line_in_order(vocero: Vocero, app: FakeApp, tmp_path: Path) -> None:
    """A line out for each line in; lines that are no question are answered with what is wrong with them."""
    lines = [
        '{"question": "uno", "channel": "slack:#a", "thread": "t1", "expected": ["x.md"]}',
        "no es JSON",
        '{"question": "dos"}',
        '["dos"]',
        "",
        '{"question": "  "}',
        '{"question": "tres", "channel": "nowhere"}',
        '{"question": "cuatro", "thread": 4}',
        '{"question": "medio \\ud800 carácter"}',
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    code, out, _ = vocero("ask", "--file", str(path), "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["outcome"] for a in answers] == ["answered", "failed", "answered", *["failed"] * 4, "answered"]
    assert answers[1]["text"].startswith("Line 2 is not a question: ")
    assert answers[1]["reason"] == "unreadable_line"
    assert app.calls[0][1] == [
        AskRequest("uno", "slack:#a", "t1"),
        AskRequest("dos", "terminal:local", None),
        AskRequest("medio ? carácter", "terminal:local", None),
    ]
    assert code == 1


def test_ask_file_reads_other_encodings_of_json(vocero: Vocero, app: FakeApp, tmp_path: Path) -> None:
    """A byte order mark does not lose the first question."""
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"question": "uno"}\n')
    assert vocero("ask", "--file", str(path), "--json")[0] == 0
    assert app.calls[0][1][0].question == "uno"


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line and line.strip())))
def test_no_line_of_a_file_is_lost(lines: list[bytes]) -> None:
    """Whatever bytes a line has, something comes of it."""
    import io

    with pytest.MonkeyPatch.context() as patch:
        module = types.ModuleType("bot.requests")
        module.AskRequest = AskRequest  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "bot.requests", module)
        requests = list(_read_requests(io.BytesIO(b"\n".join(lines)), "terminal:local", None))
    assert len(requests) == len(lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask",),
        ("ask", "  "),
        ("ask", "x", "--file", "-"),
        ("ask", "--file", "missing.jsonl"),
        ("ask", "x", "--channel", "soporte"),
        ("ask", "x", "--channel", "slak:#soporte"),
        ("ask", "x", "y"),
        ("search", "x", "--limit", "0"),
        ("nonsense",),
        ("--nonsense",),
        ("eval", "retrieval"),
    ],
)
def test_wrong_usage(vocero: Vocero, app: FakeApp, arguments: tuple[str, ...]) -> None:
    """Exit code 2, a sentence on standard error, nothing on standard output, nothing done."""
    code, out, err = vocero(*arguments)
    assert (code, out, app.calls) == (2, "", [])
    assert "Error: " in err


# The other commands


def test_search(vocero: Vocero, app: FakeApp) -> None:
    """Hits as JSON under `hits`, or as a list for people; every option arrives."""
    code, out, _ = vocero("search", "vacaciones", "--limit", "3", "--documents", "--json")
    assert (code, json.loads(out)) == (0, {"hits": HITS})
    assert "1. A › H" in vocero("search", "vacaciones", "--channel", "slack:C1")[1]
    assert app.calls == [
        ("search", "vacaciones", 3, True, None),
        ("search", "vacaciones", 10, False, "slack:C1"),
    ]


def test_index(vocero: Vocero, app: FakeApp) -> None:
    """A report for each source; its failures by name; progress on standard error."""
    code, out, _ = vocero("index", "handbook", "--wait", "--dry-run", "--full", "--json")
    assert code == 0
    assert json.loads(out)["sources"][0]["seen"] == 2
    out = vocero("index")[1]
    assert "handbook: x.pdf: " in out
    assert "It has a password." in out
    assert app.calls == [("index", "handbook", {"wait", "dry_run", "full"}), ("index", None, set())]


def test_index_fails_with_its_source(vocero: Vocero, app: FakeApp) -> None:
    """A source that could not be listed is a failure, and is still reported."""
    app.problem = "The folder is gone."
    code, out, _ = vocero("index", "--json")
    assert code == 1
    assert json.loads(out)["sources"][0]["problem"] == "The folder is gone."


def test_index_that_was_interrupted_ends_as_such(vocero: Vocero, app: FakeApp) -> None:
    """With what had been read by then."""
    app.problem, app.hindrance = "It was stopped.", "stopped"
    code, out, _ = vocero("index", "--json")
    assert (code, json.loads(out)["sources"][0]["seen"]) == (130, 2)


def test_index_can_be_ended_from_elsewhere(vocero: Vocero, app: FakeApp) -> None:
    """Of one source or of all; where nothing is read, that is said and is no success."""
    app.changes = {"text": "Detengo la lectura.", "citations": ()}
    assert "Detengo" in vocero("index", "handbook", "--cancel")[1]
    app.changes = {"text": "No se está leyendo nada.", "outcome": "refused", "citations": ()}
    code, out, _ = vocero("index", "--cancel")
    assert (code, "No se está leyendo nada." in out) == (1, True)
    assert app.calls == [("cancel", "handbook"), ("cancel", None)]


def test_sources_are_shown_paused_and_resumed(vocero: Vocero, app: FakeApp) -> None:
    """What is missing or unknown is a mistake in the call."""
    app.changes = {"data": {"sources": []}, "citations": ()}
    assert json.loads(vocero("sources", "--json")[1]) == {"sources": []}
    assert vocero("sources", "pause", "handbook")[0] == 0
    assert vocero("sources", "pause")[0] == 2
    assert vocero("sources", "stop", "handbook")[0] == 2
    assert app.calls == [("sources", None, None), ("sources", "pause", "handbook")]


def test_status(vocero: Vocero) -> None:
    """The report as it is, or in tables."""
    assert json.loads(vocero("status", "--json")[1])["documents"] == 3
    out = vocero("status")[1]
    for told in (
        "handbook",
        "2 h ago",
        "It has a password.",
        "3 of 10 pages",
        "It was stopped.",
        "duplicate 2",
    ):
        assert told in out


def test_eval_retrieval(vocero: Vocero, app: FakeApp, tmp_path: Path) -> None:
    """Queries are read from the file, and the report comes back."""
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"query": "a", "relevant": ["x.md"], "language": "es"}\n\n{"query": "b", "relevant": ["y"]}\n'
    )
    code, out, _ = vocero("eval", "retrieval", str(path), "--json")
    assert (code, json.loads(out)["n"]) == (0, 2)
    assert app.calls == [("eval", [{"query": "a", "relevant": ["x.md"]}, {"query": "b", "relevant": ["y"]}])]


@pytest.mark.parametrize(
    "line", ["", "x", "[]", '{"query": "a"}', '{"query": "a", "relevant": []}',
             '{"query": 1, "relevant": ["x"]}', '{"query": "a", "relevant": "x.md"}',
             '{"query": "a", "relevant": [1]}'],
)  # fmt: skip
def test_eval_refuses_a_file_it_cannot_measure(
    vocero: Vocero, app: FakeApp, tmp_path: Path, line: str
) -> None:
    """A measurement on half a file would mislead, so a wrong line stops it, by number."""
    path = tmp_path / "q.jsonl"
    path.write_text(line)
    code, out, err = vocero("eval", "retrieval", str(path))
    assert (code, out, app.calls) == (2, "", [])
    assert "line 1" in err or "no queries" in err


def test_chat_and_serve_start(vocero: Vocero, app: FakeApp) -> None:
    """Both hand over to the composition root."""
    assert vocero("chat")[0] == vocero("serve")[0] == 0
    assert app.calls == [("chat", "terminal:local"), ("serve",)]


def test_config_is_understood_before_and_after_the_command(vocero: Vocero, tmp_path: Path) -> None:
    """`vocero --config F ask …` and `vocero ask … --config F` are the same."""
    missing = str(tmp_path / "missing.toml")
    for arguments in (("--config", missing, "status"), ("status", "--config", missing)):
        code, out, err = vocero(*arguments)
        assert (code, out) == (2, "")
        assert missing in err


def test_version_and_help(vocero: Vocero) -> None:
    """Both work without a configuration; a summary in the list of commands is never cut."""
    assert vocero("--version")[1].startswith("vocero ")
    out = vocero("--help")[1]
    assert set(cli.commands) == {
        "ask",
        "chat",
        "doctor",
        "eval",
        "generations",
        "index",
        "init",
        "lookup",
        "persona",
        "register",
        "review",
        "search",
        "serve",
        "sources",
        "status",
    }
    assert all(f"  {name} " in out for name in cli.commands)
    assert "..." not in out.partition("Commands:")[2]


# Errors


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ConfigurationError("Do this."), 2),
        (StateError("Do this."), 1),
        (SourceError("Do this."), 1),
        (ExceptionGroup("tasks", [ConfigurationError("Do this."), ValueError()]), 2),
    ],
)
def test_errors_are_one_sentence(vocero: Vocero, app: FakeApp, failure: Exception, code: int) -> None:
    """On standard error, without a traceback; standard output stays empty."""
    app.failure = failure
    assert vocero("status", "--json") == (code, "", "a library prints something\nvocero: Do this.\n")


def test_the_unexpected_is_one_sentence_too(vocero: Vocero, app: FakeApp) -> None:
    """It says how to learn more, and `--debug` then shows the traceback."""
    app.failure = ZeroDivisionError("by zero")
    code, _, err = vocero("status")
    assert code == 1
    assert err == (
        "vocero: Something went wrong: ZeroDivisionError: by zero; run again with --debug to see where.\n"
    )
    assert "Traceback" in vocero("status", "--debug")[2]
    assert "Traceback" in vocero("--debug", "status")[2]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_interrupting_is_quiet(vocero: Vocero, app: FakeApp, failure: BaseException) -> None:
    """Ctrl-C ends with 130 and says nothing."""
    app.failure = failure
    code, _, err = vocero("serve")
    assert (code, err.strip()) == (130, "")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`vocero … | head` ends without a complaint."""
    reading, writing = os.pipe()
    os.close(reading)
    (tmp_path / "vocero.toml").touch()
    code = "import sys; from bot.cli import main; main(['init', 'new'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 1


def test_json_is_utf8_in_any_locale(tmp_path: Path) -> None:
    """Also where the terminal's language has no accents."""
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    code = "from bot.commands.output import output\nwith output(True) as write: write({'a': 'ñ'})"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == {"a": "ñ"}


def test_every_command_has_help() -> None:
    """Each command and each option says what it is for."""

    def examine(command: click.Command, name: str) -> None:
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"
        if isinstance(command, click.Group):
            for sub in command.commands.values():
                examine(sub, f"{name} {sub.name}")

    examine(cli, "vocero")
