"""Lookups without a model: at the terminal, by anybody the channel answers, with what it allows."""

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Answer, Confirm
from bot.tools.commands import read_arguments
from bot.tools.completing import completions
from bot.tools.showing import readable
from bot.tools.tool import ArgumentsError, Output, Tool
from connectors.terminal import Terminal
from tests.bot.company import company, talking

OFFICE = '''
from typing import Literal

from bot.tools.python import tool

RAN = []


@tool
async def stock(product: str, country: Literal["AR", "ES"] = "AR") -> list:
    """Units on hand."""
    return [{"product": product, "units": 4, "country": country}]


@tool(effects=True)
async def ticket(title: str) -> str:
    """Opens a ticket."""
    RAN.append(title)
    return f"ticket {len(RAN)}"
'''
TOOLS = """
[[channels]]
match = "terminal:#shop"
persona = "rioplatense"
tools = ["stock", "ticket"]
[[tools]]
name = "stock"
kind = "python"
file = "office.py"
[[tools]]
name = "ticket"
kind = "python"
file = "office.py"
"""


async def command(terminal: Terminal, name: str, channel: str = "terminal:#shop", **arguments: Any) -> Answer:
    async with aclosing(terminal.command(name, channel, **arguments)) as reply:
        confirms = []
        async for chunk in reply:
            if isinstance(chunk, Confirm):
                confirms.append(chunk.confirmation)
            if isinstance(chunk, Answer):
                assert tuple(confirms) == chunk.confirmations
                return chunk
    raise AssertionError("the reply had no answer")


async def test_a_conversation_with_tools_and_no_model(tmp_path: Path) -> None:
    """What there is, one that is looked up, one that is not there, one that is not allowed."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with talking(company(tmp_path, TOOLS)) as talk:
        terminal = talk.terminal
        listed = await command(terminal, "lookup")
        assert "`stock product [country]`: Units on hand." in listed.text
        assert listed.data
        assert [one["name"] for one in listed.data["tools"]] == ["stock", "ticket"]

        found = await command(terminal, "lookup", tool="stock", arguments="Rocío country=ES")
        assert found.text == "| product | units | country |\n| --- | --- | --- |\n| Rocío | 4 | ES |"
        [call] = found.tool_calls
        assert (call.name, call.outcome) == ("stock", "ok")
        assert call.arguments == {"product": "Rocío", "country": "ES"}
        assert found.data == {"result": '[{"product": "Rocío", "units": 4, "country": "ES"}]'}

        wrong = await command(terminal, "lookup", tool="stock", arguments={"product": "x", "country": "FR"})
        assert (wrong.outcome, wrong.reason) == ("failed", "tool_failed")
        assert "country" in wrong.text

        near = await command(terminal, "lookup", tool="stok")
        assert (near.outcome, near.reason) == ("refused", "unknown_tool")
        assert "stock" in near.text

        elsewhere = await command(terminal, "lookup", channel="terminal:#other", tool="stock")
        assert (elsewhere.outcome, elsewhere.reason) == ("refused", "unknown_tool")


async def test_a_lookup_with_effects_waits_for_a_yes(tmp_path: Path) -> None:
    """It is shown, then done once; a second yes finds it done; a no does nothing."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with talking(company(tmp_path, TOOLS)) as talk:
        terminal = talk.terminal
        asked = await command(terminal, "lookup", tool="ticket", arguments='title="No anda"')
        [waiting] = asked.confirmations
        assert 'title: "No anda"' in asked.text
        assert asked.tool_calls[0].outcome == "awaiting_confirmation"
        done = await command(terminal, "confirm", token=waiting.token)
        assert (done.outcome, done.text) == ("answered", "Hecho: ticket 1")
        again = await command(terminal, "confirm", token=waiting.token)
        assert again.data == {"ended": "before"}
        assert "ticket 1" in again.text
        other = await command(terminal, "lookup", tool="ticket", arguments='title="No anda"')
        declined = await command(terminal, "decline", token=other.confirmations[0].token)
        assert (declined.outcome, declined.reason) == ("refused", "declined")


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
