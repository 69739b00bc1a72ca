"""The vocabulary between connectors and the bot: events in, chunks out, and what a connector is.

Events travel through the queue as JSON (`dump_event`, `load_event`). No platform's SDK type appears here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.errors import ConfigurationError
from bot.phrases import Language

Outcome = Literal["answered", "not_found", "refused", "failed"]
ChannelKind = Literal["public", "private", "direct", "shared"]
ActionName = Literal["helpful", "not_helpful", "regenerate", "show_sources", "ask_person", "stop"]
"""What can be done about an answer: buttons. `bot/actions.py` says which are offered, and reads them."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Channel(_Frozen):
    """Where a message was written. `id` and `name` are what a configured glob is matched against."""

    platform: str
    id: str
    name: str | None = None
    """Without the `#`."""
    kind: ChannelKind = "public"

    @property
    def key(self) -> str:
        """`slack:C123`."""
        return f"{self.platform}:{self.id}"

    @property
    def label(self) -> str:
        """`slack:#soporte` where the name is known, else the key."""
        return f"{self.platform}:#{self.name}" if self.name else self.key


def parse_channel(text: str) -> Channel:
    """`platform:#name` or `platform:id`."""
    platform, colon, place = text.partition(":")
    if not (platform and colon and place.lstrip("#")):
        raise ConfigurationError(f"{text!r} is no channel: write platform:#name or platform:id.")
    name = place[1:] if place.startswith("#") else None
    return Channel(platform=platform, id=place, name=name)


class Person(_Frozen):
    """Who wrote or pressed something."""

    id: str
    """`slack:U123`."""
    name: str | None = None
    groups: tuple[str, ...] = ()
    """Roles and user groups, `discord:role:Recursos`."""
    admin: bool = False
    """Whether the platform says so; the bot's own list is checked besides."""
    email: str | None = None
    """As the platform knows and vouches for it; not kept."""
    guest: bool | None = False
    """An outsider, as the platform says: only what is public is for them. None: it says nothing of them."""


class _Event(_Frozen):
    id: str
    """One per thing that happened, however often and in whatever shape it is delivered:
    `slack:T1:C1:1700000000.000100`."""
    thread: str
    """Turns of one thread run one at a time, in order of arrival: `slack:T1:C1:1700000000.000100`."""
    channel: Channel
    author: Person
    at: datetime
    language: str | None = None
    """The platform's locale of the author, if it tells."""
    private: bool = False
    """The answer is seen by the author alone (direct message, ephemeral)."""
    reference: dict[str, str] = Field(default_factory=dict)
    """What the connector needs to answer here (timestamps, interaction tokens); opaque to the bot."""


class Attachment(_Frozen):
    """A file that came with a question: read for that question alone, never indexed."""

    name: str
    media_type: str | None = None
    size: int | None = None
    """In bytes, as the platform says."""
    reference: dict[str, str] = Field(default_factory=dict)
    """What the connector fetches it by; opaque to the bot."""


class Message(_Event):
    """A question, or something said in a thread the bot is in."""

    type: Literal["message"] = "message"
    text: str
    about: str | None = None
    """Text of another message that the question is about."""
    attachments: tuple[Attachment, ...] = ()
    replaces: str | None = None
    """Id of the message that was answered before: this turn's answer takes the place of that one's."""


class Command(_Event):
    """An instruction to the bot itself (`status`, `reindex` …), or what a button below an answer asks for.

    Of a button, `name` is an `ActionName` and `arguments` are `{"answer": id}`.
    """

    type: Literal["command"] = "command"
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Feedback(_Event):
    """What someone thinks of an answer."""

    type: Literal["feedback"] = "feedback"
    answer: str
    """Id of the message that was answered."""
    helpful: bool
    reason: str | None = None
    """One of `bot.actions.REASONS`, or free text."""
    correction: str | None = None
    """What the answer should have been."""


Event = Annotated[Message | Command | Feedback, Field(discriminator="type")]
_EVENT: TypeAdapter[Message | Command | Feedback] = TypeAdapter(Event)


def dump_event(event: Message | Command | Feedback) -> bytes:
    """The event as JSON."""
    return _EVENT.dump_json(event)


def load_event(payload: bytes | str) -> Message | Command | Feedback:
    """The event that `dump_event` wrote."""
    return _EVENT.validate_json(payload)


class Citation(_Frozen):
    """One cited place. `number` is the inline `[n]`, and no two citations of an answer share it."""

    number: int
    title: str
    source: str
    document: str
    location: str
    """Heading or page, as a person would look for it."""
    url: str | None
    as_of: datetime | None
    excerpt: str
    passage: str = Field(default="", exclude=True)
    """Id of the passage, where it is one of the index's; stays inside the bot."""


class ToolCall(_Frozen):
    """One lookup made while answering."""

    name: str
    arguments: dict[str, Any]
    outcome: str
    seconds: float


class Picture(_Frozen):
    """A picture that a tool made; connectors post it as a file."""

    name: str
    """With its ending: `lookup-1.png`."""
    media_type: str
    content: bytes
    """In JSON, Base64."""
    alt: str
    """What is to be seen, for those who do not see it: the prompt it was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Confirmation(_Frozen):
    """A call with effects that waits for the asker's word. `bot/tools/confirming.py` keeps it.

    A press is a `Command` named `confirm` or `decline` with `{"token": token}`.
    """

    token: str
    tool: str
    text: str
    """What exactly will be done, Markdown."""
    asker: str
    """Who alone may confirm: `slack:U1`."""
    until: datetime
    """When it is off."""


class Confirm(_Frozen):
    """The reply asks for the asker's word before something is done; its `Answer` carries the same."""

    type: Literal["confirm"] = "confirm"
    confirmation: Confirmation


class RegisterScore(_Frozen):
    """The forms of address asked for, and how well the answer keeps to them (null: no evidence)."""

    singular: str
    plural: str
    score: float | None


class Status(_Frozen):
    """What the bot is doing; shown while waiting, never part of the answer."""

    type: Literal["status"] = "status"
    text: str
    subject: str = ""
    """What `done` and `total` count for: the name of a source."""
    done: int | None = None
    total: int | None = None


class Text(_Frozen):
    """The next piece of the answer's text, Markdown. The pieces joined are `Answer.text`."""

    type: Literal["text"] = "text"
    text: str


class Replace(_Frozen):
    """The text so far was wrong (a model failed, a sentence was corrected): this stands instead."""

    type: Literal["replace"] = "replace"
    text: str


class Usage(_Frozen):
    """What language models took for one answer, all calls together."""

    calls: int
    tokens_in: int
    tokens_cached: int = 0
    """Of `tokens_in`: read from the provider's cache."""
    tokens_out: int
    cost_usd: float | None = None
    """Null: none of them has a price."""


class Repeated(_Frozen):
    """Where an answer comes from that was given before to the same question."""

    id: str
    """Of the turn it was given in."""
    at: datetime
    question: str


class Answer(_Frozen):
    """The end of every reply: the answer whole, with what backs it."""

    type: Literal["answer"] = "answer"
    id: str
    outcome: Outcome
    text: str
    """What is posted, with the persona's framing and inline `[n]`, without the list of sources. Empty:
    there is nothing to say (what was pressed shows by itself)."""
    answer: str
    """The quoted or generated part alone."""
    reason: str | None = None
    """Reason code where the outcome is not `answered`."""
    confidence: float
    """Between 0 and 1; orders answerable before unanswerable questions."""
    citations: tuple[Citation, ...] = ()
    persona: str
    register_: RegisterScore = Field(alias="register")
    language: Language | None = Field(default=None, exclude_if=lambda language: language is None)
    """Of the bot's own words in it, where it is not the persona's own."""
    model: str | None
    """`provider:model`; null: extractive."""
    usage: Usage | None = Field(default=None, exclude_if=lambda usage: usage is None)
    cached: Repeated | None = Field(default=None, exclude_if=lambda cached: cached is None)
    """It was given before, to the same question about unchanged documents."""
    incomplete: bool = Field(default=False, exclude_if=lambda incomplete: not incomplete)
    """The model broke off: it is what had come by then."""
    tool_calls: tuple[ToolCall, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)
    """Seconds by stage."""
    data: dict[str, Any] | None = None
    """A command's result for machines."""
    actions: tuple[ActionName, ...] = Field(default=(), exclude_if=lambda actions: not actions)
    """The buttons below it, in this order."""

    pictures: tuple[Picture, ...] = Field(default=(), exclude_if=lambda pictures: not pictures)
    """What tools drew, to be posted as files."""
    confirmations: tuple[Confirmation, ...] = Field(default=(), exclude_if=lambda waiting: not waiting)
    """What waits for the asker's word, each shown with its two buttons."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


AnyChunk = Status | Text | Replace | Confirm | Answer
Chunk = Annotated[AnyChunk, Field(discriminator="type")]
Reply = AsyncIterator[AnyChunk]
_CHUNK: TypeAdapter[AnyChunk] = TypeAdapter(Chunk)


def dump_chunk(chunk: AnyChunk) -> bytes:
    """The chunk as JSON, with contract names (`register`)."""
    return _CHUNK.dump_json(chunk, by_alias=True)


def load_chunk(payload: bytes | str) -> AnyChunk:
    """The chunk that `dump_chunk` wrote."""
    return _CHUNK.validate_json(payload)


Submit = Callable[[Message | Command | Feedback], Awaitable[bool]]
"""Puts an event into the queue; returns once it is safely there. False: it was there already."""


class Delivery(Protocol):
    """What a connector may ask while it delivers one reply: is it still ours, and where did it begin?"""

    async def placeholder(self) -> str | None:
        """The platform's id of what an earlier try already posted for this event."""
        ...

    async def remember(self, placeholder: str) -> None:
        """Keeps the platform's id of the post, so that a takeover edits it instead of posting again."""
        ...

    async def check(self) -> None:
        """Raises `LeaseLostError` when another worker has taken the event over: stop without posting."""
        ...


class Connector(Protocol):
    """A chat platform."""

    name: str

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled."""
        ...

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out, streamed, idempotent."""
        ...

    async def post(
        self, channel: str, text: str, key: str = "", confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """Says something outside a turn, in `platform:#name` or `platform:id`, with what it asks for below.

        With a `key` it is said once for that key, as far as the platform lets one tell. Raises `PostError`.
        """
        ...

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """Address of the message that was answered, or whose button was pressed, for people elsewhere."""
        ...

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """The content of a file that came with a question; no more than `limit` bytes are taken in.

        Raises `AttachmentError`.
        """
        ...
