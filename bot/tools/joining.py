"""Everything about tools, joined up for one process."""

from bot.access import Rights, granted
from bot.channels import Channels
from bot.journal import Journal
from bot.messages import Message
from bot.personas import Persona
from bot.settings import ResolvedChannel, Settings
from bot.state import State
from bot.tools.calling import Caller
from bot.tools.commands import ToolCommands
from bot.tools.confirming import Confirming
from bot.tools.ledger import Ledger
from bot.tools.tool import Asker
from bot.tools.toolbox import Toolbox
from bot.tools.turn import TurnTools
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

    async def of_turn(
        self, message: Message, channel: ResolvedChannel, persona: Persona, rights: Rights
    ) -> TurnTools | None:
        """What may be called to answer a message: what the channel allows, and the persona if it says."""
        tools = await self.toolbox.tools(granted(channel, persona))
        if not tools:
            return None
        asker = Asker(message.author.id, message.channel.key, rights.sources, rights.readers)
        return TurnTools(tools, self.caller, self.confirming, event=message.id, asker=asker)

    async def aclose(self) -> None:
        """Closes what the tools have open."""
        await self.toolbox.aclose()
