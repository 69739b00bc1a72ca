"""Lookups without a model: at the terminal, by anybody the channel answers, with what it allows."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from bot import personas
from bot.tools.commands import read_arguments
from bot.tools.completing import completions
from bot.tools.showing import readable
from bot.tools.tool import ArgumentsError, Output, Tool
from connectors.terminal.completing import LookupCompleter
from tests.bot.company import company, talking
from tests.bot.tools.shop import CHANNEL, furnish
from tests.web_server import web_server


async def test_a_conversation_with_tools_and_no_model(tmp_path: Path) -> None:
    """What there is, one that is looked up, one that is not there, one that is not allowed."""
    async with talking(company(tmp_path, furnish(tmp_path))) as talk:
        listed = await talk.command("lookup", CHANNEL)
        assert "`stock product [country]`: Units on hand." in listed.text
        assert listed.data
        assert [one["name"] for one in listed.data["tools"]] == ["search", "stock", "ticket"]

        found = await talk.command("lookup", CHANNEL, tool="stock", arguments="Rocío country=ES")
        assert found.text == "| product | units | country |\n| --- | --- | --- |\n| Rocío | 41 | ES |"
        [call] = found.tool_calls
        assert (call.name, call.outcome) == ("stock", "ok")
        assert call.arguments == {"product": "Rocío", "country": "ES"}
        assert found.data == {"result": '[{"product": "Rocío", "units": 41, "country": "ES"}]'}

        wrong = await talk.command(
            "lookup", CHANNEL, tool="stock", arguments={"product": "x", "country": "FR"}
        )
        assert (wrong.outcome, wrong.reason) == ("failed", "tool_failed")
        assert "country" in wrong.text

        near = await talk.command("lookup", CHANNEL, tool="stok")
        assert (near.outcome, near.reason) == ("refused", "unknown_tool")
        assert "stock" in near.text

        elsewhere = await talk.command("lookup", "terminal:#other", tool="stock")
        assert (elsewhere.outcome, elsewhere.reason) == ("refused", "unknown_tool")


async def test_a_persona_may_be_narrower_than_its_channel(tmp_path: Path) -> None:
    """What it may not call does not exist where it speaks, for people as for a model."""
    (tmp_path / "personas").mkdir()
    narrow = (Path(personas.__file__).parent / "rioplatense.md").read_text("utf-8")
    narrow = narrow.replace("name: rioplatense\n", "name: narrow\ntools: [stock]\n", 1)
    (tmp_path / "personas" / "narrow.md").write_text(narrow, "utf-8")
    tools = furnish(tmp_path).replace('"rioplatense"', '"narrow"')
    async with talking(company(tmp_path, tools)) as talk:
        listed = await talk.command("lookup", CHANNEL)
        refused = await talk.command("lookup", CHANNEL, tool="ticket", arguments="title=x")
    assert listed.data
    assert [one["name"] for one in listed.data["tools"]] == ["stock"]
    assert (refused.outcome, refused.reason) == ("refused", "unknown_tool")


async def test_a_lookup_with_effects_waits_for_a_yes(tmp_path: Path) -> None:
    """It is shown, then done once; a second yes finds it done; a no does nothing."""
    async with talking(company(tmp_path, furnish(tmp_path))) as talk:
        asked = await talk.command("lookup", CHANNEL, tool="ticket", arguments='title="No anda"')
        [waiting] = asked.confirmations
        assert 'title: "No anda"' in asked.text
        assert asked.tool_calls[0].outcome == "awaiting_confirmation"
        done = await talk.command("confirm", CHANNEL, token=waiting.token)
        assert (done.outcome, done.text) == ("answered", "Hecho: ticket 1")
        again = await talk.command("confirm", CHANNEL, token=waiting.token)
        assert again.data == {"ended": "before"}
        assert "ticket 1" in again.text
        other = await talk.command("lookup", CHANNEL, tool="ticket", arguments='title="No anda"')
        declined = await talk.command("decline", CHANNEL, token=other.confirmations[0].token)
        assert (declined.outcome, declined.reason) == ("refused", "declined")


async def test_a_picture_that_waited_for_a_yes_is_posted(tmp_path: Path) -> None:
    """And what a service says in parts begins on a line of its own."""
    async with web_server() as web:
        pixel = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
        web.says("/images/generations", {"data": [{"b64_json": pixel}]})
        web.says("/do", {"ok": True, "number": 7})
        tools = f"""
[[channels]]
match = "terminal:#shop"
persona = "rioplatense"
tools = ["draw", "do"]
[[tools]]
name = "draw"
kind = "image"
base_url = "{web.url}"
key = ""
effects = true
[[tools]]
name = "do"
kind = "http"
method = "POST"
url = "{web.url}/do"
[fetch]
allow = ["{web.place}"]
"""
        async with talking(company(tmp_path, tools)) as talk:
            answers = []
            for name, arguments in (("draw", "un grifo azul"), ("do", "")):
                waiting = await talk.command("lookup", CHANNEL, tool=name, arguments=arguments)
                token = waiting.confirmations[0].token
                answers.append(await talk.command("confirm", CHANNEL, token=token))
    drawn, done = answers
    assert [picture.alt for picture in drawn.pictures] == ["un grifo azul"]
    assert drawn.text == "Hecho: un grifo azul"
    assert done.text == "Hecho: \n\n- ok: true\n- number: 7"


def tool_of(*required: str, optional: tuple[str, ...] = ()) -> Tool:
    async def run(arguments: Any, asker: Any) -> Output:
        return Output("")

    properties = {name: {"type": "string"} for name in (*required, *optional)}
    return Tool("t", "", {"properties": properties, "required": list(required)}, dict, run)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a=1 b=2", {"a": "1", "b": "2"}),
        ('a="x y" b=2', {"a": "x y", "b": "2"}),
        ("a=«x y» b=2", {"a": "x y", "b": "2"}),
        ("x y b=2", {"a": "x y", "b": "2"}),
        ("a=x=y b=2", {"a": "x=y", "b": "2"}),
    ],
)
def test_arguments_are_read_as_people_write_them(text: str, arguments: dict[str, str]) -> None:
    """`name=value`, quoted or not; what is left is the one argument that is missing."""
    assert read_arguments(text, tool_of("a", "b")) == arguments


def test_words_of_a_shell_are_read_as_they_are() -> None:
    """It has taken the quotes off already; what looks like one is part of a value."""
    words = ["b=«x» y", "it's", "so"]
    assert read_arguments(words, tool_of("a", "b")) == {"b": "«x» y", "a": "it's so"}


@pytest.mark.parametrize("text", ['a="x', "x y"])
def test_what_cannot_be_read_is_said(text: str) -> None:
    """With how it is written."""
    with pytest.raises(ArgumentsError):
        read_arguments(text, tool_of("a", "b"))


SCHEMAS: dict[str, dict[str, Any]] = {
    "stock": {
        "properties": {
            "product": {"type": "string"},
            "country": {"anyOf": [{"enum": ["AR", "ES", "San Juan"]}, {"type": "null"}]},
            "exact": {"type": "boolean"},
        }
    },
    "order_status": {"properties": {"number": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["stock", "order_status"]),
        ("st", ["stock", "order_status"]),
        ("sto", ["stock"]),
        ("stock ", ["product=", "country=", "exact="]),
        ("stock product=x ", ["country=", "exact="]),
        ("stock co", ["country="]),
        ("stock country=", ["country=AR", "country=ES", 'country="San Juan"']),
        ("stock country=e", ["country=ES"]),
        ("stock exact=t", ["exact=true"]),
        ("nothing ", []),
    ],
)
def test_a_lookup_is_completed(typed: str, offered: list[str]) -> None:
    """Names, then parameters that are not given yet, then their choices."""
    assert completions(SCHEMAS, typed) == offered


@given(st.text(alphabet="stock prduc=\t«\u3000", max_size=20))
def test_anything_that_is_typed_is_completed_or_not(typed: str) -> None:
    """Whatever stands there: no half-typed line is too odd."""
    for offered in completions(SCHEMAS, typed):
        assert offered


def test_the_prompt_completes_lookups() -> None:
    """With Tab, once the tools are known; nothing else that is typed."""
    completer = LookupCompleter()

    def offered(line: str) -> list[tuple[str, int]]:
        found = completer.get_completions(Document(line), CompleteEvent())
        return [(one.text, one.start_position) for one in found]

    assert offered("/lookup st") == []
    completer.tools = SCHEMAS
    assert offered("/lookup sto") == [("stock", -3)]
    assert offered("/consulta stock co") == [("country=", -2)]
    assert offered("/lookup stock country=") == [
        ("country=AR", -8),
        ("country=ES", -8),
        ('country="San Juan"', -8),
    ]
    assert offered("stock ") == offered("/status st") == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_result_can_be_shown(value: Any) -> None:
    """Whatever a tool brings becomes text; a table's cells stay in their row."""
    assert readable(json.dumps(value)) is not None
    table = readable(json.dumps([{"a": value, "b": "x\n| y"}]))
    assert len(table.split("\n")) == 3
