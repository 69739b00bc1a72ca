"""The demo company: complete, consistent with itself, and readable by the readers."""

import importlib.machinery
import importlib.util
import json
import re
import sqlite3
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from bot.config import load_settings
from bot.personas import load_persona
from knowledge.chunking import chunk
from knowledge.documents import Document, Fetched
from knowledge.reading import read
from tests.knowledge.quoting import answer

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "examples" / "demo"
SOURCES = {"empresa": DEMO / "docs", "rrhh": DEMO / "people"}
PLAIN, HARD = (
    [json.loads(line) for line in (DEMO / name).read_text("utf-8").splitlines()]
    for name in ("questions.jsonl", "questions-hard.jsonl")
)
QUESTIONS: list[dict[str, Any]] = PLAIN + HARD
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]
PATHS = sorted(path for folder in SOURCES.values() for path in folder.rglob("*") if path.is_file())


def located(document: str) -> Path:
    """The file of a document that a question expects."""
    found = [folder / document for folder in SOURCES.values() if (folder / document).is_file()]
    assert len(found) == 1, f"{document} must be in exactly one source"
    return found[0]


@cache
def document_at(path: Path) -> Document:
    return read(Fetched(path.name, path.read_bytes()))


def words(text: str) -> str:
    """Without accents, case, signs and markup: how facts are compared."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return f" {' '.join(re.findall(r'[a-z0-9]+', letters))} "


def states(text: str, fact: str) -> bool:
    """Whether one of a fact's ways of writing it stands in the text, as whole words."""
    return any(words(way) in words(text) for way in fact.split("|"))


def pieces(text: str) -> int:
    """Stands for a tokenizer."""
    return 2 * len(text.split())


def text_of(document: Document) -> str:
    return "\n".join((document.title, *(block.text for block in document.blocks)))


def test_there_are_enough_documents_in_every_format() -> None:
    """25 to 40 documents, each of the nine formats at least once, and small enough to be cloned."""
    formats = Counter(path.suffix for path in PATHS)
    assert 25 <= len(PATHS) <= 40
    assert set(formats) == {".md", ".txt", ".html", ".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".json"}
    assert sum(path.stat().st_size for path in PATHS) < 1_500_000


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_document_is_read_with_text_and_a_title(path: Path) -> None:
    """No document of the demo is skipped or read as nothing."""
    document = document_at(path)
    assert document.title.strip()
    assert len(text_of(document)) > 400
    assert "�" not in text_of(document)


def test_one_text_is_not_utf8() -> None:
    """The demo shows that encodings are detected."""
    with pytest.raises(UnicodeDecodeError):
        (DEMO / "docs/servicio/guardias-verano.txt").read_text("utf-8")


def test_a_pdf_has_more_than_five_pages_with_running_headers() -> None:
    """The manual is long enough that page numbers in citations matter."""
    locations = {block.location for block in document_at(DEMO / "docs/productos/manual-acequia.pdf").blocks}
    assert len(locations) > 5


def test_questions_are_many_and_varied() -> None:
    """More than sixty plain ones, in both languages, at least fifteen without an answer, some follow-ups."""
    assert len(PLAIN) >= 60
    assert sum(not question["answerable"] for question in PLAIN) >= 15
    assert min(Counter(question["language"] for question in PLAIN).values()) >= 20
    assert sum("follows" in question for question in PLAIN) >= 3


def test_questions_are_well_formed() -> None:
    """Ids are unique, a follow-up stays in its channel, and only answerable ones expect facts."""
    seen: dict[str, dict[str, Any]] = {}
    for question in QUESTIONS:
        assert question["id"] not in seen
        assert question["question"].strip() and question["language"] in ("es", "en")
        assert bool(question["documents"]) == bool(question["facts"]) == question["answerable"]
        if "follows" in question:
            assert seen[question["follows"]].get("channel") == question.get("channel")
        seen[question["id"]] = question


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_the_facts_stand_in_an_expected_document(question: dict[str, Any]) -> None:
    """One of the expected documents holds every expected fact, as it is read."""
    texts = [text_of(document_at(located(document))) for document in question["documents"]]
    assert any(all(states(text, fact) for fact in question["facts"]) for text in texts)


def test_the_expected_documents_may_be_read_where_the_question_is_asked() -> None:
    """A question about the private part is answerable only in the channel that may read it."""
    settings = load_settings(DEMO / "vocero.toml")
    for question in ANSWERABLE:
        platform, _, name = question.get("channel", "terminal:local").partition(":")
        channel = settings.channel_for(platform, "C1", name.removeprefix("#"))
        for document in question["documents"]:
            source = next(
                name for name, folder in SOURCES.items() if located(document).is_relative_to(folder)
            )
            assert source in channel.sources, question["id"]


def test_personas_of_the_configuration_exist_and_cover_every_voice() -> None:
    """Each channel's persona loads; vos, tú with vosotros, tú with ustedes, usted and English are there."""
    settings = load_settings(DEMO / "vocero.toml")
    names = {channel.persona for channel in settings.channels}
    personas = [load_persona(name, None) for name in names if name]
    voices = {(p.register_.singular, p.register_.plural) if p.register_ else None for p in personas}
    assert voices == {
        ("vos", "ustedes"),
        ("tú", "vosotros"),
        ("tú", "ustedes"),
        ("usted", "ustedes"),
        None,
    }
    assert all(persona.examples and persona.title and persona.tone for persona in personas)


@pytest.mark.parametrize(
    ("country", "row"),
    [
        ("España", "| España | 30 días"),
        ("Argentina", "| Argentina | 20 días"),
        ("México", "| México | 15 días"),
    ],
)
def test_the_row_of_the_country_that_is_asked_for_is_quoted(country: str, row: str) -> None:
    """Though sentences around the table share more words with the question."""
    passages = [
        passage
        for path in DEMO.rglob("*.md")
        for passage in chunk(document_at(path), source="docs", path=path.name, count=pieces)
    ]
    extracted = answer(f"¿Cuántos días tengo para devolver un producto en {country}?", *passages)
    assert row in "\n".join(quote.text for quote in extracted.quotes)


def test_the_private_part_is_closed_to_every_other_channel() -> None:
    """Only `#rrhh` reads the people folder; the terminal does not."""
    settings = load_settings(DEMO / "vocero.toml")
    assert "rrhh" not in settings.channel_for("terminal", "local").sources
    assert "rrhh" not in settings.channel_for("slack", "C1", "soporte-ar").sources
    assert "rrhh" in settings.channel_for("slack", "C1", "rrhh").sources


@pytest.fixture
def inventory() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{DEMO / 'inventory.sqlite'}?mode=ro", uri=True)
    yield connection
    connection.close()


def test_the_inventory_is_what_its_sql_says(inventory: sqlite3.Connection) -> None:
    """The checked-in database was built from the checked-in SQL, and its references hold."""
    fresh = sqlite3.connect(":memory:")
    fresh.executescript((DEMO / "inventory.sql").read_text("utf-8"))
    assert list(inventory.iterdump()) == list(fresh.iterdump())
    assert inventory.execute("PRAGMA foreign_key_check").fetchall() == []
    fresh.close()


def test_prices_agree_between_inventory_and_price_list(inventory: sqlite3.Connection) -> None:
    """A lookup and a document never quote two prices."""
    original = DEMO / "originals/docs/ventas/lista-de-precios-2026.xlsx.yaml"
    sheets = {sheet["name"]: sheet for sheet in yaml.safe_load(original.read_text("utf-8"))["sheets"]}
    for sheet, country in (("Argentina", "AR"), ("España", "ES"), ("México", "MX")):
        listed = {row[0]: row[3] for row in sheets[sheet]["rows"]}
        stored = dict(
            inventory.execute("SELECT sku, list_price FROM prices WHERE country = ?", (country,)).fetchall()
        )
        assert listed == stored


def build_demo() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("build_demo", str(ROOT / "scripts" / "build_demo"))
    spec = importlib.util.spec_from_loader("build_demo", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_office_files_are_what_their_originals_say(tmp_path: Path) -> None:
    """Building from the originals gives the checked-in files again.

    Without the PDFs: their writer is no dependency of the project.
    """
    script = build_demo()
    for source, target in script.built(DEMO / "originals", DEMO):
        assert target.is_file()
        if target.suffix != ".pdf":
            again = tmp_path / target.name
            script.BUILDERS[target.suffix](source, again)
            assert members(again) == members(target), target.name
