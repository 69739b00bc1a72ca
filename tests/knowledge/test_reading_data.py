"""Plain text, HTML, CSV and JSON as they are found."""

import json
from datetime import UTC, datetime

import pytest

from tests.knowledge.files import outline, read_bytes, read_text


def page(body: str, head: str = "") -> list[tuple[str, str]]:
    return outline(read_text("a.html", f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"))


def test_html_keeps_what_the_page_is_about() -> None:
    """Menus, frames, scripts and hidden parts go; the page's heading stays wherever it is."""
    body = (
        "<header><h1>Vacaciones</h1><p>Menú</p></header><nav>Inicio</nav><aside>Anuncio</aside>"
        "<p>Texto.</p><p hidden>oculto</p><script>x</script><style>y</style><footer>Pie</footer>"
    )
    assert page(body) == [("heading", "Vacaciones"), ("paragraph", "Texto.")]


def test_html_main_content_is_taken_when_it_is_most() -> None:
    """`main` wins over what is around it, unless it is nearly empty."""
    text = "<p>Texto bastante largo sobre las vacaciones.</p>"
    assert page(f"<div>Lateral</div><main><header>Sí</header>{text}</main>") == [
        ("paragraph", "Sí"),
        ("paragraph", "Texto bastante largo sobre las vacaciones."),
    ]
    assert ("paragraph", "Texto bastante largo sobre las vacaciones.") in page(f"<main>x</main>{text}")


def test_html_that_unfolds_is_read() -> None:
    """Questions in buttons and answers that a click shows are text, and so are notes in the article."""
    body = (
        '<article><h2><button aria-controls="a1">¿Cómo pago?</button></h2>'
        '<div id="a1" hidden>Con tarjeta.</div>'
        "<details><summary>¿Y si no?</summary>Con Bizum.</details><aside>Nota: sin recargo.</aside></article>"
    )
    assert [text for _, text in page(body)] == [
        "¿Cómo pago?",
        "Con tarjeta.",
        "¿Y si no?",
        "Con Bizum.",
        "Nota: sin recargo.",
    ]


def test_html_link_bars_and_contents_are_left_out() -> None:
    """Links above the heading and lists of places on the page lead elsewhere and say nothing."""
    body = (
        '<div><a href="/a">Volver</a><a href="/b">Descargar</a></div><h1>Ayuda</h1>'
        '<ul><li><a href="#uno">Uno</a><li><a href="#dos">Dos</a></ul><h2 id="uno">Uno</h2>'
        '<ul><li><a href="/x">Guía</a><li><a href="/y">Manual</a></ul>'
    )
    assert page(body) == [("heading", "Ayuda"), ("heading", "Uno"), ("list", "- Guía\n- Manual")]


def test_html_inline_and_block_text() -> None:
    """Tags within a line join, blocks part, breaks stay, code keeps its backticks."""
    body = (
        "Uno <b>dos</b><i>tres</i> <a href='x'>cuatro</a><br>cinco<div>seis</div>siete <code>x &lt; y</code>"
    )
    assert [text for _, text in page(body)] == ["Uno dostres cuatro\ncinco", "seis", "siete `x < y`"]


def test_html_lists() -> None:
    """Nested, numbered from anywhere, definitions, and items of several paragraphs."""
    body = (
        "<ul><li>uno<ul><li>dos<li>tres</ul><li><p>cuatro</p><p>más</p></ul>"
        "<ol start=3><li>a<li>b</ol><dl><dt>PTO<dd>tiempo libre<dt>X</dl>"
    )
    assert page(body) == [
        ("list", "- uno\n  - dos\n  - tres\n- cuatro más"),
        ("list", "3. a\n4. b"),
        ("list", "- PTO: tiempo libre\n- X"),
    ]


def test_html_steps_with_code_keep_their_order() -> None:
    """A list whose items hold code or tables is read piece by piece, with its numbers."""
    assert page("<ol><li>Escriba<pre>rm  x</pre>y siga<li>Fin</ol>") == [
        ("paragraph", "1. Escriba"),
        ("code", "rm  x"),
        ("paragraph", "y siga"),
        ("paragraph", "2. Fin"),
    ]


def test_html_tables() -> None:
    """Cells that span rows are repeated, captions precede, tables that arrange the page are none."""
    body = (
        "<table><caption>Topes</caption><thead><tr><th>País<th>Sede<th>Días</thead>"
        "<tr><td rowspan=2>AR<td>A|B<td>14<tr><td>Funes<td>21</table>"
        "<table><tr><td><h2>Título</h2><p>Texto.</p></table>"
    )
    assert page(body) == [
        ("paragraph", "Topes"),
        ("table", "| País | Sede | Días |\n| AR | A\\|B | 14 |\n| AR | Funes | 21 |"),
        ("heading", "Título"),
        ("paragraph", "Texto."),
    ]


def test_html_titles_dates_and_anchors() -> None:
    """A site's name is no part of the title, an id is the anchor."""
    dated = '<meta property="article:modified_time" content="2026-03-01T10:00:00Z">'
    head = f"<title>Días libres | ACME</title>{dated}"
    document = read_text(
        "a.html",
        f'<html><head>{head}</head><body><h1 id="x">Días libres</h1><h2>¿Qué?</h2><p>T</p></body></html>',
    )
    assert document.title == "Días libres"
    assert document.as_of == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert [block.anchor for block in document.blocks] == ["x", "qué", ""]


def test_text_paragraphs_are_joined_where_they_were_wrapped() -> None:
    """Lines cut at a column join; short lines, labels and columns stay."""
    mail = (
        "De: ana@acme.example\nPara: todo el equipo de soporte y de taller, y también para\n"
        "CC: luis@acme.example"
    )
    text = (
        "Este es un texto que alguien ha cortado a una columna fija y que\n"
        "continúa en la línea siguiente sin más motivo.\n\n"
        f"{mail}\n\n"
        "luz verde     todo en orden, no hace falta nada\nluz roja      hay un error: llame al servicio ya\n"
    )
    assert [text for _, text in outline(read_text("a.txt", text))] == [
        "Este es un texto que alguien ha cortado a una columna fija y que continúa en la línea siguiente sin"
        " más motivo.",
        mail,
        "luz verde     todo en orden, no hace falta nada\nluz roja      hay un error: llame al servicio ya",
    ]


def test_text_headings_and_lists() -> None:
    """Underlined lines and lines in capitals are headings; items are lists, with what hangs below them."""
    text = (
        "Guía\n====\n\nUno\n---\nTexto.\n\n- uno\n- dos que\n  sigue\n\n"
        "2. VIAJES\n  Con permiso.\n\nEE. UU.\n\n***\n"
    )
    document = read_text("a.txt", text)
    assert document.title == "Guía"
    assert outline(document) == [
        ("heading", "Guía"),
        ("heading", "Uno"),
        ("paragraph", "Texto."),
        ("list", "- uno\n- dos que sigue"),
        ("heading", "2. VIAJES"),
        ("paragraph", "Con permiso."),
        ("paragraph", "EE. UU."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Producto;Precio\nSilla;1.250,50\nMesa;2,10\n",
        'Producto,Precio\nSilla,"1.250,50"\nMesa,"2,10"\n',
        "Producto\tPrecio\nSilla\t1.250,50\nMesa\t2,10\n",
        "Producto|Precio\nSilla|1.250,50\nMesa|2,10\n",
        "sep=;\nProducto;Precio\n\nSilla;1.250,50\nMesa;2,10\n",
        "\ufeffProducto;Precio;\r\nSilla;1.250,50;\r\nMesa;2,10;\r\n",
    ],
)
def test_csv_of_any_country(text: str) -> None:
    """Commas in amounts do not part cells, and a column or row of nothing is not there."""
    assert outline(read_text("a.csv", text)) == [
        ("table", "| Producto | Precio |\n| Silla | 1.250,50 |\n| Mesa | 2,10 |")
    ]


def test_csv_header_and_caption() -> None:
    """Rows of values have no header; lines above a table are text; line breaks in a cell are blanks."""
    assert outline(read_text("a.csv", "Silla,10\nMesa,20\n")) == [
        ("table", "| A | B |\n| Silla | 10 |\n| Mesa | 20 |")
    ]
    assert outline(read_text("a.csv", 'Ventas\n\nPaís,Nota\nAR,"dos\nlíneas"\n')) == [
        ("paragraph", "Ventas"),
        ("table", "| País | Nota |\n| AR | dos líneas |"),
    ]


def test_csv_rows_beyond_the_limit_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long table is read up to a limit, and the note says so."""
    from knowledge.reading import separated

    monkeypatch.setattr(separated, "MAX_ROWS", 3)
    document = read_text("a.csv", "k;v\n" + "".join(f"k{number};{number}\n" for number in range(9)))
    assert document.blocks[0].text.count("\n") == 2
    assert document.notes == ("the first 3 rows are read",)


def test_json_records_alike_are_a_table() -> None:
    """Flat records with short values; numbers as they are written."""
    text = '[{"sku": "A1", "precio": 10.50, "stock": 3}, {"sku": "B", "precio": 2, "stock": null}]'
    assert outline(read_text("a.json", text)) == [
        ("table", "| sku | precio | stock |\n| A1 | 10.50 | 3 |\n| B | 2 |  |")
    ]


def test_json_records_with_long_values_are_sections() -> None:
    """Each under what it is called by."""
    long = "Se piden con un mes de anticipación. " * 6
    records = [{"pregunta": "¿Cómo pido días?", "respuesta": long, "temas": ["rrhh", "días"]}]
    assert outline(read_text("a.json", json.dumps(records))) == [
        ("heading", "¿Cómo pido días?"),
        ("list", "- temas: rrhh, días"),
        ("paragraph", f"respuesta: {long.strip()}"),
    ]


def test_json_objects_are_read_by_their_keys() -> None:
    """Headings from keys, small objects on one line, the title from the title."""
    value = {
        "title": "Config",
        "empresa": {"nombre": "ACME", "rango_c": {"min": -5, "max": 50}, "activa": True, "web": None},
    }
    document = read_text("a.json", json.dumps(value))
    assert document.title == "Config"
    assert outline(document) == [
        ("list", "- title: Config"),
        ("heading", "empresa"),
        ("list", "- nombre: ACME\n- rango c: min -5, max 50\n- activa: true"),
    ]


def test_json_lines_with_a_broken_one_lose_nothing() -> None:
    """Records are read, the broken line is kept as text, and the note counts it."""
    document = read_bytes("a.jsonl", b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\nroto {\n')
    text = str(outline(document))
    assert "a: 3" in text
    assert "roto {" in text
    assert document.notes == ("1 of 3 lines are no JSON and are read as text",)


def test_json_lines_are_a_table_when_they_are_alike() -> None:
    """Each line a row."""
    text = '{"a": 1, "b": 2}\n\n{"a": 3, "b": 4}\n'
    assert outline(read_text("a.jsonl", text)) == [("table", "| a | b |\n| 1 | 2 |\n| 3 | 4 |")]
