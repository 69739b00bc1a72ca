"""The admin commands: what they are called and what they take. Every platform renders this its own way.

What is said of them are phrases: `command_<name>` and `option_<parameter>` describe, `name_<name>` translates
a name where the platform can show it translated. In keys a blank of a name is `_`.
"""

from dataclasses import dataclass
from typing import Literal

Completes = Literal["source", "document", "persona", "setting_value", "lookup", "generation"]
"""Where values come from: `Desk.complete` lists them. `document`: a source, or one of its documents.
`lookup`: a tool, or what comes behind its name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a command."""

    name: str
    kind: type[str] | type[bool] = str
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values there are, where they are few and fixed."""
    completes: Completes | None = None
    rest: bool = False
    """Typed as text, it takes all that is left of the line."""
    verb: bool = False
    """Typed as text, it needs no hyphens where it comes first: `reindex cancel`."""

    @property
    def description(self) -> str:
        """Key of the phrase that says what it is for."""
        return f"option_{self.name}"


@dataclass(frozen=True, slots=True)
class AdminCommand:
    """One command. A name of two words is a group and what is done in it: `channel set`."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    slow: bool = False
    """It takes minutes: it waits behind questions, and tells how it goes."""
    everybody: bool = False
    """It is no order: whoever may ask in a channel may give it, and `bot/tools` carries it out."""

    @property
    def key(self) -> str:
        """The name as it stands in keys of phrases."""
        return self.name.replace(" ", "_")

    @property
    def description(self) -> str:
        """Key of the phrase that says what it does."""
        return f"command_{self.key}"

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((one for one in self.parameters if one.name == name), None)


SETTINGS = ("persona", "sources", "tools", "follow_ups")
"""What can be set in a channel from chat."""

COMMANDS: dict[str, AdminCommand] = {
    command.name: command
    for command in (
        AdminCommand("status"),
        AdminCommand(
            "sources",
            (Parameter("action", choices=("pause", "resume")), Parameter("source", completes="source")),
        ),
        AdminCommand(
            "reindex",
            (
                Parameter("source", completes="document", rest=True),
                Parameter("dry_run", bool),
                Parameter("full", bool),
                Parameter("allow_deletions", bool),
                Parameter("wait", bool),
                Parameter("cancel", bool, verb=True),
            ),
            slow=True,
        ),
        AdminCommand("review", (Parameter("source", completes="source"),), slow=True),
        AdminCommand("digest", slow=True),
        AdminCommand("answers show"),
        AdminCommand("answers approve", (Parameter("number", required=True),)),
        AdminCommand("answers remove", (Parameter("number", required=True),)),
        AdminCommand("generations show"),
        AdminCommand(
            "generations use", (Parameter("generation", required=True, completes="generation"),), slow=True
        ),
        AdminCommand("generations drop", (Parameter("generation", required=True, completes="generation"),)),
        AdminCommand("persona", (Parameter("persona", completes="persona"),)),
        AdminCommand("test", (Parameter("question", required=True, rest=True),)),
        AdminCommand("channel show"),
        AdminCommand(
            "channel set",
            (
                Parameter("setting", required=True, choices=SETTINGS),
                Parameter("value", required=True, completes="setting_value", rest=True),
            ),
        ),
        AdminCommand("channel reset", (Parameter("setting", choices=SETTINGS),)),
        AdminCommand(
            "lookup",
            (
                Parameter("tool", completes="lookup"),
                Parameter("arguments", completes="lookup", rest=True),
            ),
            everybody=True,
        ),
        AdminCommand("budget"),
        AdminCommand("help"),
    )
}
