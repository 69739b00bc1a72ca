"""What people say an answer should have been: kept with the rest, and put up to become an official answer."""

import asyncio

from bot.journal import Journal
from bot.messages import Feedback
from bot.phrases import Phrases
from bot.reindexing.notices import Notices
from bot.settings import Settings
from knowledge.official import OfficialAnswers
from knowledge.sources import OFFICIAL


class Corrections:
    """Keeps opinions; a correction waits for approval where there is a list to add it to."""

    def __init__(
        self, settings: Settings, journal: Journal, official: OfficialAnswers, notices: Notices
    ) -> None:
        self._lists = [source.name for source in settings.sources if source.kind == OFFICIAL]
        self._journal = journal
        self._official = official
        self._notices = notices

    async def add_feedback(self, feedback: Feedback) -> None:
        """Keeps what someone thinks of an answer; the admins are told of what waits for them."""
        await self._journal.add_feedback(feedback)
        if feedback.helpful or not feedback.correction or not self._lists:
            return
        past = await self._journal.past(feedback.answer)
        if past is None:
            return
        about = f"{feedback.answer} {feedback.author.id}"
        proposed = await asyncio.to_thread(
            self._official.propose,
            self._lists[0],
            past.message.text,
            feedback.correction,
            author=feedback.author.id,
            about=about,
        )
        if proposed is None:
            return

        def told(phrases: Phrases) -> str:
            return phrases.render(
                "official_proposed",
                question=proposed.question,
                answer=proposed.answer,
                number=proposed.number,
            )

        await self._notices.admins(f"proposed:{about}", told)
