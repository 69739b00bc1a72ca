"""An answer as Discord shows it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Citation
from bot.phrases import Phrases
from connectors.discord.rendering import LIMIT, defused, draft, messages

ES = Phrases("es")


def cited(**more: object) -> Citation:
    fields = {
        "number": 1,
        "title": "Manual [v2]",
        "source": "docs",
        "document": "m.md",
        "location": "Uso, página 3",
        "url": "https://example.com/a (b)>",
        "as_of": datetime(2026, 3, 3, tzinfo=UTC),
        "excerpt": "",
    }
    return Citation.model_validate(fields | more)


def test_a_source_has_its_number_title_place_link_and_date() -> None:
    """And no sign of a title or an address can break out of the link."""
    [text] = messages("Sí [1].", [cited()], ES)
    assert (
        text.splitlines()[-1] == "-# [1] [Manual \\[v2\\]](<https://example.com/a%20%28b%29%3E>), "
        "Uso, página 3 · al 3 de marzo de 2026"
    )


def test_tables_are_aligned_and_wide_ones_listed() -> None:
    """Discord shows the bars of a Markdown table as they are."""
    narrow = messages("| País | Días |\n|---|---|\n| Argentina | 17 |\n| España | 25 |", [], ES)
    assert narrow == ["```\nPaís       Días\n---------  ----\nArgentina  17\nEspaña     25\n```"]
    [wide] = messages(f"| A | B |\n|---|---|\n| {'x' * 50} | {'y' * 50} |", [], ES)
    assert wide == f"- **A**: {'x' * 50} · **B**: {'y' * 50}"


def test_code_stays_as_it_is() -> None:
    """Nothing inside a fence is taken for a table or a heading."""
    code = "```\n#### no\n| a | b |\n|---|---|\n```"
    assert messages(code, [], ES) == [code]


def test_nobody_is_notified() -> None:
    """Mentions are parted by an invisible sign."""
    text = defused("@everyone @here <@1> <@!1> <@&1>")
    for mention in ("@everyone", "@here", "<@1>", "<@!1>", "<@&1>"):
        assert mention not in text


@given(st.text(max_size=6_000), st.lists(st.builds(cited, title=st.text(max_size=400)), max_size=8))
def test_every_message_fits(text: str, citations: list[Citation]) -> None:
    """Whatever a document or a model writes, each message has something in it and keeps the limit."""
    pieces = messages(text, citations, ES)
    assert all(0 < len(piece) <= LIMIT for piece in [*pieces, draft(text) or "…"])
