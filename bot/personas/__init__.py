"""Personas, who speak in a channel: Markdown files with front matter; the company's own come first."""

import difflib
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.errors import ConfigurationError
from bot.model_settings import ModelsInOrder
from bot.phrases import Language, Phrases
from bot.register.language import detect
from bot.register.tone import Format
from knowledge.prompts import LANGUAGES

BUILT_IN = Path(__file__).parent


class Register(BaseModel):
    """The forms of address a persona uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    singular: Literal["vos", "tú", "usted"]
    plural: Literal["ustedes", "vosotros"] = "ustedes"
    negative_voseo: bool = False
    """With vos: «no hagás», as in Central America, instead of «no hagas»."""

    def instruction(self) -> str:
        """The form of address in words for a model."""
        said = (
            f"Address one person as {self.singular} and several as {self.plural}, in every verb, pronoun and "
            "possessive."
        )
        if self.singular == "vos":
            said += " Orders not to do something: " + ("no hagás." if self.negative_voseo else "no hagas.")
        return said


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
    languages: tuple[Language, ...] = Field(alias="language", min_length=1)
    """One: every answer is in it. Several: the question's, if it is among them, else the first."""
    register_: Register | None = Field(default=None, alias="register")
    tone: str = ""
    format: Format = Format()
    model: ModelsInOrder = ()
    """Who answers instead of the deployment's models."""
    for_models: dict[str, str] = Field(default_factory=dict)
    """By glob over `provider:model`: what models that fit are told besides."""
    tools: tuple[str, ...] | None = None
    """Of the tools that a channel allows, those it may call; None: all of them."""
    examples: tuple[Example, ...] = ()
    instructions: str
    """The body of the file."""

    @field_validator("languages", mode="before")
    @classmethod
    def _one_or_several(cls, written: object) -> object:
        return (written,) if isinstance(written, str) else written

    @property
    def language(self) -> Language:
        """Its own: that of its examples, and of what is too short to tell."""
        return self.languages[0]

    def answers_in(self, question: str) -> Language:
        """The language that a question is answered in."""
        found = detect(question, self.language) if len(self.languages) > 1 else self.language
        return found if found in self.languages else self.language

    def address(self, language: Language) -> Register | None:
        """The forms of address in a language: only Spanish has them."""
        return self.register_ if language == "es" else None

    def phrases(self, language: Language | None = None) -> Phrases:
        """The bot's own words as this persona says them."""
        register = self.address(language or self.language)
        return Phrases(
            language or self.language,
            register.singular if register else None,
            register.plural if register else None,
            negative_voseo=register is not None and register.negative_voseo,
        )

    def prompt(self, language: Language | None = None) -> str:
        """The persona's part of the system prompt, for an answer in a language."""
        language = language or self.language
        parts = [self.instructions.strip()]
        if self.tone:
            parts.append(f"Tone: {self.tone}.")
        if register := self.address(language):
            parts.append(register.instruction())
        parts += self.format.instructions()
        if language != self.language:
            parts.append(
                f"This answer is in {LANGUAGES[language]}. What is said above about words and forms of "
                f"address in {LANGUAGES[self.language]} does not hold for it; the rest does."
            )
        elif self.examples:
            shown = "\n\n".join(f"Question: {one.question}\nAnswer: {one.answer}" for one in self.examples)
            parts.append(f"How this voice sounds (never a source of facts):\n\n{shown}")
        return "\n\n".join(parts)


def persona_files(folder: Path | None) -> dict[str, Path]:
    """Persona files by name; those beside the configuration hide built-in ones of the same name."""
    folders = (BUILT_IN, folder) if folder else (BUILT_IN,)
    return {path.stem: path for one in folders for path in sorted(one.glob("*.md"))}


def load_persona(name: str, folder: Path | None) -> Persona:
    """The persona of that name, whose examples keep to its own rules; `ConfigurationError` in words else."""
    return _checked(find_persona(name, folder))


def find_persona(name: str, folder: Path | None) -> Path:
    """The file of a persona; raises `ConfigurationError` with the nearest one when there is none."""
    files = persona_files(folder)
    if name not in files:
        near = difflib.get_close_matches(name, files, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(files)}."
        raise ConfigurationError(f"There is no persona `{name}`: {hint}")
    return files[name]


@cache
def _checked(path: Path) -> Persona:
    persona = read_persona(path)
    if persona.examples:
        from bot.register.examples import problem_of

        if problem := problem_of(persona):
            raise ConfigurationError(
                f"{path}: {problem}. `vocero persona test {persona.name}` shows them all."
            )
    return persona


def read_persona(path: Path) -> Persona:
    """One persona file, its examples as they are."""
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
