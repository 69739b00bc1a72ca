"""Who speaks: the persona of a channel or thread, and the bot's own phrases in its words."""

from dataclasses import dataclass

from bot.editing import PersonaEditor
from bot.memory import Memory
from bot.messages import Command, Feedback, Message
from bot.personas import Persona, Register, load_persona, persona_files
from bot.phrases import Language, Phrases
from bot.settings import ResolvedChannel, Settings

_BUILT_IN = {"es": "formal", "en": "english"}
"""The persona where none is set, by language."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in a turn."""

    persona: Persona
    phrases: Phrases
    seed: str
    """Chooses among variants of a phrase; the same turn always says the same."""

    @property
    def language(self) -> Language:
        """The language of this turn."""
        return self.phrases.language

    @property
    def register(self) -> Register | None:
        """How people are addressed in this turn; None in a language without forms of address."""
        return self.persona.address(self.language)

    def editor(self) -> PersonaEditor:
        """Who reviews what a model writes in this voice."""
        return PersonaEditor(self.register, self.persona.format)

    def say(self, key: str, **values: object) -> str:
        """A phrase of the bot's own in this voice."""
        return self.phrases.render(key, seed=self.seed, **values)


class Voices:
    """The personas of this deployment."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._folder = settings.path.parent / "personas"
        self._default = _BUILT_IN[settings.language]
        self._memory = memory

    @property
    def names(self) -> list[str]:
        """Every persona there is."""
        return sorted(persona_files(self._folder))

    def named(self, name: str) -> Persona:
        """The persona of that name."""
        return load_persona(name, self._folder)

    def persona(self, channel: ResolvedChannel) -> Persona:
        """Who speaks in a channel, in threads that begin now."""
        return load_persona(channel.persona or self._default, self._folder)

    def phrases(self, persona: Persona | str | None, language: Language | None = None) -> Phrases:
        """The bot's phrases as a persona, itself or by name, says them; in its own language or another."""
        found = (
            persona if isinstance(persona, Persona) else load_persona(persona or self._default, self._folder)
        )
        return found.phrases(language)

    async def of(self, event: Message | Command | Feedback, channel: ResolvedChannel) -> Voice:
        """Who speaks in a turn: the persona of the channel, or the one that its thread began with.

        The language is the question's, unless the persona has one language or the question is too short.
        """
        default = channel.persona or self._default
        if not isinstance(event, Message):  # a command or a press begins no conversation
            persona = load_persona(default, self._folder)
            return Voice(persona, persona.phrases(), event.id)
        name = await self._memory.persona(event.thread, default=default)
        persona = load_persona(name, self._folder)
        return Voice(persona, persona.phrases(persona.answers_in(event.text)), event.id)
