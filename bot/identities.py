"""Who people, their roles and private channels are at the services that documents come from.

Identities are what sources give as readers of documents: `mail:ana@empresa.example`, `group:rrhh`,
`domain:empresa.example`, `confluence:user:5b10`.
"""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import to_json

from bot.errors import ConfigurationError
from bot.fields import Place, Table, one_place
from bot.messages import Channel, Person

_ADDRESS = re.compile(r"[^@\s:]+@[^@\s:]+")


def _identity(value: str) -> str:
    """As sources write it: an address alone is a person's, and addresses are in small letters."""
    value = value.strip()
    if _ADDRESS.fullmatch(value):
        return f"mail:{value.lower()}"
    kind, _, name = value.partition(":")
    if not kind or not name:
        raise ValueError(
            f"is {value!r}; write an address, 'group:name', 'domain:name' or an id of the service"
        )
    return value.lower() if kind in ("mail", "domain") or _ADDRESS.fullmatch(name) else value


def _person(value: str) -> str:
    return _identity(value) if _ADDRESS.fullmatch(value.strip()) else one_place(value)


Identity = Annotated[str, AfterValidator(_identity)]


class Identities(Table):
    """The file that `identities` names. Every field is described in docs/sources.md."""

    everyone: tuple[Identity, ...] = ()
    """What each person is who is no guest: what it may read may be read in public."""
    people: dict[Annotated[str, AfterValidator(_person)], tuple[Identity, ...]] = Field(default_factory=dict)
    """What someone is, by id, role or user group in chat, or by address."""
    channels: dict[Place, tuple[Identity, ...]] = Field(default_factory=dict)
    """What each person in a private channel is."""

    def of_person(self, person: Person) -> frozenset[str]:
        """Everything that somebody is; a guest is nobody, and who may be one is not like everyone."""
        if person.guest:
            return frozenset()
        known = {person.id, *person.groups, *(self.everyone if person.guest is False else ())}
        return self._all(known | {f"mail:{person.email.strip().lower()}"} if person.email else known)

    def of_channel(self, channel: Channel) -> frozenset[str]:
        """Everything that each of those is who see what is said in a channel, whoever they are."""
        if channel.kind in ("shared", "direct"):
            return frozenset()
        if channel.kind != "private":
            return frozenset(self.everyone)
        named = {channel.key, channel.label}
        return frozenset(named.union(self.everyone, *(self.channels.get(name, ()) for name in named)))

    def named(self) -> frozenset[str]:
        """Everything that somebody is by the file."""
        return frozenset(self.everyone).union(*self.people.values(), *self.channels.values())

    def _all(self, known: Iterable[str]) -> frozenset[str]:
        """These, and what follows from them."""
        found: set[str] = set()
        pending = list(known)
        while pending:
            if (one := pending.pop()) not in found:
                found.add(one)
                pending += self.people.get(one, ())
                if one.startswith("mail:"):
                    pending.append(f"domain:{one.rpartition('@')[2]}")
        return frozenset(found)


def load_identities(path: Path) -> Identities:
    """Reads the file; ConfigurationError names what is wrong in it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Identities.model_validate_json(to_json(raw))
    except OSError as error:
        raise ConfigurationError(
            f"`identities` is {str(path)!r}, which cannot be read: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        told = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{path}, `{place}`: {told}.") from None
