"""Everything about tools, joined up for one process."""

from bot.channels import Channels
from bot.journal import Journal
from bot.settings import Settings
from bot.state import State
from bot.tools.calling import Caller
from bot.tools.commands import ToolCommands
from bot.tools.confirming import Confirming
from bot.tools.ledger import Ledger
from bot.tools.toolbox import Toolbox
from knowledge.library import Library


class Tools:
    """The tools of the configuration, and those who call them."""

    def __init__(self, settings: Settings, state: State, library: Library) -> None:
        journal = Journal(library.database)
        self.toolbox = Toolbox(settings, library)
        self.caller = Caller(state.redis)
        self.confirming = Confirming(state.redis, Ledger(library.database), self.caller, journal)
        channels = Channels(settings, library.database)
        self.commands = ToolCommands(settings, channels, self.toolbox, self.caller, self.confirming)

    async def aclose(self) -> None:
        """Closes what the tools have open."""
        await self.toolbox.aclose()
