"""Personas, who speak in a channel: Markdown files with front matter; the company's own come first."""

import difflib
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationError

BUILT_IN = Path(__file__).parent


class Register(BaseModel):
    """The forms of address a persona uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    singular: Literal["vos", "tú", "usted"]
    plural: Literal["ustedes", "vosotros"] = "ustedes"


class Example(BaseModel):
    """A question and how this persona would answer it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    answer: str


class Persona(BaseModel):
    """One persona file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    language: Literal["es", "en", "pt"]
    register_: Register | None = Field(default=None, alias="register")
    tone: str = ""
    model: str | None = None
    """`provider:model`, instead of the deployment's."""
    examples: tuple[Example, ...] = ()
    instructions: str
    """The body of the file."""

    def prompt(self) -> str:
        """The persona's part of the system prompt."""
        parts = [self.instructions.strip()]
        if self.tone:
            parts.append(f"Tone: {self.tone}.")
        if self.register_:
            parts.append(
                f"Address one person as {self.register_.singular} and several as {self.register_.plural}, in "
                "every verb, pronoun and possessive."
            )
        if self.examples:
            shown = "\n\n".join(f"Question: {one.question}\nAnswer: {one.answer}" for one in self.examples)
            parts.append(f"How this voice sounds (never a source of facts):\n\n{shown}")
        return "\n\n".join(parts)


def persona_files(folder: Path | None) -> dict[str, Path]:
    """Persona files by name; those beside the configuration hide built-in ones of the same name."""
    folders = (BUILT_IN, folder) if folder else (BUILT_IN,)
    return {path.stem: path for one in folders for path in sorted(one.glob("*.md"))}


def load_persona(name: str, folder: Path | None) -> Persona:
    """The persona of that name; raises `ConfigurationError` with the nearest one when there is none."""
    files = persona_files(folder)
    if name not in files:
        near = difflib.get_close_matches(name, files, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(files)}."
        raise ConfigurationError(f"There is no persona `{name}`: {hint}")
    return read_persona(files[name])


@cache
def read_persona(path: Path) -> Persona:
    """One persona file."""
    header, body = _split(path.read_text(encoding="utf-8"), path)
    try:
        return Persona.model_validate({"name": path.stem, **header, "instructions": body})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: `{where}` in the front matter: {first['msg']}.") from error


def _split(text: str, path: Path) -> tuple[dict[str, object], str]:
    if not text.startswith("---\n"):
        raise ConfigurationError(f"{path}: a persona begins with front matter between two lines of `---`.")
    front, separator, body = text[4:].partition("\n---\n")
    if not separator:
        raise ConfigurationError(f"{path}: the front matter has no closing line `---`.")
    try:
        header = yaml.safe_load(front)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: the front matter is not YAML: {error}.") from error
    if not isinstance(header, dict):
        raise ConfigurationError(f"{path}: the front matter names no settings.")
    return header, body
