"""What holds for every format: encodings, refusals by name and reason, and no crash on anything."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import reading
from knowledge.documents import Fetched
from knowledge.errors import UnreadableError
from knowledge.reading import SUPPORTED, read
from knowledge.reading.encoding import decode
from tests.knowledge.files import OLE, docx, outline, paragraphs, pdf, pptx, read_bytes, read_text, xlsx

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)
SPANISH = "¿Cuántos días? Niñez, pingüino, «acción» – 20 €: ¡Sí!"


def refused(name: str, content: bytes) -> str:
    """The reason; the message names the document and is one line."""
    with pytest.raises(UnreadableError) as caught:
        read(Fetched(name, content))
    message = str(caught.value)
    assert f"`{name}`" in message
    assert "\n" not in message
    return caught.value.reason


def a_docx() -> bytes:
    return docx(lambda file: file.add_paragraph("Texto."))


def a_pptx() -> bytes:
    def build(file: Any) -> None:
        file.slides.add_slide(file.slide_layouts[5]).shapes.title.text = "Texto"

    return pptx(build)


def an_xlsx() -> bytes:
    return xlsx(lambda file: file.active.append(["a", "b"]))


WHOLE: dict[str, Callable[[], bytes]] = {
    ".docx": a_docx,
    ".pptx": a_pptx,
    ".xlsx": an_xlsx,
    ".pdf": lambda: pdf([paragraphs("Texto.")]),
}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_spanish_comes_out_right_in_every_usual_encoding(encoding: str) -> None:
    """Marked or not, of this century or the last."""
    text = f"{SPANISH}\n\nOtra línea más.\n"
    assert "".join(block.text for block in read_bytes("a.txt", text.encode(encoding)).blocks) == (
        f"{SPANISH}Otra línea más."
    )


@pytest.mark.parametrize("encoding", ["latin-1", "cp850", "mac_roman", "cp1252"])
@pytest.mark.parametrize("text", ["El señor Muñoz pidió más café.", "información técnica de logística"])
def test_short_spanish_in_old_encodings(encoding: str, text: str) -> None:
    """A few accents suffice to tell the code pages apart."""
    assert decode(text.encode(encoding)) == (text, None)


@pytest.mark.parametrize(
    "text", ["Año", "España", "¿Qué?", "15 €", "Madrid–Sevilla", "el 2.º", "ÍNDICE", "garçon à côté"]
)
def test_very_short_text_is_taken_for_windows(text: str) -> None:
    """Where next to nothing tells, the likeliest encoding is believed."""
    assert decode(text.encode("cp1252")) == (text, None)


def test_other_alphabets_are_recognised() -> None:
    """What is no Western text is left to a detector that knows the rest."""
    text = "Отпуск составляет двадцать восемь календарных дней в году для каждого сотрудника."
    assert decode(text.encode("cp1251"))[0] == text


def test_a_few_spoilt_bytes_are_noted_not_fatal() -> None:
    """UTF-8 with a broken character stays readable, and the note says so."""
    content = "Años, días, café, niño, ¿qué?, mañana. ".encode() + b"\xff fin"
    document = read_bytes("a.md", content)
    assert "Años, días, café" in document.blocks[0].text
    assert document.notes == ("1 characters could not be decoded",)


def test_a_stray_control_character_is_left_out() -> None:
    """One of a thousand signs does not make a text a binary file."""
    document = read_bytes("a.txt", b"Texto con un \x00 de mas. " + b"Y texto. " * 99)
    assert document.blocks[0].text.startswith("Texto con un  de mas. Y texto.")
    assert document.notes == ("1 control characters are left out",)


def test_html_says_its_own_encoding() -> None:
    """A declared charset is believed when the bytes are not UTF-8."""
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Łódź</p></body></html>'
    assert outline(read_bytes("a.html", page.encode("iso-8859-2"))) == [("paragraph", "Łódź")]


@pytest.mark.parametrize("suffix", sorted(SUPPORTED))
@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_an_empty_file_is_said_to_be_empty(suffix: str, content: bytes) -> None:
    """In every format, without opening a parser."""
    assert refused(f"a{suffix}", content) == "empty"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", b"---\ntitle: x\n---\n"),
        ("a.html", b"<html><body><script>x</script></body></html>"),
        ("a.json", b"{}"),
        ("a.csv", b";;\n;;\n"),
    ],
)
def test_a_file_without_text_is_empty(name: str, content: bytes) -> None:
    """Markup alone is no text."""
    assert refused(name, content) == "empty"


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_office_files_with_a_password_are_said_to_be_encrypted(name: str) -> None:
    """A locked office file is an OLE container, whatever its ending says."""
    locked = OLE + "EncryptedPackage".encode("utf-16-le")
    assert refused(name, locked) == "encrypted"


def test_an_old_binary_document_under_a_new_name_is_unsupported() -> None:
    """A DOC called DOCX has no password: it wants to be saved anew."""
    assert refused("a.docx", OLE + "WordDocument".encode("utf-16-le")) == "unsupported"


def test_a_zip_with_a_password_is_encrypted() -> None:
    """The flag of an encrypted part is enough."""
    content = bytearray(a_docx())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refused("a.docx", bytes(content)) == "encrypted"


def test_a_pdf_with_a_password_is_encrypted() -> None:
    """Not corrupt: the remedy differs."""
    assert refused("a.pdf", pdf([paragraphs("Texto.")], locked=True)) == "encrypted"


def test_a_scan_has_no_text() -> None:
    """A PDF of pictures is not empty: it wants OCR."""
    assert refused("a.pdf", pdf([[], []])) == "no_text"


@pytest.mark.parametrize(("name", "made"), [("a.doc", ".docx"), ("a.XLS", ".xlsx"), ("a.odt", ".docx")])
def test_older_formats_are_refused_with_what_to_save_them_as(name: str, made: str) -> None:
    """The message has the remedy."""
    with pytest.raises(UnreadableError, match=f"save it as `{made}`") as caught:
        read(Fetched(name, b"x"))
    assert caught.value.reason == "unsupported"


def test_the_media_type_decides_where_a_source_knows_it() -> None:
    """A page without an ending is read by what its server says it is."""
    page = b"<html><body><h1>T</h1><p>Hola</p></body></html>"
    document = read(Fetched("guia", page, "text/html; charset=utf-8"))
    assert outline(document) == [("heading", "T"), ("paragraph", "Hola")]


def test_a_file_over_the_limit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is parsed."""
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    assert refused("a.md", b"x" * 11) == "too_large"


def test_a_zip_bomb_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file would unpack to is looked at before it is unpacked."""
    from knowledge.reading import containers

    monkeypatch.setattr(containers, "MAX_UNPACKED", 1000)
    assert refused("a.docx", a_docx()) == "too_large"


@pytest.mark.parametrize("suffix", [".md", ".txt", ".html", ".csv", ".json"])
@pytest.mark.parametrize(
    "content", [PNG, b"%PDF-1.7\n", b"PK\x03\x04" + bytes(60), b"text\x00\x01\x02text" * 9]
)
def test_other_things_named_as_text_are_binary(suffix: str, content: bytes) -> None:
    """A picture called Markdown is not decoded into nonsense."""
    assert refused(f"a{suffix}", content) == "binary"


@pytest.mark.parametrize("suffix", sorted(WHOLE))
@pytest.mark.parametrize("content", [PNG, b"<html><body>x</body></html>", b"PK\x03\x04x", b"%PDF-1.7 x"])
def test_other_things_named_as_documents_are_corrupt(suffix: str, content: bytes) -> None:
    """A parser's exception becomes a reason, with the file's name."""
    assert refused(f"a{suffix}", content) == "corrupt"


@pytest.mark.parametrize("suffix", sorted(WHOLE))
def test_damaged_documents_never_crash(suffix: str) -> None:
    """Cut off or with bytes changed anywhere, a file is read or refused."""
    whole = WHOLE[suffix]()
    chance = random.Random(suffix)
    for _ in range(60):
        damaged = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert read(Fetched(f"a{suffix}", bytes(damaged))).blocks
        except UnreadableError as error:
            assert f"`a{suffix}`" in str(error)


@given(st.binary(max_size=200), st.sampled_from([".md", ".txt", ".html", ".csv", ".tsv", ".json", ".jsonl"]))
def test_any_bytes_named_as_text_are_read_or_refused(content: bytes, suffix: str) -> None:
    """Nothing but `UnreadableError` ever comes out."""
    try:
        assert read(Fetched(f"a{suffix}", content)).blocks
    except UnreadableError as error:
        assert error.reason in {"empty", "binary", "corrupt"}


@pytest.mark.parametrize("depth", [500, 20_000])
def test_absurd_nesting_is_survived(depth: int) -> None:
    """Deep JSON, HTML, quotes and lists neither crash nor hang."""
    refused("a.json", b"[" * depth)
    assert read_text("a.html", "<div>" * depth + "Hola" + "</div>" * depth).blocks[0].text == "Hola"
    lists = "\n".join(f"{'  ' * level}- nivel {level}" for level in range(40))
    assert "nivel 39" in read_text("a.md", lists).blocks[0].text
    with suppress(UnreadableError):
        read_text("a.md", ">" * min(depth, 5000) + " Hola")


def test_every_supported_ending_has_a_reader() -> None:
    """No ending is promised that nothing reads."""
    for suffix in SUPPORTED:
        content = WHOLE[suffix]() if suffix in WHOLE else b'{"a": 1}'
        if suffix == ".xlsm":
            content = an_xlsx()
        assert read(Fetched(f"a{suffix}", content)).blocks
