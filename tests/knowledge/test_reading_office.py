"""DOCX, PPTX and XLSX as people write them."""

import datetime as dt
from typing import Any

import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

from knowledge.errors import UnreadableError
from knowledge.reading import tables
from tests.knowledge.files import docx, outline, pptx, read_bytes, xlsx


def fill_table(table: Any, rows: list[list[str]]) -> None:
    for cells, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, texts, strict=True):
            cell.text = text


def word(text: str) -> Any:
    """A paragraph's run as XML."""
    return parse_xml(f"<w:r {nsdecls('w')}><w:t>{text}</w:t></w:r>")


def test_docx_in_reading_order() -> None:
    """Headings by style, lists with their numbers, tables where they stand."""

    def build(file: Any) -> None:
        file.add_heading("Viajes", 0)
        file.add_heading("Reservas", 1)
        file.add_paragraph("Antes de viajar:")
        for style, text in [("List Bullet", "uno"), ("List Bullet 2", "dos"), ("List Bullet", "tres")]:
            file.add_paragraph(text, style=style)
        fill_table(file.add_table(2, 2), [["País", "Tope"], ["AR", "100"]])
        file.add_paragraph("Primero", style="List Number")
        file.add_paragraph("Segundo", style="List Number")
        file.add_heading("Más", 2)
        file.add_paragraph("Fin.")

    document = read_bytes("a.docx", docx(build))
    assert document.title == "Viajes"
    assert document.as_of is None
    assert outline(document) == [
        ("heading", "Viajes"),
        ("heading", "Reservas"),
        ("paragraph", "Antes de viajar:"),
        ("list", "- uno\n- dos\n- tres"),
        ("table", "| País | Tope |\n| AR | 100 |"),
        ("list", "1. Primero\n2. Segundo"),
        ("heading", "Más"),
        ("paragraph", "Fin."),
    ]
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 1, 2]


def test_docx_properties_give_title_and_date() -> None:
    """What the office program noted counts, unless nobody wrote it."""

    def build(file: Any) -> None:
        file.core_properties.title = "Política de viajes"
        file.core_properties.modified = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
        file.add_heading("Otro", 1)
        file.add_paragraph("Texto.")

    document = read_bytes("a.docx", docx(build))
    assert document.title == "Política de viajes"
    assert document.as_of == dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "junk", ["Microsoft Word - acta.doc", "Documento1", "Untitled", "acta_final.docx", ""]
)
def test_titles_that_programs_invent_are_no_titles(junk: str) -> None:
    """The first heading is."""

    def build(file: Any) -> None:
        file.core_properties.title = junk
        file.add_heading("Acta", 1)
        file.add_paragraph("Texto.")

    assert read_bytes("a.docx", docx(build)).title == "Acta"


def test_docx_merged_cells() -> None:
    """A cell merged downwards stands in every row it covers: each row says what it is about."""

    def build(file: Any) -> None:
        table = file.add_table(3, 3)
        fill_table(table, [["País", "Sede", "Días"], ["AR", "Rosario", "14"], ["", "Funes", "21"]])
        table.cell(1, 0).merge(table.cell(2, 0))

    (block,) = read_bytes("a.docx", docx(build)).blocks
    assert block.text == "| País | Sede | Días |\n| AR | Rosario | 14 |\n| AR | Funes | 21 |"


def test_docx_text_that_python_docx_passes_over() -> None:
    """Tracked insertions, content controls and hyperlinks are text; deletions are not."""

    def build(file: Any) -> None:
        paragraph = file.add_paragraph("Hasta ")._p
        inserted, deleted = OxmlElement("w:ins"), OxmlElement("w:del")
        inserted.append(word("20 días"))
        deleted.append(word("14 días"))
        link = OxmlElement("w:hyperlink")
        link.append(word(" al año"))
        for part in (deleted, inserted, link):
            paragraph.append(part)
        control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        control.append(content)
        body = file.element.body
        body.insert(len(body) - 1, control)
        content.append(file.add_paragraph("En un control.")._p)

    assert outline(read_bytes("a.docx", docx(build))) == [
        ("paragraph", "Hasta 20 días al año"),
        ("paragraph", "En un control."),
    ]


def test_docx_numbers_that_stand_nowhere_in_the_text() -> None:
    """What Word counts by itself (`Artículo 2.`) is read with the paragraph it numbers."""

    def build(file: Any) -> None:
        numbering = file.part.numbering_part.element
        level = "".join(
            f'<w:lvl w:ilvl="{depth}"><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
            for depth, form, text in [(0, "decimal", "Artículo %1."), (1, "lowerLetter", "%2)")]
        )
        numbering.insert(
            0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{level}</w:abstractNum>')
        )
        numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="91"><w:abstractNumId w:val="90"/></w:num>')
        )
        for depth, text in [(0, "Objeto"), (1, "uno"), (1, "dos"), (0, "Plazo"), (1, "tres")]:
            properties = file.add_paragraph(text)._p.get_or_add_pPr()
            numbered = properties._add_numPr()
            numbered._add_ilvl().val, numbered._add_numId().val = depth, 91

    (block,) = read_bytes("a.docx", docx(build)).blocks
    assert block.text == "Artículo 1. Objeto\n  a) uno\n  b) dos\nArtículo 2. Plazo\n  a) tres"


def test_docx_without_styles_has_the_headings_that_are_bold() -> None:
    """Where nobody used styles, short bold lines are the headings; where somebody did, they are not."""

    def build(file: Any) -> None:
        file.add_paragraph().add_run("Requisitos").bold = True
        file.add_paragraph("Hay que tener un año de antigüedad.")

    assert outline(read_bytes("a.docx", docx(build)))[0] == ("heading", "Requisitos")

    def styled(file: Any) -> None:
        file.add_heading("Vacaciones", 1)
        build(file)

    assert outline(read_bytes("a.docx", docx(styled)))[1] == ("paragraph", "Requisitos")


def test_docx_text_boxes_are_read_once() -> None:
    """A text box is stored twice for old programs; its text is read once."""

    def build(file: Any) -> None:
        inner = "<w:txbxContent><w:p><w:r><w:t>En una caja</w:t></w:r></w:p></w:txbxContent>"
        markup = "http://schemas.openxmlformats.org/markup-compatibility/2006"
        box = (
            f'<w:r {nsdecls("w")} xmlns:mc="{markup}"><mc:AlternateContent><mc:Choice Requires="wps">{inner}'
            f"</mc:Choice><mc:Fallback>{inner}</mc:Fallback></mc:AlternateContent></w:r>"
        )
        file.add_paragraph("Antes.")._p.append(parse_xml(box))

    assert [text for _, text in outline(read_bytes("a.docx", docx(build)))] == ["Antes.", "En una caja"]


def test_docx_contents_are_not_text() -> None:
    """A table of contents repeats the headings and is left out."""

    def build(file: Any) -> None:
        style = file.styles.add_style("toc 1", 1)
        assert style.element.find(qn("w:name")) is not None
        file.add_paragraph("Reservas ........ 3", style=style)
        file.add_paragraph("Texto.")

    assert outline(read_bytes("a.docx", docx(build))) == [("paragraph", "Texto.")]


def a_slide(file: Any, title: str, *lines: tuple[int, str]) -> Any:
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = title
    frame = slide.placeholders[1].text_frame
    for number, (level, text) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    return slide


def test_pptx_slides_are_sections_with_their_place() -> None:
    """Title, list, table, chart and notes, each said to be on its slide."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    def build(file: Any) -> None:
        a_slide(file, "Lanzamiento", (0, "uno"), (1, "dos"))
        slide = a_slide(file, "Precios", (0, "Sin IVA."))
        slide.notes_slide.notes_text_frame.text = "Decir que suben en mayo."
        fill_table(slide.shapes.add_table(2, 2, 0, 0, 999, 999).table, [["País", "Precio"], ["AR", "100"]])
        data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
        data.categories = ["T1", "T2"]
        data.add_series("Ventas", (1.5, 2))
        slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 999, 999, data)
        file.slides.add_slide(file.slide_layouts[6])

    document = read_bytes("a.pptx", pptx(build))
    assert [(block.location, block.kind, block.text) for block in document.blocks] == [
        ("slide 1", "heading", "Lanzamiento"),
        ("slide 1", "list", "- uno\n  - dos"),
        ("slide 2", "heading", "Precios"),
        ("slide 2", "paragraph", "Sin IVA."),
        ("slide 2", "table", "| País | Precio |\n| AR | 100 |"),
        ("slide 2", "table", "|  | Ventas |\n| T1 | 1.5 |\n| T2 | 2 |"),
        ("slide 2", "paragraph", "Decir que suben en mayo."),
    ]
    assert document.title == "Lanzamiento"
    assert document.notes == ("1 of 3 slides have no text",)


def test_pptx_text_that_every_slide_repeats_is_its_frame() -> None:
    """`Confidencial` on each slide is said by none of them."""

    def build(file: Any) -> None:
        for number in range(4):
            box = a_slide(file, f"Tema {number}", (0, f"Texto {number}")).shapes.add_textbox(0, 0, 99, 99)
            box.text_frame.text = "Confidencial"

    assert "Confidencial" not in str(outline(read_bytes("a.pptx", pptx(build))))


def test_pptx_merged_cells() -> None:
    """A cell merged downwards stands in every row, one merged across leaves blanks."""

    def build(file: Any) -> None:
        table = a_slide(file, "Topes", (0, "uno")).shapes.add_table(3, 3, 0, 0, 999, 999).table
        fill_table(table, [["País", "Sede", "Días"], ["AR", "Rosario", "14"], ["", "todas", ""]])
        table.cell(1, 0).merge(table.cell(2, 0))
        table.cell(2, 1).merge(table.cell(2, 2))

    table = read_bytes("a.pptx", pptx(build)).blocks[-1].text
    assert table == "| País | Sede | Días |\n| AR | Rosario | 14 |\n| AR | todas |  |"


def test_pptx_groups_are_looked_into() -> None:
    """Shapes in groups are text, too."""

    def build(file: Any) -> None:
        slide = a_slide(file, "Equipo", (0, "uno"))
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, 99, 99).text_frame.text = "Dentro"

    assert ("paragraph", "Dentro") in outline(read_bytes("a.pptx", pptx(build)))


def test_xlsx_values_look_as_their_formats_show_them() -> None:
    """Dates, amounts, shares and truth values; floats without their noise."""

    def build(book: Any) -> None:
        sheet = book.active
        sheet.title = "Precios"
        sheet.append(["Producto", "Precio", "IVA", "Desde", "Hora", "Activo", "Peso"])
        sheet.append(
            ["Silla", 1250.5, 0.21, dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 9, 30), True, 0.1 + 0.2]
        )
        sheet["B2"].number_format = '#,##0.00 "€"'
        sheet["C2"].number_format = "0%"

    document = read_bytes("lista_de_precios.xlsx", xlsx(build))
    assert document.title == "Lista de precios"
    assert [(block.kind, block.location, block.text) for block in document.blocks] == [
        ("heading", "sheet Precios", "Precios"),
        (
            "table",
            "sheet Precios",
            "| Producto | Precio | IVA | Desde | Hora | Activo | Peso |\n"
            "| Silla | 1250.50 € | 21% | 2026-03-01 | 2026-03-01 09:30 | TRUE | 0.3 |",
        ),
    ]


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (5, "General", "5"),
        (5.0, "0", "5"),
        (1234567.891, "#,##0.00", "1234567.89"),
        (0.105, "0.0%", "10.5%"),
        (99, '"$"#,##0.00', "$99.00"),
        (99.5, "[$€-C0A] #,##0.00", "€99.50"),
        (1e20, "General", "1e+20"),
    ],
)
def test_xlsx_numbers(value: float, form: str, shown: str) -> None:
    """As the sheet shows them, without separators of thousands."""

    def build(book: Any) -> None:
        book.active.append(["Clave", "Valor"])
        book.active.append(["a", value])
        book.active["B2"].number_format = form

    assert read_bytes("a.xlsx", xlsx(build)).blocks[-1].text.endswith(f"| a | {shown} |")


def test_xlsx_sheets_hold_captions_and_several_tables() -> None:
    """Lines above are text, a gap before other columns begins another table, empty rows and columns go."""

    def build(book: Any) -> None:
        sheet = book.active
        for row in (
            ["Lista de precios 2026"],
            [],
            [None, "Producto", None, "Precio"],
            [None, "Silla", None, 10],
            [],
            [None, "Mesa", None, 20],
            [],
            [None, "Sucursal", None, "Teléfono"],
            [None, "Centro", None, "555"],
        ):
            sheet.append(row)
        book.create_sheet("Vacía")

    assert outline(read_bytes("a.xlsx", xlsx(build)))[1:] == [
        ("paragraph", "Lista de precios 2026"),
        ("table", "| Producto | Precio |\n| Silla | 10 |\n| Mesa | 20 |"),
        ("table", "| Sucursal | Teléfono |\n| Centro | 555 |"),
    ]


def test_xlsx_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden sheets, rows beyond the limit and formulas without a result are named."""
    from knowledge.reading import workbook

    monkeypatch.setattr(workbook, "MAX_ROWS", 5)

    def build(book: Any) -> None:
        sheet = book.active
        sheet.title = "Larga"
        for number in range(9):
            sheet.append([f"k{number}", "v", "=1+1"])
        book.create_sheet("Sueldos").append(["x", "y"])
        book["Sueldos"].sheet_state = "hidden"

    document = read_bytes("a.xlsx", xlsx(build))
    assert "k4" in document.blocks[-1].text
    assert "k5" not in document.blocks[-1].text
    assert len(document.notes) == 3
    assert "Larga" in document.notes[0]
    assert "Sueldos" in document.notes[1]
    assert document.notes[2].startswith("9 formulas")


def test_xlsx_of_formulas_never_computed_is_no_empty_file() -> None:
    """The reason says what to do: open and save it."""
    with pytest.raises(UnreadableError, match="formulas") as caught:
        read_bytes("a.xlsx", xlsx(lambda book: book.active.append(["=1+1", "=2+2"])))
    assert caught.value.reason == "no_text"


def test_rows_without_a_header_are_named_by_letters() -> None:
    """Values do not become the names of columns."""
    blocks = tables.grid_blocks([["Silla", "10", "2026-01-01"], ["Mesa", "20", "2026-01-02"]])
    assert [block.text for block in blocks] == [
        "| A | B | C |\n| Silla | 10 | 2026-01-01 |\n| Mesa | 20 | 2026-01-02 |"
    ]


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["Concepto", "2025", "2026"], ["Ventas", "10", "12"]], True),
        ([["", "2026-01-01", "2026-02-01"], ["Ventas", "10", "12"]], True),
        ([["Silla", "2025"], ["Mesa", "2026"]], False),
        ([["Ana", "ana@acme.example"], ["Luis", "luis@acme.example"]], False),
        ([["Nombre", "Correo"], ["Luis", "luis@acme.example"]], True),
        ([["uno", "dos"], ["tres", "cuatro"]], True),
        ([["uno", "uno"], ["tres", "cuatro"]], False),
    ],
)
def test_headers_are_told_from_data(rows: list[list[str]], header: bool) -> None:
    """Years and months may name columns; amounts, addresses and repeated words do not."""
    assert tables.is_header(rows[0], rows[1:]) is header


def test_xlsx_formulas_that_give_an_empty_text_have_their_result() -> None:
    """Excel stores an empty text as such: nothing is missing."""
    import io
    import zipfile

    content = xlsx(lambda book: [book.active.append(row) for row in (["Clave", "Nota"], ["a", "=B9"])])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                assert b'<c r="B2">' in data
                data = data.replace(b'<c r="B2">', b'<c r="B2" t="str">')
            new.writestr(part.filename, data)
    assert read_bytes("a.xlsx", content).notes != ()
    assert read_bytes("a.xlsx", out.getvalue()).notes == ()
