"""Draws docs/images/discord-*.svg: where things are in Discord's pages. Drawings, not screenshots.

.venv/bin/python scripts/discord_pictures.py
"""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

IMAGES = Path(__file__).parent.parent / "docs" / "images"
_FONT = 'font-family="Verdana, DejaVu Sans, sans-serif"'
_INK, _FAINT, _LINE, _MARK, _PAPER = "#2c2f38", "#7a7f8c", "#c9ccd4", "#c2410c", "#ffffff"


@dataclass
class Drawing:
    """A page, drawn with boxes, words, and numbered marks on what is meant."""

    width: int
    height: int
    what: str
    """For those who do not see it."""
    parts: list[str] = field(default_factory=list)

    def box(self, x: int, y: int, width: int, height: int, *, fill: str = _PAPER, line: str = _LINE) -> None:
        """A rectangle."""
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" stroke="{line}"/>'
        )

    def words(
        self, x: int, y: int, text: str, ink: str = _INK, *, size: int = 14, bold: bool = False
    ) -> None:
        """One line of text."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x}" y="{y}" {_FONT} font-size="{size}" fill="{ink}"{weight}>{escape(text)}</text>'
        )

    def button(self, x: int, y: int, text: str, *, meant: bool = False) -> None:
        """A button; its width is its text's."""
        self.box(x, y, 9 * len(text) + 24, 32, fill="#eef0f4", line=_MARK if meant else _LINE)
        self.words(x + 12, y + 21, text)

    def switch(self, x: int, y: int, *, on: bool) -> None:
        """A switch."""
        self.parts.append(f'<rect x="{x}" y="{y}" width="40" height="22" rx="11" fill="{_LINE}"/>')
        self.parts.append(f'<circle cx="{x + (29 if on else 11)}" cy="{y + 11}" r="8" fill="{_PAPER}"/>')

    def mark(self, x: int, y: int, number: int) -> None:
        """The number of what is to be done there."""
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="12" fill="{_MARK}"/>')
        self.words(x - 4, y + 5, str(number), _PAPER, bold=True)

    def menu(self, entries: list[str], chosen: str) -> None:
        """The portal's menu on the left."""
        self.box(10, 10, 190, self.height - 20, fill="#f6f7f9")
        for at, entry in enumerate(entries):
            y = 42 + 34 * at
            if entry == chosen:
                self.box(18, y - 21, 174, 30, fill="#e2e5ec", line=_MARK)
            self.words(30, y, entry, bold=entry == chosen)

    def write(self, name: str) -> None:
        """Writes it down."""
        inside = "\n".join(self.parts)
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" role="img"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<title>{escape(self.what)}</title>\n'
        paper = f'<rect width="{self.width}" height="{self.height}" fill="#eceef2"/>'
        (IMAGES / f"{name}.svg").write_text(f"{svg}{paper}\n{inside}\n</svg>\n", "utf-8")


def portal() -> None:
    """The page *Bot* of the developer portal."""
    page = Drawing(760, 330, "The page Bot of the developer portal: Reset Token, Public Bot, the intents")
    page.menu(["General Information", "Installation", "OAuth2", "Bot", "Emojis", "Webhooks"], "Bot")
    page.box(210, 10, 540, 310)
    page.words(230, 42, "Token", bold=True)
    page.words(230, 66, "Shown once, right after it is made.", _FAINT, size=12)
    page.button(230, 78, "Reset Token", meant=True)
    page.mark(382, 94, 1)
    page.words(400, 99, "press, then Copy", _MARK)
    page.words(230, 150, "Public Bot", bold=True)
    page.switch(690, 134, on=False)
    page.mark(672, 145, 2)
    page.words(610, 150, "off", _MARK)
    page.words(230, 196, "Privileged Gateway Intents", bold=True)
    for at, intent in enumerate(("Presence Intent", "Server Members Intent", "Message Content Intent")):
        page.words(230, 228 + 32 * at, intent)
        page.switch(690, 212 + 32 * at, on=False)
    page.mark(672, 255, 3)
    page.words(560, 260, "all three off", _MARK)
    page.write("discord-portal")


def invitation() -> None:
    """What the address of step 4 opens."""
    page = Drawing(760, 310, "The page that asks to which server the bot is added")
    page.box(180, 10, 400, 290)
    page.words(300, 44, "vocero", size=18, bold=True)
    page.words(230, 68, "wants to be added to a server", _FAINT)
    page.words(204, 104, "Add to server", bold=True, size=12)
    page.box(204, 112, 352, 36, fill="#f6f7f9", line=_MARK)
    page.words(216, 135, "Acme")
    page.words(528, 135, "▾")
    page.mark(600, 130, 1)
    page.words(618, 135, "your server", _MARK)
    page.words(204, 178, "✓ Add a bot to a server")
    page.words(204, 202, "✓ Create commands in a server")
    page.button(204, 240, "Cancel")
    page.button(440, 240, "Authorize", meant=True)
    page.mark(600, 256, 2)
    page.words(618, 261, "then this", _MARK)
    page.write("discord-invitation")


def question() -> None:
    """A command being typed, and what comes of it."""
    page = Drawing(760, 400, "Typing /ask, and the answer with its sources and buttons")
    page.box(10, 10, 740, 216)
    page.words(30, 38, "vocero", bold=True)
    page.words(96, 38, "APP", _FAINT, size=11)
    page.words(30, 64, "Cada empleado tiene 15 días hábiles de vacaciones al año. [1]")
    page.words(30, 96, "Fuentes", bold=True)
    page.words(30, 118, "[1] Vacaciones, Días por año · al 3 de marzo de 2026", _FAINT, size=12)
    x = 30
    for label in ("👍 Me sirve", "👎 No me sirve", "Otra vez", "Fuentes"):
        page.button(x, 134, label)
        x += 9 * len(label) + 36
    page.words(30, 206, "the answer: seen by all, or by you alone with private:True", _MARK)
    page.mark(720, 38, 3)
    page.box(10, 246, 740, 72, fill="#f6f7f9")
    page.words(30, 272, "/ask", bold=True)
    page.words(80, 272, "Ask the documents", _FAINT)
    page.words(620, 272, "vocero", _FAINT)
    page.words(30, 302, "the bot's command shows up while you type", _MARK)
    page.mark(720, 267, 1)
    page.box(10, 336, 740, 48, line=_MARK)
    page.words(30, 366, "/ask  question: ¿cuántos días de vacaciones hay?", bold=True)
    page.mark(720, 360, 2)
    page.write("discord-question")


if __name__ == "__main__":
    portal()
    invitation()
    question()
