"""Python functions as tools: what is derived from them, and what is said of those that cannot be one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.tools.arguments import described_arguments
from bot.tools.tool import Asker
from bot.tools.toolbox import Toolbox
from tests.bot.tools.conftest import Kit, Library, Load

OFFICE = '''
from datetime import date
from typing import Literal

from bot.tools.python import tool
from bot.tools.tool import ToolError


@tool
async def stock(
    product: str, country: Literal["AR", "ES"], units: int = 1, since: date | None = None
) -> dict:
    """Units on hand of a product.

    Told from the warehouse's own list.

    Args:
        product: name or number
        units: how many are wanted

    Returns:
        what there is
    """
    if product == "?":
        raise ToolError("There is no product `?`.")
    if product == "!":
        raise RuntimeError("password=hunter2")
    return {"product": product, "country": country, "units": units, "since": since}


@tool(effects=True)
async def book(room: str, idempotency_key: str) -> str:
    """Books a room."""
    return f"{room} booked under {idempotency_key}"


async def unmarked(a: str) -> str:
    """Does."""
    return a


@tool
def blocking(a: str) -> str:
    """Does."""
    return a


@tool
async def silent(a: str) -> str:
    return a


@tool
async def vague(a) -> str:
    """Does."""
    return a


@tool
async def many(*names: str) -> str:
    """Does."""
    return "x"
'''
Open = Callable[..., Kit]


def table(name: str, extra: str = "") -> str:
    return f'[[tools]]\nname = "{name}"\nkind = "python"\nfile = "office.py"\n{extra}\n'


@pytest.fixture(autouse=True)
def office(tmp_path: Path) -> None:
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")


async def test_a_function_says_what_it_is(kit: Open) -> None:
    """Name, description and schema come from it: its docstring, its annotations, its defaults."""
    tool = (await kit(table("stock")).toolbox.tools(["stock"]))["stock"]
    assert tool.description == "Units on hand of a product. Told from the warehouse's own list."
    properties = tool.parameters["properties"]
    assert properties["product"] == {"description": "name or number", "type": "string"}
    assert properties["country"] == {"enum": ["AR", "ES"], "type": "string"}
    assert properties["units"]["default"] == 1
    assert tool.parameters["required"] == ["product", "country"]
    assert not tool.effects


def test_a_line_further_in_goes_on_with_the_last_one() -> None:
    """Also where it has a colon in it; other sections are none of its business."""
    told = (
        "Books.\n\nArgs:\n    room: one of\n        these: A, B\n    day (date): when\n\nReturns:\n    x: y"
    )
    assert described_arguments(told) == {"room": "one of these: A, B", "day": "when"}


async def test_a_function_gets_arguments_of_its_types(kit: Open) -> None:
    """What a model or a person wrote as text becomes a number, a date."""
    given = {"product": "Rocío", "country": "ES", "units": "3", "since": "2026-03-12"}
    called = await kit(table("stock")).call("stock", given)
    assert json.loads(called.output.text) == given | {"units": 3}


async def test_a_tools_own_error_is_told_and_others_are_not(kit: Open) -> None:
    """What a function says on purpose is for people; what escapes it may hold anything."""
    opened = kit(table("stock"))
    said = await opened.call("stock", {"product": "?", "country": "AR"})
    assert said.output.text == "There is no product `?`."
    escaped = await opened.call("stock", {"product": "!", "country": "AR"})
    assert escaped.record.outcome == "failed"
    assert "hunter2" not in escaped.output.text
    assert escaped.error
    assert escaped.error.done is None


async def test_the_key_of_a_call_is_filled_in_and_not_offered(kit: Open) -> None:
    """A model cannot choose it."""
    opened = kit(table("book"))
    tool = (await opened.toolbox.tools(["book"]))["book"]
    assert tool.effects
    assert list(tool.parameters["properties"]) == ["room"]
    called = await opened.call("book", {"room": "Sur"}, asker=Asker("slack:U1", "slack:C1", key="k1"))
    assert called.output.text == "Sur booked under k1"
    forged = await opened.call("book", {"room": "Sur", "idempotency_key": "mine"})
    assert forged.record.outcome == "invalid_arguments"


async def test_the_table_has_the_last_word_on_effects(kit: Open) -> None:
    """In both directions."""
    toml = table("stock", "effects = true") + table("book", "effects = false")
    tools = await kit(toml).toolbox.tools(["stock", "book"])
    assert {name: tool.effects for name, tool in tools.items()} == {"stock": True, "book": False}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unmarked", "marked with @tool"),
        ("nothing", "marked with @tool"),
        ("blocking", "async def"),
        ("silent", "no docstring"),
        ("vague", "annotate it"),
        ("many", "named arguments alone"),
    ],
)
def test_what_cannot_be_a_tool_is_said_at_the_start(load: Load, name: str, said: str) -> None:
    """With the remedy."""
    with pytest.raises(ConfigurationError, match=said):
        Toolbox(load(table(name)), Library())


def test_a_file_that_does_not_run_is_said_at_the_start(load: Load, tmp_path: Path) -> None:
    """With what it failed of."""
    (tmp_path / "office.py").write_text("import nosuchmodule", "utf-8")
    with pytest.raises(ConfigurationError, match="nosuchmodule"):
        Toolbox(load(table("stock")), Library())


def test_a_file_that_is_not_there_is_said_when_the_settings_are_read(load: Load) -> None:
    """Before anything runs."""
    with pytest.raises(ConfigurationError, match="which is not there"):
        load(table("stock").replace("office.py", "offce.py"))
