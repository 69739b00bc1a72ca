"""Channels and people as Slack knows them, kept for a while."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from bot.messages import Channel, ChannelKind, Person
from connectors.slack.api import Api
from connectors.slack.errors import SlackError

log = logging.getLogger(__name__)

_FRESH = 600.0
"""Seconds until a rename, a new locale or a lost admin's right is noticed."""
_PATIENCE = 1.5
"""Seconds: a question must be acknowledged within three."""
_KEPT = 10_000
_PAGE = 999
_GROUP = re.compile(r"slack:(?:@.+|S[A-Z0-9]{6,})")
_OUTSIDERS = ("is_restricted", "is_ultra_restricted", "is_stranger")


class _Kept:
    """Answers of one method, asked for once at a time and kept; a stale one is better than none."""

    def __init__(self, api: Api, method: str, part: str) -> None:
        self._api = api
        self._method = method
        self._part = part
        self._known: dict[str, tuple[float, Any]] = {}
        self._asking: dict[str, asyncio.Task[Any]] = {}

    async def get(self, id_: str, **arguments: Any) -> Any:
        """What Slack says of it; None when it says nothing in time."""
        asked, known = self._known.get(id_, (0.0, None))
        if known is not None and time.monotonic() - asked < _FRESH:
            return known
        if id_ not in self._asking:
            self._asking[id_] = asyncio.create_task(self._ask(id_, arguments))
            self._asking[id_].add_done_callback(lambda _: self._asking.pop(id_))
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking[id_]), _PATIENCE) or known
        except TimeoutError:
            log.warning("Slack: %s of %s does not answer in time.", self._method, id_)
            return known

    async def _ask(self, id_: str, arguments: Mapping[str, Any]) -> Any:
        try:
            told = (await self._api.call(self._method, **arguments)).get(self._part, {})
        except SlackError as error:
            log.warning("Slack says nothing of %s: %s", id_, error)
            return None
        self._known.pop(id_, None)
        self._known[id_] = time.monotonic(), told
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return told

    async def settle(self) -> None:
        """Ends what is being asked."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


class Directory:
    """Who is who, and where is where."""

    def __init__(self, api: Api, *, groups: bool = False) -> None:
        """`groups`: people's user groups are of use; to know them takes the scope `usergroups:read`."""
        self._api = api
        self._names: dict[str, str] = {}
        self._wanted = groups
        self._refused = -_FRESH
        self._groups = _Kept(api, "usergroups.list", "usergroups")
        self._channels = _Kept(api, "conversations.info", "channel")
        self._people = _Kept(api, "users.info", "user")

    async def channel(self, id_: str, kind: ChannelKind) -> Channel:
        """A channel with its name; `kind`: what its event says, which only `shared` outweighs.

        Without Slack's answer it has no name, so no more than what holds for any channel holds there.
        """
        if id_.startswith("D"):  # nothing more is to be known, and to ask would take one more scope
            return Channel(platform="slack", id=id_, kind="shared" if kind == "shared" else "direct")
        told = await self._channels.get(id_, channel=id_)
        if told is None:
            return Channel(platform="slack", id=id_, kind=kind)
        return Channel(platform="slack", id=id_, name=told.get("name") or None, kind=_kind(told, kind))

    async def person(self, id_: str) -> tuple[Person, str | None]:
        """A person and their locale; nobody is an administrator whom Slack does not call one."""
        told = await self._people.get(id_, user=id_, include_locale=True) or {}
        groups = await self._of(id_)
        profile = told.get("profile") or {}
        name = profile.get("display_name") or told.get("real_name") or told.get("name")
        admin = bool(told.get("is_admin") or told.get("is_owner"))
        guest = any(told.get(flag) for flag in _OUTSIDERS) if told else None
        # Told to an app with the scope `users:read.email` alone.
        email = profile.get("email") if told.get("is_email_confirmed", True) else None
        person = Person(
            id=f"slack:{id_}",
            name=name or None,
            groups=groups,
            admin=admin,
            email=email or None,
            guest=guest,
        )
        return person, told.get("locale")

    async def _of(self, person: str) -> tuple[str, ...]:
        """The user groups of someone, by id and by handle: `slack:S0AB`, `slack:@soporte`."""
        if not self._wanted or time.monotonic() - self._refused < _FRESH:
            return ()
        told = await self._groups.get("all", include_users=True)
        if not isinstance(told, list):
            self._refused = time.monotonic()
            return ()
        mine = [one for one in told if person in (one.get("users") or ()) and not one.get("date_delete")]
        return tuple(f"slack:{name}" for one in mine for name in (one["id"], f"@{one.get('handle')}"))

    async def id_of(self, name: str) -> str:
        """The id of `#name`; where the bot sees no such channel, the name as it stands."""
        if name not in self._names:
            cursor = ""
            while True:
                listed = await self._api.call(
                    "conversations.list",
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=_PAGE,
                    **({"cursor": cursor} if cursor else {}),
                )
                self._names |= {f"#{one.get('name')}": str(one["id"]) for one in listed.get("channels") or ()}
                cursor = (listed.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor or name in self._names:
                    break
        return self._names.get(name, name)

    async def close(self) -> None:
        """Ends what is being asked."""
        await self._channels.settle()
        await self._people.settle()
        await self._groups.settle()


def _kind(told: Mapping[str, Any], kind: ChannelKind) -> ChannelKind:
    if kind == "shared" or told.get("is_ext_shared"):
        return "shared"
    if told.get("is_im"):
        return "direct"
    if told.get("is_private") or told.get("is_mpim"):
        return "private"
    return "public" if "is_private" in told else kind


def is_group(name: str) -> bool:
    """Whether an access list names a user group: `slack:@soporte`, `slack:S0AB12CD3`."""
    return _GROUP.fullmatch(name) is not None
