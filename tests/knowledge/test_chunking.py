"""Documents into passages: nothing lost, nothing twice, nothing too long."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunking import chunk, embedding_text
from knowledge.documents import Block, Document, Passage


def count(text: str) -> int:
    """Stands for a tokenizer: two pieces a word."""
    return 2 * len(text.split())


def chunked(*blocks: Block, title: str = "Guía", window: int = 64) -> list[Passage]:
    return chunk(Document(title, blocks), source="s", path="a.md", count=count, window=window)


def heading(text: str, level: int = 2, anchor: str = "") -> Block:
    return Block("heading", text, level, anchor=anchor)


def paragraph(text: str, location: str = "") -> Block:
    return Block("paragraph", text, location=location)


def words(amount: int, start: int = 0) -> str:
    return " ".join(f"p{number}" for number in range(start, start + amount))


def squeezed(text: str) -> str:
    return "".join(text.split())


# What is read from a document: words, some as long as no window, in blocks of every kind.
WORD = st.one_of(
    st.text(alphabet="abcdeñé1.,;:", min_size=1, max_size=9),
    st.integers(100, 900).map(lambda length: "x" * length),
)
WORDS = st.lists(WORD, min_size=1, max_size=60).map(" ".join)
LINES = st.lists(WORDS, min_size=1, max_size=12).map("\n".join)
TEXTS = st.one_of(
    st.builds(Block, st.sampled_from(["paragraph", "code"]), LINES),
    st.builds(Block, st.just("paragraph"), WORDS, location=st.sampled_from(["", "p. 1", "p. 2"])),
    st.builds(Block, st.just("list"), LINES.map(lambda text: "- " + text.replace("\n", "\n- "))),
)
HEADINGS = st.builds(Block, st.just("heading"), WORDS, st.integers(1, 4))
CELL = st.one_of(st.just(""), st.text(alphabet="abñ1", min_size=1, max_size=9), WORDS)
WINDOWS = st.sampled_from([24, 64, 256])


@given(st.lists(st.one_of(TEXTS, HEADINGS), max_size=12), WORDS, WINDOWS)
def test_every_passage_fits_the_window(blocks: list[Block], title: str, window: int) -> None:
    """What is embedded is never longer than the window, two special pieces included."""
    for passage in chunked(*blocks, title=title, window=window):
        assert count(embedding_text(passage)) + 2 <= window
        assert len(passage.text) <= 12 * window


@given(st.lists(TEXTS, max_size=12), WINDOWS)
def test_text_is_neither_lost_nor_said_twice(blocks: list[Block], window: int) -> None:
    """The passages' texts joined are the document's, every sign once and in order."""
    passages = chunked(*blocks, window=window)
    told = "".join(passage.text for passage in passages) if blocks else ""
    assert squeezed(told) == squeezed("".join(block.text for block in blocks))


@given(st.lists(st.one_of(TEXTS, HEADINGS), min_size=1, max_size=12), WINDOWS)
def test_no_heading_is_lost(blocks: list[Block], window: int) -> None:
    """Every heading stands in full in a passage's path or text, however long it is."""
    passages = chunked(*blocks, window=window)
    told = {squeezed(text) for passage in passages for text in (*passage.headings, passage.title)}
    text = squeezed("".join(passage.text for passage in passages))
    for block in blocks:
        if block.kind == "heading":
            assert squeezed(block.text) in told or squeezed(block.text) in text


@given(st.integers(1, 5), st.data(), WINDOWS)
def test_cells_of_tables_are_not_lost(columns: int, data: st.DataObject, window: int) -> None:
    """Every cell of a table is in some passage, whole or, when longer than one, in parts."""
    row = st.lists(CELL, min_size=columns, max_size=columns)
    rows = data.draw(st.lists(row, min_size=1, max_size=10))
    table = Block("table", "\n".join("| " + " | ".join(cells) + " |" for cells in rows))
    text = squeezed("".join(passage.text for passage in chunked(table, window=window)))
    for cells in rows:
        for cell in cells:
            assert all(word in text for word in cell.split())


@given(st.lists(st.one_of(TEXTS, HEADINGS), max_size=8), TEXTS)
def test_an_insertion_at_the_top_changes_no_later_passage(blocks: list[Block], added: Block) -> None:
    """What was there before keeps its ids, so that it is not embedded again."""
    section = heading("Sección final", 1)
    before = {passage.id for passage in chunked(section, *blocks)}
    after = {passage.id for passage in chunked(heading("Nueva", 1), added, section, *blocks)}
    assert len(before - after) == 0


@given(st.lists(st.one_of(TEXTS, HEADINGS), max_size=12))
def test_ids_are_unique_within_a_document(blocks: list[Block]) -> None:
    """The same text twice has two ids."""
    passages = chunked(*blocks, *blocks)
    assert len({passage.id for passage in passages}) == len(passages)


def test_ids_tell_sources_and_documents_apart() -> None:
    """The same text elsewhere is another passage."""
    document = Document("Guía", (paragraph("Hola."),))
    ids = {
        chunk(document, source=source, path=path, count=count)[0].id
        for source, path in [("a", "x.md"), ("b", "x.md"), ("a", "y.md")]
    }
    assert len(ids) == 3


def test_text_of_two_headings_is_never_mixed() -> None:
    """Small sections stay apart, each under its path; the title is not repeated in it."""
    passages = chunked(
        heading("Guía", 1),
        paragraph("Cero."),
        heading("A", 2),
        paragraph("Uno."),
        heading("B", 3),
        paragraph("Dos."),
        heading("C", 2),
        paragraph("Tres."),
    )
    assert [(p.headings, p.text) for p in passages] == [
        ((), "Cero."),
        (("A",), "Uno."),
        (("A", "B"), "Dos."),
        (("C",), "Tres."),
    ]


def test_small_blocks_under_one_heading_are_one_passage() -> None:
    """A paragraph, a list and another paragraph that fit together stay together."""
    passages = chunked(paragraph("Uno."), Block("list", "- a\n- b"), paragraph("Dos."))
    assert [p.text for p in passages] == ["Uno.\n\n- a\n- b\n\nDos."]


def test_pages_are_not_mixed() -> None:
    """A passage is cited by its page: text of two pages is two passages."""
    passages = chunked(paragraph("Uno.", "p. 1"), paragraph("Dos.", "p. 2"))
    assert [(p.location, p.text) for p in passages] == [("p. 1", "Uno."), ("p. 2", "Dos.")]


def test_long_paragraphs_break_between_sentences() -> None:
    """A paragraph longer than the window is cut at full stops, about evenly."""
    sentences = [f"Frase {number} de siete palabras en total." for number in range(12)]
    passages = chunked(paragraph(" ".join(sentences)))
    assert " ".join(p.text for p in passages) == " ".join(sentences)
    assert all(p.text.endswith("total.") for p in passages)
    sizes = [len(p.text.split()) for p in passages]
    assert max(sizes) - min(sizes) <= 7


def test_long_tables_repeat_their_header() -> None:
    """Every passage of a table is a table with the same first row, and each row is there once."""
    rows = [f"| r{number} | {words(3)} |" for number in range(20)]
    passages = chunked(Block("table", "\n".join(["| Clave | Valor |", *rows])))
    assert len(passages) > 1
    assert {p.text.split("\n")[0] for p in passages} == {"| Clave | Valor |"}
    assert {p.kind for p in passages} == {"table"}
    assert [row for p in passages for row in p.text.split("\n")[1:]] == rows


def test_a_row_too_long_for_its_header_is_said_by_column() -> None:
    """A row that fits no passage becomes lines of `column: value`."""
    passages = chunked(Block("table", f"| Clave | Valor |\n| a | {words(50)} |\n| b | c |"))
    assert passages[0].text.startswith("| Clave | Valor |")
    assert "Valor: p0 p1" in "\n".join(p.text for p in passages)
    assert passages[-1].text.endswith("| b | c |")


def test_a_lead_in_stays_with_its_list() -> None:
    """What ends in a colon is in the passage where the list begins, and only there."""
    items = "\n".join(f"- {words(5, number * 5)}" for number in range(10))
    passages = chunked(paragraph(words(20) + "."), paragraph("Por país:"), Block("list", items))
    leading = [p.text for p in passages if "Por país:" in p.text]
    assert len(leading) == 1
    assert "Por país:\n\n- p0" in leading[0]


def test_lists_break_between_items_and_code_between_lines() -> None:
    """No item and no line is cut that fits a passage by itself; indents of code stay."""
    for kind, line in (("list", "- {}"), ("code", "    {}")):
        lines = [line.format(words(4, number)) for number in range(20)]
        passages = chunked(Block(kind, "\n".join(lines)))  # type: ignore[arg-type]
        assert len(passages) > 1
        assert [piece for p in passages for piece in p.text.split("\n")] == lines
        assert {p.kind for p in passages} == {kind}


def test_a_giant_word_is_cut() -> None:
    """A word that a tokenizer takes as one piece still does not make a passage of any length."""
    passages = chunked(paragraph("y" * 50_000))
    assert "".join(p.text for p in passages) == "y" * 50_000
    assert max(len(p.text) for p in passages) < 1000


@given(st.lists(st.integers(20, 300), min_size=1, max_size=4), st.integers(0, 9))
def test_parts_of_a_cut_word_are_never_one_word_again(lengths: list[int], before: int) -> None:
    """A tokenizer that knows short words only: the parts of a long one cost less than it does whole."""

    def strict(text: str) -> int:
        return sum(1 if len(word) <= 3 else len(word) for word in text.split())

    code = Block("code", "\n".join("z" * length for length in lengths))
    document = Document("Guía", (paragraph("a " * before + "b:"), code))
    for passage in chunk(document, source="s", path="a", count=strict, window=40):
        assert strict(embedding_text(passage)) + 2 <= 40


def test_a_few_words_do_not_make_a_passage_of_their_own() -> None:
    """What is short goes with the beginning of the long paragraph after it."""
    sentences = " ".join(f"Esta frase {number} tiene seis palabras." for number in range(5))
    first, *_ = chunked(paragraph("Atención."), paragraph(sentences))
    assert first.text.startswith("Atención.\n\nEsta frase 0")


def test_long_titles_and_paths_leave_half_of_the_window_to_the_text() -> None:
    """The context is cut from outside; what is cut off a heading is said as text, once."""
    outer, inner = heading(words(100), 1), heading(words(40, 200), 2)
    passages = chunked(outer, inner, paragraph(words(60, 500)), title=words(50, 900))
    for passage in passages:
        assert count(passage.title) + count(" > ".join(passage.headings)) <= 31
        assert passage.title.endswith("…")
    text = " ".join(p.text for p in passages)
    assert text.split() == f"{words(100)} {words(40, 200)} {words(60, 500)}".split()


def test_a_document_of_headings_only_has_a_passage() -> None:
    """Headings without text are text themselves."""
    assert [
        (p.headings, p.text, p.kind) for p in chunked(heading("Guía", 1), heading("A"), heading("B"))
    ] == [((), "A\n\nB", "heading")]
    assert [p.text for p in chunked(heading("Guía", 1))] == ["Guía"]


def test_passages_know_where_they_stand() -> None:
    """The anchor is the block's own or its heading's, the date the document's or else the file's."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    blocks = (heading("A", anchor="a"), paragraph("Uno."), Block("paragraph", "Dos.", 0, "p. 3", "page=3"))
    passages = chunk(
        Document("Guía", blocks), source="s", path="a.md", count=count, url="https://a.b", modified=noon
    )
    assert [(p.anchor, p.location) for p in passages] == [("a", ""), ("page=3", "p. 3")]
    assert {(p.source, p.document, p.url, p.as_of) for p in passages} == {("s", "a.md", "https://a.b", noon)}
    stated = Document("Guía", blocks, as_of=datetime(2020, 1, 1, tzinfo=UTC))
    assert chunk(stated, source="s", path="a", count=count, modified=noon)[0].as_of == stated.as_of


def test_the_kind_is_that_of_most_of_the_text() -> None:
    """A short lead-in does not make a table a paragraph."""
    table = "| a | b |\n" + "\n".join(f"| {words(2)} | x |" for _ in range(3))
    assert [p.kind for p in chunked(paragraph("Precios:"), Block("table", table))] == ["table"]


@pytest.mark.parametrize("texts", [["Requisitos", words(28) + "."], ["Por país:", words(28) + "."]])
def test_a_line_that_stands_like_a_heading_stays_with_its_text(texts: list[str]) -> None:
    """A label is never the end of a passage."""
    passages = chunked(paragraph(words(26, 100) + "."), *map(paragraph, texts))
    assert [p.text for p in passages][-1] == "\n\n".join(texts)


def test_tokens_are_counted_about_once() -> None:
    """The tokenizer, which costs most of cutting, sees every text a small number of times."""
    seen = 0

    def counting(text: str) -> int:
        nonlocal seen
        seen += len(text)
        return count(text)

    blocks = [Block("paragraph", ". ".join(words(9) for _ in range(40)) + ".") for _ in range(50)]
    chunk(Document("Guía", tuple(blocks)), source="s", path="a", count=counting)
    assert seen <= 3 * sum(len(block.text) for block in blocks)


def test_order_is_reading_order() -> None:
    """Passages come as the document is read."""
    passages = chunked(*(paragraph(words(20, number * 100)) for number in range(9)))
    firsts = [int(p.text.split()[0][1:]) for p in passages]
    assert all(a < b for a, b in pairwise(firsts))
