"""Joins the registry of commands to what carries them out."""

from bot.admin.admin import Admin
from bot.admin.channel import ChannelCommands
from bot.admin.generations import GenerationCommands
from bot.admin.index import IndexCommands
from bot.admin.official import OfficialCommands
from bot.admin.reviewing import ReviewCommands
from bot.admin.spending import SpendingCommands
from bot.admin.voices import VoiceCommands
from bot.answering import Answering
from bot.budget import Budget
from bot.channels import Channels
from bot.dispatch import Dispatch
from bot.journal import Journal
from bot.reindexing.notices import Notices
from bot.reindexing.records import Records
from bot.reindexing.reindexing import Reindexing
from bot.reindexing.runs import Runs
from bot.settings import Settings
from bot.voice import Voices
from knowledge.library import Library
from knowledge.official import OfficialAnswers


def open_admin(
    settings: Settings,
    channels: Channels,
    *,
    library: Library,
    journal: Journal,
    dispatch: Dispatch,
    voices: Voices,
    answering: Answering,
    budget: Budget,
    records: Records,
    runs: Runs,
    reindexing: Reindexing,
    official: OfficialAnswers,
    notices: Notices,
) -> Admin:
    """The admin commands over everything they are about."""
    index = IndexCommands(settings, library, journal, dispatch, records=records, runs=runs)
    speaking = VoiceCommands(settings, channels, voices, answering)
    channel = ChannelCommands(settings, channels, voices)
    generations = GenerationCommands(library)
    reviewing = ReviewCommands(settings, channels, library, journal, notices)
    answers = OfficialCommands(settings, official, reindexing)
    return Admin(
        settings,
        journal,
        {
            "status": index.status,
            "sources": index.sources,
            "review": reviewing.review,
            "digest": reviewing.digest,
            "answers show": answers.show,
            "answers approve": answers.approve,
            "answers remove": answers.remove,
            "generations show": generations.show,
            "generations use": generations.use,
            "generations drop": generations.drop,
            "persona": speaking.persona,
            "test": speaking.test,
            "channel show": channel.show,
            "channel set": channel.set,
            "channel reset": channel.reset,
            "budget": SpendingCommands(settings, channels, budget).budget,
        },
        {"reindex": reindexing.run, "confirm": reindexing.decide, "decline": reindexing.decide},
    )
