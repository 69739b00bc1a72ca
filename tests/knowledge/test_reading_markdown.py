"""Markdown as documentation really holds it."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.reading.markdown import clean_title
from tests.knowledge.files import outline, read_bytes, read_text


def test_front_matter_gives_title_and_date_and_is_no_text() -> None:
    """Title and date come from front matter, and nothing of it is read as text."""
    document = read_text("a.md", "---\ntitle: Vacaciones\nauthor: x\ndate: 2026-03-01\n---\nTexto.\n")
    assert document.title == "Vacaciones"
    assert document.as_of == datetime(2026, 3, 1, tzinfo=UTC)
    assert outline(document) == [("paragraph", "Texto.")]


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: 'CA2236: Llamar'", "CA2236: Llamar"),
        ("title: CA2236: Llamar a la base", "CA2236: Llamar a la base"),
        ("titulo: Viajes\nbroken: [", "Viajes"),
        ("title: >\n  Dos\n  líneas", "Dos líneas"),
    ],
)
def test_front_matter_with_mistakes_still_gives_its_title(front: str, title: str) -> None:
    """A colon in a title and mistakes elsewhere do not cost the title."""
    assert read_text("a.md", f"---\n{front}\n---\n\nTexto.\n").title == title


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("date: 2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
        ("ms.date: 11/04/2016", datetime(2016, 11, 4, tzinfo=UTC)),
        ("fecha: 25/12/2025", datetime(2025, 12, 25, tzinfo=UTC)),
        ("date: 03/04/2026", None),
        ("date: 99/99/2026", None),
        ("date: soon", None),
    ],
)
def test_a_date_that_can_be_read_in_two_ways_is_not_read(line: str, expected: datetime | None) -> None:
    """Only dates that are certain are believed; Microsoft's own key is known to be month first."""
    assert read_text("a.md", f"---\n{line}\n---\nTexto.\n").as_of == expected


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 50_000, "\n  " + "- " * 100_000])
def test_front_matter_nested_without_end_takes_nothing_down(deep: str) -> None:
    """YAML that would overflow the parser's stack is read line by line."""
    document = read_text("a.md", f"---\ndate: 2026-01-02\ntitle: {deep}\n---\n\nTexto.\n")
    assert outline(document)[-1] == ("paragraph", "Texto.")


def test_toml_front_matter_is_read() -> None:
    """Hugo's other front matter works like the first."""
    document = read_text("a.md", '+++\ntitle = "Viajes"\ndate = 2026-03-01\n+++\nTexto.\n')
    assert (document.title, document.as_of) == ("Viajes", datetime(2026, 3, 1, tzinfo=UTC))


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    """A document that begins with a rule loses nothing."""
    assert "importante" in str(outline(read_text("a.md", "---\n\nEsto es importante\n\n---\n\nMás\n")))


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("docs/guia-de-viajes.md", "Texto", "Guia de viajes"),
        ("rrhh/README.md", "Texto", "Rrhh"),
        ("a.md", "# El **título** `x`\n\nTexto", "El título x"),
        ("a.md", "---\ntitle: Vacaciones | ACME Docs\n---\n# Vacaciones\n\nTexto", "Vacaciones"),
        ("a.md", "---\ntitle: Vacaciones | España\n---\n# Días libres\n\nTexto", "Vacaciones | España"),
    ],
)
def test_title(name: str, text: str, title: str) -> None:
    """Front matter, then the first H1, then the file's name; a site's name is not part of a title."""
    assert read_text(name, text).title == title


def test_headings_have_the_anchors_that_lead_to_them() -> None:
    """Named anchors win; others are GitHub's, the second of a name numbered."""
    text = (
        '# A\n\n## <a name="cause"></a>Causa\n\n## Días {#dias}\n\n## ¿Qué es?\n\n## ¿Qué es?\n\n'
        "## Uno {/*one*/}\n"
    )
    headings = [(b.text, b.level, b.anchor) for b in read_text("a.md", text).blocks]
    assert headings == [
        ("A", 1, "a"),
        ("Causa", 2, "cause"),
        ("Días", 2, "dias"),
        ("¿Qué es?", 2, "qué-es"),
        ("¿Qué es?", 2, "qué-es-1"),
        ("Uno", 2, "one"),
    ]


def test_lists_keep_their_markers_and_levels() -> None:
    """One item a line, numbered as Markdown shows it, whatever is between."""
    text = "3. uno\n3. dos\n   sigue\n\n   y sigue\n   - a\n   - b\n\n     c\n3. tres\n"
    expected = "3. uno\n4. dos sigue y sigue\n  - a\n  - b c\n5. tres"
    assert outline(read_text("a.md", text)) == [("list", expected)]


def test_numbers_keep_their_sign() -> None:
    """`1)` is not turned into `1.`, wherever the list stands."""
    text = "1) uno\n2) dos\n   1. a\n\ntexto (véase 3)\n\n> 7) siete\n> 8) ocho\n"
    assert outline(read_text("a.md", text)) == [
        ("list", "1) uno\n2) dos\n  1. a"),
        ("paragraph", "texto (véase 3)"),
        ("list", "7) siete\n8) ocho"),
    ]


def test_code_inside_an_item_stands_on_its_own() -> None:
    """A list is parted by code, and its numbers go on."""
    text = "1. Escriba:\n\n   ```sh\n   rm  x\n   ```\n\n   Luego:\n2. Siga\n"
    assert outline(read_text("a.md", text)) == [
        ("list", "1. Escriba:"),
        ("code", "rm  x"),
        ("paragraph", "Luego:"),
        ("list", "2. Siga"),
    ]


def test_tables_become_pipe_tables() -> None:
    """Header first, no rule, marks taken off, an empty header row left out."""
    text = (
        "| País | **Días** |\n|---|---|\n| AR | [14](x) |\n| a\\|b | `c` |\n\n"
        "| | |\n|-|-|\n| x | 1 |\n| y | 2 |\n"
    )
    assert outline(read_text("a.md", text)) == [
        ("table", "| País | Días |\n| AR | 14 |\n| a\\|b | `c` |"),
        ("table", "| x | 1 |\n| y | 2 |"),
    ]


def test_directives_and_components_leave_only_what_they_say() -> None:
    """Fences of `:::`, alert markers, includes, imports and components are no text; what they hold is."""
    text = (
        "import X from './x'\n\n<Intro>\n\nHola **a** todos.\n\n</Intro>\n\n"
        '::: moniker range=">=vs-2019"\n\n> [!NOTE]\n> Ojo con esto.\n\n> [!WARNING] Cuidado.\n\n'
        ':::image type="content" source="a.png" alt-text="Pantalla":::\n\n::: tip Consejo\n\nAsí.\n\n:::\n\n'
        '[!INCLUDE[x](../y.md)]\n\n<!-- nada -->\n\n{% include "x" %}\n\nUse [!INCLUDE[vs](v.md)] hoy.\n\n'
        "<Tip>\n- uno\n- dos\n</Tip>\n"
    )
    assert outline(read_text("a.mdx", text)) == [
        ("paragraph", "Hola a todos."),
        ("paragraph", "Ojo con esto."),
        ("paragraph", "Cuidado."),
        ("paragraph", "Pantalla"),
        ("paragraph", "Consejo"),
        ("paragraph", "Así."),
        ("paragraph", "Use vs hoy."),
        ("list", "- uno\n- dos"),
    ]


def test_footnotes_are_text_where_they_are_defined() -> None:
    """The sign goes, the note stays with all of its paragraphs."""
    text = "Doce días[^1] al año[^x].\n\n[^1]: Hábiles.\n\n    Sin feriados.\n"
    assert [b.text for b in read_text("a.md", text).blocks] == [
        "Doce días al año.",
        "Hábiles.",
        "Sin feriados.",
    ]


def test_components_inside_code_are_code() -> None:
    """What looks like a component in a code block stays."""
    assert outline(read_text("a.md", "```jsx\n<Item />\n<!-- x -->\n```\n")) == [
        ("code", "<Item />\n<!-- x -->")
    ]


def test_html_blocks_are_read_as_html() -> None:
    """A table or a list in HTML is one here, too; scripts are nothing."""
    text = (
        "<table><tr><th>País<th>Días<tr><td>AR<td>14</table>\n\n<script>x()</script>\n\n"
        "<details><summary>Más</summary>\n\nTexto\n\n</details>\n"
    )
    assert outline(read_text("a.md", text)) == [
        ("table", "| País | Días |\n| AR | 14 |"),
        ("paragraph", "Más"),
        ("paragraph", "Texto"),
    ]


def test_html_within_an_item_stays_with_it() -> None:
    """Markup without a structure of its own does not part a list."""
    text = "- uno\n  <details><summary>Más</summary>\n  aquí\n  </details>\n- dos\n"
    assert outline(read_text("a.md", text)) == [("list", "- uno Más aquí\n- dos")]


def test_a_placeholder_on_its_own_line_is_text() -> None:
    """`<nombre>` is no HTML, and what follows it is not lost with it."""
    text = "<nombre>\nes el **suyo**\n\n> <Tip>\n> un consejo\n"
    assert [b.text for b in read_text("a.md", text).blocks] == ["<nombre>\nes el **suyo**", "un consejo"]


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("1. Introducción", "1. Introducción"),
        ("> 5 años", "> 5 años"),
        ("Aprenda C #", "Aprenda C #"),
        ("El **uso** de `x`\n y más", "El uso de x y más"),
        ("media \ud83d letra", "media \ufffd letra"),
        (2024, ""),
        ("", ""),
    ],
)
def test_a_stated_title_is_one_line_without_marks(stated: object, title: str) -> None:
    """What begins like a list or a quote is a title all the same."""
    assert clean_title(stated) == title


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("[a](b)", "a"),
        ("[a](b 'c')", "a"),
        ("[a](<b c>)", "a"),
        ("[a (b)](c_(d))", "a (b)"),
        ("[![alt](x.png)](y)", "alt"),
        ("![foto](x.png) y", "foto y"),
        ("**a** *b* ***c*** __d__ _e_", "a b c d e"),
        ("snake_case_name y 2 * 3 * 4", "snake_case_name y 2 * 3 * 4"),
        ("`a*b*c` y `` `x` ``", "`a*b*c` y `x`"),
        (r"\*no\* y \<T>", "*no* y <T>"),
        ("&lt;a&gt; &amp; &eacute;", "<a> & é"),
        ("<b>x</b><br/>y", "x\ny"),
        ("escriba a <su correo> o List<T>", "escriba a <su correo> o List<T>"),
        ("<https://a.b/c> <mailto:a@b.c> <a@b.c>", "https://a.b/c a@b.c a@b.c"),
        ("<xref:System.Object.GetData%2A?displayProperty=fullName>", "System.Object.GetData"),
        ("texto[^1] y ~~viejo~~", "texto y ~~viejo~~"),
        ("a < b y c > d", "a < b y c > d"),
        ("a <!-- x --> b", "a b"),
        ("[ ] por hacer, [x] hecho", "[ ] por hacer, [x] hecho"),
        ("[Manual](Manual de marca.pdf) y ![foto](mi foto.png)", "Manual y foto"),
        (r"\[a\](b) y a[i](j)", "[a](b) y ai"),
        ("`rm ` y ``a`b``", "`rm` y a`b"),
        ("**Archivo** > *Nuevo*  y   más", "Archivo > Nuevo y más"),
        ("<Badge color={rojo}/>Nuevo <kbd>Ctrl</kbd>+<kbd>C</kbd>", "Nuevo Ctrl+C"),
        ('Vea {{< ref "a.md" >}} y {{<img src="x">}} y {{ valor }}', "Vea y y {{ valor }}"),
        ("`[^a]`, `{% x %}` y `:::image:::`", "`[^a]`, `{% x %}` y `:::image:::`"),
        ('Pulse :::image type="icon" source="a.png"::: aquí', "Pulse aquí"),
        (
            ':::image source="a.png" alt-text="La ventana &quot;Nuevo&quot;" border="no":::',
            'La ventana "Nuevo"',
        ),
        ("[!INCLUDE [vs](v.md)] y [!include[a [b]](c)]", "vs y a [b]"),
    ],
)
def test_inline_marks(marked: str, words: str) -> None:
    """Marks go, words stay; what only looks like a mark stays, too."""
    assert outline(read_text("a.md", marked)) == [("paragraph", words)]


def test_reference_links_are_known_by_their_definitions() -> None:
    """`[text][ref]` is a link only where the document defines it."""
    text = "Vea [la guía][g], [g] y [otra][nada].\n\n[g]: https://a.b\n"
    assert outline(read_text("a.md", text)) == [("paragraph", "Vea la guía, g y [otra][nada].")]


def test_wrapped_lines_are_joined_and_others_kept() -> None:
    """A line wrapped at a column goes on; short lines and hard breaks stay apart."""
    wrapped = "Este texto se cortó en la columna setenta porque así lo hizo el editor\nde quien lo escribió."
    text = f"{wrapped}\n\nLunes: 9 a 18\nMartes: 9 a 13\n\nUno  \ndos\n"
    assert [b.text for b in read_text("a.md", text).blocks] == [
        wrapped.replace("\n", " "),
        "Lunes: 9 a 18\nMartes: 9 a 13",
        "Uno\ndos",
    ]


def test_html_named_markdown_is_read_as_html() -> None:
    """What a file holds counts, not what it is called."""
    document = read_text("a.md", "<!DOCTYPE html><html><title>T</title><body><p>Hola</p></body></html>")
    assert (document.title, outline(document)) == ("T", [("paragraph", "Hola")])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        "`a " * 100_000,
        "*a **b _c " * 30_000,
        "<a " * 100_000,
        "- " * 20_000 + "x",
        "> " * 20_000 + "x",
        "- a\n\n" + "  b\n\n" * 60_000,
        "<div>\n" * 60_000 + "x",
        "x :::image " * 30_000,
        'x :::image alt-text="' * 15_000,
        "[!INCLUDE[a](b) " * 20_000,
        "x {/* " * 50_000,
        "# " + "{#a" * 100_000 + "}",
        "1) " + "palabra " * 100_000,
        "|a" * 10_000 + "|\n" + "|-" * 10_000 + "|\n" + "|b|\n" * 20_000,
    ],
    ids=range(15),
)
def test_absurd_text_is_read_in_time_that_grows_with_its_length(text: str) -> None:
    """Marks that are never closed and nesting without end: any of these would take minutes otherwise."""
    assert read_text("a.md", text).blocks


@given(st.text(alphabet="ab *_`[]()<>!\\&#|-:\n^{}/=\"'1.~", max_size=120))
def test_any_text_is_read_or_said_to_be_empty(text: str) -> None:
    """No combination of marks makes the reader fail."""
    from knowledge.errors import UnreadableError

    try:
        document = read_bytes("a.md", text.encode())
    except UnreadableError as error:
        assert error.reason == "empty"
    else:
        assert all(block.text.strip() for block in document.blocks)


@given(st.lists(st.text(alphabet="abcñé", min_size=1, max_size=8), min_size=1, max_size=30))
def test_words_without_marks_are_never_lost(words: list[str]) -> None:
    """Plain words come through as they are, in order."""
    text = " ".join(words)
    assert " ".join(block.text for block in read_text("a.md", text).blocks) == text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["{}", "**{}**", "_{}_", "`{}`", "[{}](x)", "![{}](x)", "<b>{}</b>", "(«{}»)"]),
            st.text(alphabet="abcñé", min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(
        ["{}", "# {}", "- {}", "> {}", "1) {}", "| {} |\n|-|\n| x |", "<div>{}</div>", "[^1]: {}"]
    ),
    st.sampled_from([" ", "\n", "  \n", "<br>"]),
)
def test_words_within_marks_are_never_lost(marked: list[tuple[str, str]], around: str, between: str) -> None:
    """Whatever marks a word has and wherever it stands, it is read, once and in order."""
    lines = between if around in ("{}", "> {}") else " "
    text = around.format(lines.join(mark.format(word) for mark, word in marked))
    read = " ".join(block.text for block in read_text("a.md", text).blocks)
    found = iter(re.findall("[abcñé]+", read.replace("![", "").replace("](x)", "").replace("<br>", " ")))
    assert all(word in found for _, word in marked), read
