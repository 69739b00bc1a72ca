"""What stands in the small Discord: its people, its server and its channels, as Discord shows them."""

from typing import Any

APPLICATION = BOT = "9000"
GUILD, CHANNEL, CLOSED, THREAD, FORUM = "100", "200", "201", "202", "203"
DIRECT, GROUP, ASKER = "300", "301", "400"
STAFF_ROLE, OTHER_ROLE = "500", "501"
_VIEW = 1 << 10

User = dict[str, Any]


def user(id_: str, *, bot: bool = False) -> User:
    """A user as Discord shows it."""
    return {
        "id": id_,
        "username": f"user{id_}",
        "global_name": None,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
    }


def member(roles: list[str] | None = None) -> dict[str, Any]:
    return {
        "roles": [STAFF_ROLE] if roles is None else roles,
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None,
    }


def role(id_: str, name: str, permissions: int) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "permissions": str(permissions),
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def thread(id_: str, *, parent: str, name: str) -> dict[str, Any]:
    return {
        "id": id_,
        "type": 11,
        "guild_id": GUILD,
        "parent_id": parent,
        "owner_id": ASKER,
        "name": name,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "locked": False,
        },
    }


def channel(id_: str) -> dict[str, Any]:
    if id_ == DIRECT:
        return {"id": DIRECT, "type": 1, "recipients": [user(ASKER)], "last_message_id": None}
    if id_ == GROUP:
        return {"id": GROUP, "type": 3, "recipients": [user(ASKER)], "owner_id": ASKER, "icon": None}
    if id_ == THREAD:
        return thread(THREAD, parent=CHANNEL, name="hilo")
    deny = [{"id": GUILD, "type": 0, "allow": "0", "deny": str(_VIEW)}] if id_ == CLOSED else []
    return {
        "id": id_,
        "type": 15 if id_ == FORUM else 0,
        "guild_id": GUILD,
        "name": {CLOSED: "interno", FORUM: "ayuda"}.get(id_, "general"),
        "position": 0,
        "permission_overwrites": deny,
        "parent_id": None,
        "nsfw": False,
        "topic": None,
        "last_message_id": None,
    } | ({"available_tags": [], "flags": 0} if id_ == FORUM else {})


def guild(id_: str = GUILD) -> dict[str, Any]:
    mine = id_ == GUILD
    return {
        "id": id_,
        "name": "Empresa",
        "owner_id": ASKER,
        "roles": [
            role(id_, "@everyone", _VIEW),
            role(STAFF_ROLE, "Recursos", _VIEW),
            role(OTHER_ROLE, "Ventas", _VIEW),
        ],
        "channels": [channel(one) for one in (CHANNEL, CLOSED, FORUM) if mine],
        "threads": [channel(THREAD)] if mine else [],
        "members": [member() | {"user": user(BOT, bot=True)}],
        "member_count": 2,
        "large": False,
        "unavailable": False,
        "emojis": [],
        "stickers": [],
        "features": [],
        "icon": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "es-ES",
        "system_channel_flags": 0,
        "afk_timeout": 0,
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
