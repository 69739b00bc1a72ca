"""What stands in the small Discord: its people, its server and its channels, as Discord shows them."""

from typing import Any

APPLICATION = BOT = "9000"
GUILD, CHANNEL, CLOSED, THREAD, DIRECT, ASKER = "100", "200", "201", "202", "300", "400"
ADMIN_ROLE = "500"
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


def member() -> dict[str, Any]:
    return {
        "roles": [ADMIN_ROLE],
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


def channel(id_: str) -> dict[str, Any]:
    if id_ == DIRECT:
        return {"id": DIRECT, "type": 1, "recipients": [user(ASKER)], "last_message_id": None}
    if id_ == THREAD:
        return {
            "id": THREAD,
            "type": 11,
            "guild_id": GUILD,
            "parent_id": CHANNEL,
            "owner_id": ASKER,
            "name": "hilo",
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
    deny = [{"id": GUILD, "type": 0, "allow": "0", "deny": str(_VIEW)}] if id_ == CLOSED else []
    return {
        "id": id_,
        "type": 0,
        "guild_id": GUILD,
        "name": "interno" if id_ == CLOSED else "general",
        "position": 0,
        "permission_overwrites": deny,
        "parent_id": None,
        "nsfw": False,
        "topic": None,
        "last_message_id": None,
    }


def guild() -> dict[str, Any]:
    return {
        "id": GUILD,
        "name": "Empresa",
        "owner_id": ASKER,
        "roles": [role(GUILD, "@everyone", _VIEW), role(ADMIN_ROLE, "Recursos", _VIEW)],
        "channels": [channel(CHANNEL), channel(CLOSED)],
        "threads": [channel(THREAD)],
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
