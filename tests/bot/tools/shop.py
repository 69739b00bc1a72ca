"""A channel with tools: one that looks up, one that searches, one with effects, and one it may not call."""

from pathlib import Path

CHANNEL = "terminal:#shop"
OFFICE = '''
from typing import Literal

from bot.tools.python import tool

RAN = []


@tool
async def stock(product: str, country: Literal["AR", "ES"] = "AR") -> list:
    """Units on hand."""
    RAN.append(product)
    return [{"product": product, "units": 41, "country": country}]


@tool
async def salaries() -> str:
    """What people earn."""
    return "secret"


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
tools = ["stock", "ticket", "search"]
[[tools]]
name = "search"
kind = "documents"
""" + "".join(
    f'[[tools]]\nname = "{name}"\nkind = "python"\nfile = "office.py"\n'
    for name in ("stock", "ticket", "salaries")
)


def furnish(folder: Path) -> str:
    """Writes the functions into a company's folder; gives what its configuration says of them."""
    (folder / "office.py").write_text(OFFICE, "utf-8")
    return TOOLS
