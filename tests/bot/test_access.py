"""Who may read what: people, groups, channels, guests, sources, and documents with readers of their own."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.access import rights
from bot.config import load_settings
from bot.errors import ConfigurationError
from bot.identities import Identities, load_identities
from bot.messages import Answer, Channel, Message, Person
from bot.settings import Settings
from knowledge.answers import Question
from knowledge.library import Library
from knowledge.readers import all_of, permits
from tests.bot.company import give_readers
from tests.bot.room import ANA, BETO, HELP, People, room
from tests.model_server import model_server

MAIL = {
    "ana": "ana@x.example",
    "beto": "beto@x.example",
    "carla": "carla@y.example",
    "dani": "dani@x.example",
}
GROUPS = ("group:rrhh", "group:it", "group:jefes")
TOKENS = (*(f"mail:{mail}" for mail in MAIL.values()), *GROUPS, "domain:x.example", "domain:y.example", "x:7")
SOURCES = {
    "open": "public",
    "hr": ["slack:#rrhh", "slack:ana", "slack:group:it"],
    "bosses": ["slack:beto"],
}


@dataclass(frozen=True)
class World:
    """How things are: who is who, who is where. What the bot is told of it is made from this."""

    members: dict[str, frozenset[str]]
    """Of each group at the services."""
    guests: frozenset[str]
    roles: dict[str, frozenset[str]]
    """User groups in chat, by person."""
    told: frozenset[str]
    """Whose address the platform tells."""
    channel: Channel
    asker: str
    present: frozenset[str]
    """Who reads in the channel, the asker too."""
    mapped: frozenset[str]
    """Identities that the file gives the channel, if they are true of all who are there."""
    everyone: frozenset[str]
    """And everyone, if they are true of all."""

    def is_one(self, person: str, token: str) -> bool:
        """Whether somebody is, in truth, whom a document names as its reader."""
        mail = MAIL[person]
        return token in (f"mail:{mail}", f"domain:{mail.partition('@')[2]}") or person in self.members.get(
            token, ()
        )

    def may(self, person: str, source: str, lists: tuple[frozenset[str], ...]) -> bool:
        """Whether somebody may, in truth, read a document of a source on their own."""
        access = SOURCES[source]
        if person in self.guests:
            return access == "public" and not lists
        by_access = (
            access == "public"
            or f"slack:{person}" in access
            or not self.roles.get(person, frozenset()).isdisjoint(access)
            or (self.channel.name == "rrhh" and person in self.present and "slack:#rrhh" in access)
        )
        return by_access and all(any(self.is_one(person, token) for token in listed) for listed in lists)

    def file(self) -> Identities:
        """What is written down of it."""
        people = {
            f"slack:{person}": tuple(
                token for token in (*GROUPS, "x:7") if person in self.members.get(token, ())
            )
            for person in MAIL
        }
        here = f"slack:#{self.channel.name}"
        true_here = tuple(one for one in self.mapped if all(self.is_one(who, one) for who in self.present))
        employees = MAIL.keys() - self.guests
        true_of_all = tuple(one for one in self.everyone if all(self.is_one(who, one) for who in employees))
        return Identities(everyone=true_of_all, people=people, channels={here: true_here})

    def person(self, name: str) -> Person:
        """Somebody as the connector gives them."""
        return Person(
            id=f"slack:{name}",
            groups=tuple(self.roles.get(name, ())),
            email=MAIL[name].upper() if name in self.told else None,
            guest=name in self.guests,
        )


PERSON = st.sampled_from(sorted(MAIL))
SOME = st.frozensets(PERSON)
TOKEN_SETS = st.frozensets(st.sampled_from(TOKENS), max_size=4)
LISTS = st.lists(TOKEN_SETS, max_size=2).map(tuple)
Lists = tuple[frozenset[str], ...]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Somebody asks in a channel where they are; insiders only are there with them."""
    kind = draw(st.sampled_from(["public", "private", "direct", "shared"]))
    guests = draw(st.frozensets(PERSON, max_size=2))
    insiders = frozenset(MAIL) - guests
    asker = draw(PERSON)
    others = (
        insiders
        if kind in ("public", "shared")
        else draw(SOME) & insiders
        if kind == "private"
        else frozenset()
    )
    return World(
        members={token: draw(SOME) for token in (*GROUPS, "x:7")},
        guests=guests,
        roles={name: draw(st.frozensets(st.just("slack:group:it"))) for name in MAIL},
        told=draw(SOME),
        channel=Channel(platform="slack", id="C1", name=draw(st.sampled_from(["rrhh", "ayuda"])), kind=kind),
        asker=asker,
        present=others | {asker},
        mapped=draw(TOKEN_SETS),
        everyone=draw(TOKEN_SETS),
    )


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("access")
    (folder / "docs").mkdir()
    tables = "".join(
        f'[[sources]]\nname = "{name}"\nkind = "folder"\npath = "docs"\naccess = {access!r}\n'
        for name, access in SOURCES.items()
    )
    channel = '[[channels]]\nmatch = "slack:#rrhh"\nsources = ["open", "hr"]\n'
    (folder / "vocero.toml").write_text(tables.replace("'", '"') + channel)
    return load_settings(folder / "vocero.toml", environ={})


def seen(configured: Settings, world: World, source: str, lists: Lists, *, private: bool) -> bool:
    """Whether an answer may draw on a document."""
    known = configured.model_copy(update={"known": world.file()})
    asked = Message(
        id="e",
        thread="e",
        channel=world.channel,
        author=world.person(world.asker),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        private=private,
        text="?",
    )
    may = rights(known, known.channel_for("slack", "C1", world.channel.name), asked)
    return source in may.sources and permits(all_of(lists), may.readers)


MANY = settings(max_examples=1000, deadline=None)
ANY = given(world=worlds(), private=st.booleans(), source=st.sampled_from(sorted(SOURCES)), lists=LISTS)


@MANY
@ANY
def test_nobody_sees_what_they_may_not_read(
    configured: Settings, world: World, private: bool, source: str, lists: Lists
) -> None:
    """What is said to somebody alone, they may read; what is said in a channel, each one there may."""
    if seen(configured, world, source, lists, private=private):
        for person in {world.asker} if private else world.present:
            assert world.may(person, source, lists)
        if world.channel.kind == "shared" or world.asker in world.guests:
            assert SOURCES[source] == "public"
            assert not lists


@MANY
@ANY
def test_what_may_be_read_is_not_kept_from_anybody(
    configured: Settings, world: World, private: bool, source: str, lists: Lists
) -> None:
    """As far as the bot is told who somebody is, and what everyone in a channel is."""
    file, outside = world.file(), world.channel.kind == "shared" or world.asker in world.guests
    assigned = {"open", "hr"} if world.channel.name == "rrhh" else {"open"}
    known = set(file.everyone) if world.channel.kind != "direct" else set()
    if world.channel.kind == "private":
        known.update(file.channels[f"slack:#{world.channel.name}"])
    if private:
        if world.may(world.asker, source, ()):
            assigned = assigned | {source}
        known.update(file.everyone)
        known.update(token for token in (*GROUPS, "x:7") if world.asker in world.members[token])
        if world.asker in world.told:
            known.update(token for token in TOKENS if world.is_one(world.asker, token))
    expected = source in assigned and all(listed & known for listed in lists)
    if outside:
        expected = SOURCES[source] == "public" and source in assigned and not lists
    assert seen(configured, world, source, lists, private=private) == expected


WORDS = {"zafiro": "docs", "topacio": "docs", "granate": "docs", "berilo": "people"}
"""A word that one document alone has, by the source that it is in."""
RRHH = Channel(platform="slack", id="C9", name="rrhh", kind="private")
SHARED = Channel(platform="slack", id="C8", name="socios", kind="shared")
CARLA = Person(id="slack:CARLA", email="Carla@x.example")
GUEST = Person(id="slack:ANA", email="ana@x.example", guest=True)
FILE = """
everyone = ["domain:x.example"]
[people]
"slack:ANA" = ["ana@x.example"]
"slack:BETO" = ["group:rrhh"]
[channels]
"slack:#rrhh" = ["group:rrhh"]
"slack:#ayuda" = ["group:rrhh"]
"""


class Guarded:
    """A company some of whose documents have readers, which may change."""

    def __init__(self, people: People, readers: dict[str, Lists]) -> None:
        self.people = people
        self.readers = readers

    def let(self, word: str, *lists: frozenset[str]) -> None:
        """From the next sync on, these may read a document; without any, everyone."""
        self.readers[f"{word}.md"] = lists

    def sync(self) -> None:
        """Reads all sources again."""
        for name in self.people.runtime.library.names:
            self.people.runtime.library.sync(name)

    async def asks(self, word: str, author: Person, channel: Channel = HELP, **more: Any) -> Answer:
        """Asks for what a document says."""
        return await self.people.ask(f"¿Qué piso tiene el depósito {word}?", author, channel, **more)


@asynccontextmanager
async def guarded(
    folder: Path, monkeypatch: pytest.MonkeyPatch, top: str = "", bottom: str = ""
) -> AsyncIterator[Guarded]:
    """The bot of that company; `top` and `bottom` are more lines of its settings."""
    readers = give_readers(monkeypatch)
    for word, source in WORDS.items():
        (folder / source).mkdir(exist_ok=True)
        (folder / source / f"{word}.md").write_text(told(word), "utf-8")
    (folder / "identities.toml").write_text(FILE, "utf-8")
    (folder / "vocero.toml").write_text(
        f"""{top}
admins = ["slack:U1"]
embedding = "none"
identities = "identities.toml"
[[sources]]
name = "docs"
kind = "folder"
path = "docs"
[[sources]]
name = "people"
kind = "folder"
path = "people"
access = ["slack:#rrhh", "slack:ANA"]
[[channels]]
match = "slack:*"
persona = "formal"
escalate_to = "slack:#personas"
[[channels]]
match = "slack:#rrhh"
sources = ["docs", "people"]
persona = "formal"
escalate_to = "slack:#personas"
{bottom}""",
        "utf-8",
    )
    async with room(load_settings(folder / "vocero.toml", environ={})) as people:
        yield Guarded(people, readers)


def told(word: str) -> str:
    """A document in which a word stands in title, heading and text."""
    return f"# Depósito {word}\n\n## Piso de {word}\n\nEl depósito {word} tiene piso de cemento {word}n7.\n"


def tells(answer: Answer, word: str) -> bool:
    """Whether it has anything that is said in that document alone."""
    return f"{word}n7" in answer.model_dump_json() or f"Depósito {word}" in answer.model_dump_json()


ANAS, BETOS, RRHHS = (
    frozenset({"mail:ana@x.example"}),
    frozenset({"mail:beto@x.example"}),
    frozenset({"group:rrhh"}),
)
ALL = frozenset({"domain:x.example"})
PLACES: list[tuple[Person, Channel, bool, frozenset[str], bool]] = [
    # who asks, where, for themselves alone, what all who see the answer are, and if they read `people`
    (ANA, HELP, False, ALL, False),
    (ANA, HELP, True, ANAS | ALL, True),
    (BETO, HELP, True, RRHHS | ALL, False),
    (CARLA, HELP, True, frozenset({"mail:carla@x.example"}) | ALL, False),
    (ANA, RRHH, False, RRHHS | ALL, True),
    (BETO, RRHH, True, RRHHS | ALL, True),
    (GUEST, HELP, True, frozenset(), False),
    (GUEST, RRHH, False, frozenset(), False),
    (ANA, SHARED, False, frozenset(), False),
    (ANA, SHARED, True, frozenset(), False),
]


async def test_an_answer_draws_on_what_all_who_see_it_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it may not, nothing of the document shows, not even that there is one."""
    readers = [(), (ALL,), (ANAS,), (RRHHS,), (ANAS | RRHHS,), (RRHHS, ALL), (BETOS,), (frozenset(),)]
    async with guarded(tmp_path, monkeypatch) as company:
        for lists in readers:
            company.let("zafiro", *lists)
            company.let("berilo", *lists)
            company.sync()
            for author, channel, private, known, people in PLACES:
                may = all(listed & known for listed in lists)
                answer = await company.asks("zafiro", author, channel, private=private)
                assert tells(answer, "zafiro") == may, (lists, author, channel, private)
                answer = await company.asks("berilo", author, channel, private=private)
                assert tells(answer, "berilo") == (may and people), (lists, author, channel, private)


async def test_what_may_not_be_read_changes_nothing_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a question is the one that an index without the document gives, suggestions included."""
    async with guarded(tmp_path, monkeypatch) as company:
        company.let("zafiro", BETOS)
        company.sync()
        with_it = await company.asks("zafiro", ANA)
        suggested = await company.people.runtime.desk.suggest("depósito", ANA, HELP)
        (tmp_path / "docs" / "zafiro.md").unlink()
        company.sync()
        without = await company.asks("zafiro", ANA)
    assert "zafiro" not in " ".join(suggested).lower()
    assert (with_it.outcome, with_it.citations) == (without.outcome, without.citations) == ("not_found", ())
    nearest = [[line for line in one.text.splitlines() if line[:1] == "-"] for one in (with_it, without)]
    assert nearest[0] == nearest[1]
    # Of how rare its words are, which is counted over the whole index, a trace is left.
    assert with_it.confidence == pytest.approx(without.confidence, abs=0.02)


async def test_what_was_said_to_one_alone_is_not_taken_up_before_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread remembers an answer for whom it was given, as long as they may read what it rests on."""
    async with guarded(tmp_path, monkeypatch) as company:
        company.let("zafiro", ANAS)
        company.sync()
        remembered: list[list[str]] = []
        answer = company.people.runtime.library.engine().answer

        def noted(question: Question, *more: Any) -> Any:
            remembered.append([turn.answer for turn in question.history])
            return answer(question, *more)

        monkeypatch.setattr(company.people.runtime.library.engine(), "answer", noted)
        first = await company.asks("zafiro", ANA, private=True, thread="slack:T1:C1:7")
        for author, private in ((ANA, False), (BETO, True), (ANA, True)):
            await company.asks("topacio", author, private=private, thread="slack:T1:C1:7")
        company.let("zafiro", BETOS)
        company.sync()
        await company.asks("granate", ANA, private=True, thread="slack:T1:C1:7")
    said = [any("zafiron7" in turn for turn in turns) for turns in remembered]
    assert tells(first, "zafiro")
    assert said == [False, False, False, True, False]


async def test_buttons_show_what_who_presses_may_read_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sources of an answer, the answer given anew, and what is passed on to others."""
    async with guarded(tmp_path, monkeypatch) as company:
        company.let("zafiro", RRHHS)
        company.sync()
        people = company.people
        answer = await company.asks("zafiro", ANA, RRHH)
        assert tells(answer, "zafiro")
        assert tells(await people.press("show_sources", answer.id, BETO, RRHH), "zafiro")
        assert not tells(await people.press("show_sources", answer.id, GUEST, RRHH), "zafiro")
        await people.press("ask_person", answer.id, ANA, RRHH)
        [(_, request)] = people.room.said
        assert "zafiron7" not in request
        assert "zafiro" in request  # the question is the asker's own
        company.let("zafiro", BETOS)
        company.sync()
        told = await people.press("show_sources", answer.id, BETO, RRHH)
        assert (told.outcome, told.reason) == ("refused", "not_allowed")
        await people.press("regenerate", answer.id, ANA, RRHH)
        again = await people.answer(f"{answer.id}~1")
    assert not tells(again, "zafiro")


@pytest.mark.parametrize("times", [1, 2, 9])
async def test_a_right_that_is_taken_away_while_an_answer_is_made_holds_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """What was found and may not be read any more is not shown: the question is answered anew.

    Even where that happens every time, something is said in the end.
    """
    async with guarded(tmp_path, monkeypatch) as company:
        search, left = Library.search, [times]

        def revoked_meanwhile(library: Library, *arguments: Any, **bounds: Any) -> Any:
            found = search(library, *arguments, **bounds)
            if found.hits and left[0]:
                left[0] -= 1
                library.manifest.permit("docs", {hit.passage.document: "[[]]" for hit in found.hits})
            return found

        monkeypatch.setattr(Library, "search", revoked_meanwhile)
        answer = await company.asks("zafiro", ANA)
        posts = list(company.people.room.posts.values())
    assert not tells(answer, "zafiro")
    assert not any("zafiron7" in post.text for post in posts)


@pytest.mark.parametrize("piece", [1, 2, 3])
async def test_a_right_that_is_taken_away_while_a_model_writes_holds_for_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Between any two sentences: what was shown by then is taken back, and the rest never comes."""
    async with model_server() as server:
        server.says("El piso es de cemento zafiron7 [1]. ", "El depósito zafiro tiene piso de zafiron7 [1].")
        llm, address = 'llm = "openai-like:scripted"', f'[models.openai-like]\nbase_url = "{server.url}"'
        async with guarded(tmp_path, monkeypatch, llm, address) as company:
            readable, asked = Library.readable, []

            def revoked_meanwhile(library: Library, documents: Any, readers: Any) -> Any:
                asked.append(documents)
                if len(asked) == piece:
                    library.manifest.permit("docs", {"zafiro.md": "[[]]"})
                return readable(library, documents, readers)

            before = await company.asks("zafiro", ANA)
            monkeypatch.setattr(Library, "readable", revoked_meanwhile)
            after = await company.asks("zafiro", ANA)
            (shown,) = [post for post in company.people.room.posts.values() if post.answer == after]
    assert before.model == "openai-like:scripted"
    assert tells(before, "zafiro")
    assert "zafiro.md" not in {cited.document for cited in after.citations}
    assert shown.text == after.text
    assert asked[piece - 1]
    assert "cemento zafiro" in str(server.requests[0])
    assert "cemento zafiro" not in str(server.requests[-1])


async def test_no_moment_of_a_sync_lets_anyone_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While readers and texts change and change again, who is never among the readers is told nothing."""
    async with guarded(tmp_path, monkeypatch) as company:
        company.let("zafiro", ANAS)
        company.sync()

        def keep_changing() -> None:
            others = itertools.cycle(
                [(frozenset[str](),), (ANAS, RRHHS), (ANAS,), (ANAS | {"mail:zoe@x.example"},)]
            )
            for number, lists in zip(range(12), others, strict=False):
                company.let("zafiro", *lists)
                if number % 3 == 0:
                    path = tmp_path / "docs" / "zafiro.md"
                    path.write_text(f"{told('zafiro')}\nVersión {number} de zafiron7.\n", "utf-8")
                company.sync()

        changing = asyncio.create_task(asyncio.to_thread(keep_changing))
        found = []
        while not changing.done():
            asking = (company.asks("zafiro", BETO, private=True), company.asks("zafiro", ANA))
            found += await asyncio.gather(*asking)
        await changing
        own = await company.asks("zafiro", ANA, private=True)
    assert found
    assert not any(tells(answer, "zafiro") for answer in found)
    assert tells(own, "zafiro")


def test_the_file_of_identities_is_read_in_every_spelling(tmp_path: Path) -> None:
    """Addresses in any letters; whoever has one is of its domain; what follows from what follows."""
    path = tmp_path / "identities.toml"
    path.write_text(
        '[people]\n"discord:42" = ["Ana@X.example", "group:RRHH@x.example"]\n"ANA@x.example" = ["group:it"]\n'
    )
    known = load_identities(path)
    assert known.of_person(Person(id="discord:42")) == {
        "discord:42",
        "mail:ana@x.example",
        "domain:x.example",
        "group:rrhh@x.example",
        "group:it",
    }
    assert "group:it" in known.of_person(Person(id="slack:9", email=" ana@X.example"))
    assert known.of_person(Person(id="slack:8")) == {"slack:8"}
    assert known.of_person(Person(id="discord:42", guest=True)) == frozenset()


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ('everyone = ["nobody"]', "everyone.0.*nobody"),
        ('[people]\n"ana" = ["group:it"]', "people.ana.*platform"),
        ('[channels]\n"slack:#*" = ["group:it"]', r"channels.slack:#\*.*one place"),
        ("people = 3", "people"),
        ("[people", "not valid TOML"),
        ('[groups]\n"a" = []', "groups"),
        (None, "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, written: str | None, named: str) -> None:
    """In a sentence with its place."""
    path = tmp_path / "identities.toml"
    if written is not None:
        path.write_text(written)
    with pytest.raises(ConfigurationError, match=named):
        load_identities(path)


async def test_nobodys_address_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the journal."""
    async with guarded(tmp_path, monkeypatch) as company:
        answer = await company.asks("zafiro", CARLA)
        past = await company.people.runtime.journal.past(answer.id)
    assert past is not None
    assert past.message.author.id == CARLA.id
    assert past.message.author.email is None


async def test_status_counts_what_is_not_for_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By source, and the groups of readers that nobody is in, in words and for machines."""
    async with guarded(tmp_path, monkeypatch) as company:
        company.let("zafiro", BETOS)
        company.let("topacio", RRHHS)
        company.sync()
        company.let("granate", frozenset({"group:it"}))
        company.sync()
        status = await company.people.command("status")
    assert status.data is not None
    assert [source["restricted"] for source in status.data["sources"]] == [3, 0]
    assert status.data["unknown_groups"] == ["group:it"]
    assert "`group:it`" in status.text
    assert "group:rrhh" not in status.text
