"""PDF pages put together again from where their letters lie."""

import threading
import time
from datetime import UTC, datetime

import pytest

from knowledge.documents import Document
from tests.knowledge.files import Placed, outline, paragraphs, pdf, read_bytes

TITLE: Placed = (72, 60, 22, "B", "Política de viajes")
LONG = "Este texto llena una línea de la página hasta casi el margen derecho de ella."


def read_pages(*pages: list[Placed], info: str = "") -> Document:
    return read_bytes("a.pdf", pdf(pages, info=info))


def test_headings_are_what_is_larger_or_bold() -> None:
    """Levels follow the sizes, bold lines of the text's size come last; the largest is the title."""
    document = read_pages(
        [
            TITLE,
            *paragraphs(LONG, "Y sigue aquí.", top=100),
            (72, 150, 15, "B", "Reservas"),
            *paragraphs(LONG, top=175),
            (72, 205, 11, "B", "Hoteles"),
            *paragraphs(LONG, top=225),
        ]
    )
    assert document.title == "Política de viajes"
    assert [(block.kind, block.level, block.text) for block in document.blocks] == [
        ("heading", 1, "Política de viajes"),
        ("paragraph", 0, f"{LONG} Y sigue aquí."),
        ("heading", 2, "Reservas"),
        ("paragraph", 0, LONG),
        ("heading", 3, "Hoteles"),
        ("paragraph", 0, LONG),
    ]


def test_every_block_has_its_page() -> None:
    """A place to read and one to link to."""
    document = read_pages(paragraphs("Uno."), paragraphs("Dos."))
    assert [(block.text, block.location, block.anchor) for block in document.blocks] == [
        ("Uno.", "p. 1", "page=1"),
        ("Dos.", "p. 2", "page=2"),
    ]


def test_words_parted_at_the_end_of_a_line_are_whole() -> None:
    """A hyphen for lack of room goes, a hyphen of the word stays."""
    text = "Los responsables de cada área deben autorizar con anticipación los pagos extraor-"
    document = read_pages(paragraphs(text, "dinarios, según el acuerdo franco-argentino."))
    assert document.blocks[0].text == text[:-1] + "dinarios, según el acuerdo franco-argentino."


def test_paragraphs_part_where_there_is_room_between_or_left() -> None:
    """A gap parts them, and so does a line that ends early with a full stop."""
    document = read_pages(
        [*paragraphs(LONG, "Corto.", LONG, top=80), *paragraphs("Después de un espacio.", top=150)]
    )
    assert [block.text for block in document.blocks] == [f"{LONG} Corto.", LONG, "Después de un espacio."]


def test_columns_of_text_are_read_one_after_the_other() -> None:
    """A line that fills its column is no short line, wherever the page ends."""
    left = paragraphs("El presidente de la empresa", "Juan Pérez firmó el acuerdo", "de marzo.", top=80)
    right = paragraphs("La directora de Personas", "Martina Olguín lo publicó.", top=80, left=330)
    document = read_pages([*left, *right])
    assert [block.text for block in document.blocks] == [
        "El presidente de la empresa Juan Pérez firmó el acuerdo de marzo.",
        "La directora de Personas Martina Olguín lo publicó.",
    ]


def test_a_paragraph_goes_on_over_the_page() -> None:
    """A sentence that the page's end cuts is one paragraph, on the page where it begins."""
    document = read_pages(
        paragraphs("El pedido se hace por el portal y lo"), paragraphs("aprueba la jefatura.")
    )
    assert [(block.text, block.location) for block in document.blocks] == [
        ("El pedido se hace por el portal y lo aprueba la jefatura.", "p. 1")
    ]


def test_running_heads_and_page_numbers_are_left_out() -> None:
    """What most pages repeat at their edges is no text, even with a number that changes."""

    def page(number: int) -> list[Placed]:
        return [
            (72, 30, 9, "R", "ACME · Manual interno"),
            *paragraphs(f"Texto de la hoja {'abcd'[number]}.", top=200),
            (72, 820, 9, "R", f"Página {number + 1} de 4"),
        ]

    document = read_pages(*(page(number) for number in range(4)))
    assert [block.text for block in document.blocks] == [f"Texto de la hoja {letter}." for letter in "abcd"]


def test_lists_keep_their_items_whole() -> None:
    """Bullets of any kind become `-`, and a wrapped item stays one."""
    document = read_pages(
        [
            *paragraphs("• " + LONG, "sigue el primero.", "• Segundo.", top=80),
            *paragraphs("1. Uno.", "2. Dos.", top=160),
        ]
    )
    assert outline(document) == [("list", f"- {LONG} sigue el primero.\n- Segundo.\n1. Uno.\n2. Dos.")]


def row(top: float, *cells: str, columns: tuple[float, ...] = (72, 220, 380)) -> list[Placed]:
    return [(left, top, 11, "R", cell) for left, cell in zip(columns, cells, strict=True) if cell]


def test_tables_are_seen_by_their_columns() -> None:
    """Words below each other with gaps between are a table, empty cells included."""
    document = read_pages(
        [
            *paragraphs("Los topes por país son estos, sin excepción para nadie.", top=60),
            *row(100, "País", "Hotel", "Comidas"),
            *row(120, "Argentina", "95.000", "38.000"),
            *row(140, "España", "", "42"),
            *row(160, "México", "1.900", "750"),
            *paragraphs("Después de la tabla sigue el texto normal de la página.", top=200),
        ]
    )
    assert outline(document)[1] == (
        "table",
        "| País | Hotel | Comidas |\n| Argentina | 95.000 | 38.000 |\n| España |  | 42 |\n"
        "| México | 1.900 | 750 |",
    )
    assert [kind for kind, _ in outline(document)] == ["paragraph", "table", "paragraph"]


def test_cells_of_several_lines_are_one() -> None:
    """Lines as close as in a paragraph are one row, those farther apart are two."""
    document = read_pages(
        [
            *row(100, "Elemento", "A4", "A8"),
            *row(125, "Soporte para", "no", "sí"),
            *row(137, "riel DIN", "", ""),
            *row(162, "Tornillos", "2", "4"),
        ]
    )
    assert outline(document) == [
        ("table", "| Elemento | A4 | A8 |\n| Soporte para riel DIN | no | sí |\n| Tornillos | 2 | 4 |")
    ]


def test_rows_set_tight_are_told_by_their_first_cell() -> None:
    """Where rows are as close as lines, a line without a first cell goes on with the row above."""
    document = read_pages(
        [
            *row(200, "Luz", "Estado", "Acción"),
            *row(213, "Verde", "todo va bien y", "nada"),
            *row(226, "", "está conectado", ""),
            *row(239, "Roja", "error", "llame"),
        ]
    )
    assert outline(document) == [
        (
            "table",
            "| Luz | Estado | Acción |\n| Verde | todo va bien y está conectado | nada |\n"
            "| Roja | error | llame |",
        )
    ]


def test_numbers_at_the_edge_of_a_page_may_be_cells() -> None:
    """A number beside other words is no page number, even at the top."""
    document = read_pages([*row(40, "Elemento", "A4", "A8"), *row(65, "Tornillos", "2", "4")])
    assert outline(document) == [("table", "| Elemento | A4 | A8 |\n| Tornillos | 2 | 4 |")]
    assert outline(read_pages([*paragraphs("Texto.", top=300), (300, 30, 9, "R", "- 7 -")])) == [
        ("paragraph", "Texto.")
    ]


def test_a_table_that_goes_on_has_its_header_again() -> None:
    """Rows on the next page are under the same names."""
    first = [*row(700, "País", "Hotel", "Comidas"), *row(720, "Argentina", "95.000", "38.000")]
    second = [*row(180, "España", "110", "42"), *row(200, "México", "1.900", "750")]
    document = read_pages(first, second)
    assert (
        document.blocks[1].text
        == "| País | Hotel | Comidas |\n| España | 110 | 42 |\n| México | 1.900 | 750 |"
    )
    assert document.blocks[1].location == "p. 2"


def test_properties_give_title_and_date() -> None:
    """The file's own title and its last change, its zone minded."""
    document = read_pages(
        [TITLE, *paragraphs(LONG, top=100)], info="/Title(Viajes)/ModDate(D:20260301090000+01'00')"
    )
    assert document.title == "Viajes"
    assert document.as_of == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_pages_without_text_are_counted() -> None:
    """Scanned pages among others are no reason to refuse, but to say so."""
    assert read_pages(paragraphs("Uno."), [], []).notes == ("2 of 3 pages have no text",)


def test_a_file_cut_off_is_read_as_far_as_it_goes_and_says_so() -> None:
    """What PDFium can still piece together is not lost, and not passed off as the whole."""
    whole = pdf([paragraphs("Uno."), paragraphs("Dos.")])
    document = read_bytes("a.pdf", whole[: whole.index(b"%%EOF")])
    assert document.blocks[0].text == "Uno."
    assert document.notes == ("the end of the file is missing: pages may be lost",)


def test_threads_read_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """PDFium is one for all threads and not made for two at a time."""
    import pypdfium2

    opened, most = 0, 0

    class Watched(pypdfium2.PdfDocument):  # type: ignore[misc]
        def __init__(self, content: bytes) -> None:
            nonlocal opened, most
            opened += 1
            most = max(most, opened)
            time.sleep(0.01)
            super().__init__(content)

        def close(self) -> None:
            nonlocal opened
            super().close()
            opened -= 1

    monkeypatch.setattr(pypdfium2, "PdfDocument", Watched)
    content = pdf([paragraphs(LONG)])
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(str(read_bytes("a.pdf", content)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4
    assert most == 1
