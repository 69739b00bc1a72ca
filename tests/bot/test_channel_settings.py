"""What admins do in chat, as conversations: channel settings, personas, trials; who may, what is noted."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admin import COMMANDS, read_command
from bot.admin.reading import known_names
from bot.messages import Channel
from bot.phrases import Phrases
from tests.bot.company import company
from tests.bot.room import ANA, BETO, JEFA, room

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ADMINS = 'admins = ["slack:U1"]'
HR = Channel(platform="slack", id="C9", name="rrhh", kind="private")
OPEN = Channel(platform="slack", id="C7", name="abierto")


async def test_an_admin_changes_the_persona_of_a_channel(tmp_path: Path):
    """From the next thread on, here and after a restart; other channels keep theirs."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        before = await people.ask(QUESTION)
        saved = await people.command("channel set", setting="persona", value="peninsular")
        after = await people.ask(QUESTION)
        elsewhere = await people.ask(QUESTION, channel=OPEN)
    async with room(company(tmp_path, llm=ADMINS)) as people:
        later = await people.ask(QUESTION)
        await people.command("channel reset")
        reset = await people.ask(QUESTION)
    assert saved.outcome == "answered"
    assert [one.persona for one in (before, after, elsewhere, later, reset)] == [
        "formal", "peninsular", "formal", "peninsular", "formal",
    ]  # fmt: skip


async def test_a_running_thread_keeps_its_voice(tmp_path: Path):
    """A follow-up does not switch persona in mid-thread."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        first = await people.ask(QUESTION)
        await people.command("channel set", setting="persona", value="peninsular")
        follow_up = await people.ask("¿y en España?", thread=first.id)
    assert follow_up.persona == "formal"


async def test_a_channel_reads_what_was_chosen(tmp_path: Path):
    """No sources at all are a choice, too: then nothing is answered from them."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        await people.command("channel set", setting="sources", value="ninguna")
        refused = await people.ask(QUESTION)
        await people.command("channel set", setting="sources", value="docs")
        answered = await people.ask(QUESTION)
    assert (refused.outcome, answered.outcome) == ("refused", "answered")


async def test_a_source_that_not_all_may_read_is_refused(tmp_path: Path):
    """With the reason, in the channel's words; nothing changes, and the try is noted."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        refused = await people.command("channel set", setting="sources", value="docs, people")
        shown = await people.command("channel show")
        [show, noted] = await people.runtime.journal.audited()
    assert (refused.outcome, refused.reason) == ("refused", "not_allowed")
    assert "people" in refused.text and "#ayuda" in refused.text
    assert shown.data and shown.data["sources"] == ["docs"]
    assert (noted.action, noted.outcome, noted.channel) == ("channel set", "refused", "slack:C1")
    assert show.action == "channel show"


async def test_a_choice_does_not_outlive_the_right_to_it(tmp_path: Path):
    """When a source's access is taken back in the file, what was chosen from chat does not keep it open."""
    settings = company(tmp_path, '[[channels]]\nmatch = "slack:*"\n', llm=ADMINS)
    async with room(settings) as people:
        # As if it had been public when it was chosen.
        await people.runtime.bot._channels.choose(OPEN, "sources", ["docs", "people"], "slack:U1")
        salary = await people.ask("¿Cuánto cobra una analista?", channel=OPEN)
    assert salary.outcome == "not_found"


async def test_what_the_file_names_is_locked(tmp_path: Path):
    """A channel named exactly is shown as locked, and neither set nor reset from chat."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        shown = await people.command("channel show", channel=HR)
        changed = await people.command("channel set", channel=HR, setting="persona", value="mexicano")
        reset = await people.command("channel reset", channel=HR)
    assert shown.data and shown.data["locked"]
    assert (changed.reason, reset.reason) == ("locked", "locked")


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("persona", "pirata", "rioplatense"),
        ("follow_ups", "siempre", "asker"),
        ("tools", "ascensor", "ascensor"),
        ("sources", "nada-de-nada", "docs"),
        ("colour", "rojo", "persona"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(tmp_path: Path, setting: str, value: str, named: str):
    """The answer to a mistake is what would do."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        refused = await people.command("channel set", setting=setting, value=value)
    assert (refused.outcome, refused.reason) == ("refused", "bad_argument")
    assert named in refused.text


async def test_only_admins_give_orders(tmp_path: Path):
    """The platform's word and the bot's own list are both needed; a refusal is polite, private, and noted."""
    listed = JEFA.model_copy(update={"admin": False})
    unlisted = BETO.model_copy(update={"admin": True})
    async with room(company(tmp_path, llm=ADMINS)) as people:
        told = [await people.command("status", author=one) for one in (ANA, listed, unlisted)]
        noted = await people.runtime.journal.audited()
    assert {one.reason for one in told} == {"not_admin"}
    assert {one.text for one in told} == {"Eso lo puede hacer solo un administrador del bot."}
    assert [one.outcome for one in noted] == ["refused"] * 3


async def test_personas_are_listed_and_shown(tmp_path: Path):
    """All of them with the one that speaks here; one of them whole; none of that name."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        listed = await people.command("persona")
        whole = await people.command("persona", persona="rioplatense")
        unknown = await people.command("persona", persona="rioplatence")
    assert listed.data and listed.data["here"] == "formal"
    assert "`rioplatense`" in listed.text
    assert "vos" in whole.text
    assert (unknown.reason, "rioplatense" in unknown.text) == ("unknown_persona", True)


async def test_a_question_is_tried_without_a_trace(tmp_path: Path):
    """Persona, sources, confidence and citations of the answer that this channel would give."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        tried = await people.command("test", question=QUESTION)
        journalled = await people.runtime.journal.outcomes()
        turns = await people.runtime.bot._memory.turns(tried.id)
    assert tried.data and tried.data["outcome"] == "answered"
    assert (tried.data["persona"], tried.data["sources"]) == ("formal", ["docs"])
    assert [cited.document for cited in tried.citations] == ["vacaciones.md"]
    assert "17 días corridos" in tried.text
    assert journalled == {}
    assert turns == []


async def test_help_names_every_command(tmp_path: Path):
    """From the registry, so that none is forgotten; what is missing is said with how it is written."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        told = await people.command("help")
        missing = await people.command("test")
        wrong = await people.command("statsu")
    assert all(f"`{name}" in told.text for name in COMMANDS)
    assert (missing.reason, "test <question>" in missing.text) == ("missing_argument", True)
    assert "status" in wrong.text


@pytest.mark.parametrize(
    ("typed", "name", "arguments"),
    [
        ("", "help", {}),
        ("status", "status", {}),
        ("estado", "status", {}),
        ("reindex handbook --dry-run", "reindex", {"source": "handbook", "dry_run": True}),
        ("reindex —full", "reindex", {"full": True}),
        ("test “¿Cuántos días hay?”", "test", {"question": "¿Cuántos días hay?"}),
        (
            "channel set sources handbook, faq",
            "channel set",
            {"setting": "sources", "value": "handbook, faq"},
        ),
        ("canal ajustar persona formal", "channel set", {"setting": "persona", "value": "formal"}),
        ("channel", "channel show", {}),
        ("CHANNEL RESET", "channel reset", {}),
        ("status now please", "status now please", {}),
        ("cualquier cosa", "cualquier cosa", {}),
    ],
)
def test_commands_are_read_as_they_are_typed(typed: str, name: str, arguments: dict[str, object]):
    """In any of the bot's languages, with the quotes and dashes of a phone; what is none is given back."""
    assert read_command(typed) == (name, arguments)


@given(st.text(max_size=80))
def test_any_text_is_read_as_some_command(typed: str):
    """Nothing that someone types is an error of ours."""
    name, arguments = read_command(typed)
    assert isinstance(name, str)
    assert not arguments or name in COMMANDS


@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_every_command_is_described_and_named(language):
    """Discord takes 100 characters of a description, and 32 of a name without blanks."""
    phrases = Phrases(language)
    keys = [command.description for command in COMMANDS.values()]
    keys += [one.description for command in COMMANDS.values() for one in command.parameters]
    words = {word for command in COMMANDS.values() for word in command.name.split()}
    assert all(0 < len(phrases.render(key)) <= 100 for key in keys)
    names = [phrases.render(f"name_{word}") for word in words]
    assert all(name == name.lower() and name.isalnum() and len(name) <= 32 for name in names)


def test_no_two_commands_go_by_one_name():
    """Whatever language it is typed in."""
    names = known_names()
    assert all(names[name] is command for name, command in COMMANDS.items())
    assert names["ayuda"] is COMMANDS["help"]
