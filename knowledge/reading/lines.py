"""A line of a page, and where it lies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """Sides are in points from the left; top and bottom are shares of the page's height from its top."""

    text: str
    page: int
    size: float = 0.0
    bold: bool = False
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    page_height: float = 1.0
    cells: tuple[tuple[float, float, str], ...] = ()
    """Left, right and text of its parts where wide gaps part them."""
