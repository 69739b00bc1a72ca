"""Interactions: what the bot does with a token that someone's command, button or form gave it."""

from typing import Any

from aiohttp import web

from tests.connectors.discord.loopback.faults import refusal, said
from tests.connectors.discord.loopback.rest import Rest
from tests.connectors.discord.loopback.world import malformed, sent_by

_HOOK = "/api/v10/webhooks/{application}/{token}"
_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9
_LOADING, _EPHEMERAL = 1 << 7, 1 << 6


class Interactions(Rest):
    """The first response, then edits and further messages through the token."""

    def interaction_routes(self) -> list[web.RouteDef]:
        """Everything that goes through an interaction's token."""
        return [
            web.post("/api/v10/interactions/{id}/{token}/callback", self._respond),
            web.get(f"{_HOOK}/messages/{{message}}", self._look),
            web.patch(f"{_HOOK}/messages/{{message}}", self._edit_by_token),
            web.delete(f"{_HOOK}/messages/{{message}}", self._delete_by_token),
            web.post(_HOOK, self._follow_up),
        ]

    async def _respond(self, request: web.Request) -> web.Response:
        token, body = request.match_info["token"], await sent_by(request)
        if token in self.dead_tokens:
            return refusal(404, 10062, "Unknown interaction")
        if token in self.callbacks:
            return refusal(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body["type"], body.get("data") or {}
        if problem := _misanswered(kind, data):
            return refusal(400, 50035, f"Invalid Form Body: {problem}")
        self.callbacks[token] = body
        interaction: dict[str, Any] = {"id": request.match_info["id"], "type": 2}
        if kind in (_CHOICES, _MODAL):
            return said({"interaction": interaction})
        message = self._first_message(token, kind, data)
        interaction |= {"response_message_id": message["id"], "response_message_loading": kind == _DEFERRED}
        shown = message | {"channel_id": self.places[token]}
        return said({"interaction": interaction, "resource": {"type": kind, "message": shown}})

    def _first_message(self, token: str, kind: int, data: dict[str, Any]) -> dict[str, Any]:
        if kind in (_DEFERRED_UPDATE, _UPDATE):
            self.originals[token] = self.pressed[token]
            if kind == _UPDATE:
                self.change(self.pressed[token], data)
            return self.messages[self.pressed[token]]
        message = self.own_message(f"token:{token}", data)
        message["flags"] |= _LOADING if kind == _DEFERRED else 0
        self.originals[token] = message["id"]
        return message

    async def _look(self, request: web.Request) -> web.Response:
        found = self.messages.get(self._named(request))
        return said(found) if found else refusal(404, 10008, "Unknown Message")

    async def _edit_by_token(self, request: web.Request) -> web.Response:
        if self._dead(request):
            return refusal(404, 10015, "Unknown Webhook")
        return self.change(self._named(request), await sent_by(request))

    async def _delete_by_token(self, request: web.Request) -> web.Response:
        if self._dead(request):
            return refusal(404, 10015, "Unknown Webhook")
        self.messages.pop(self._named(request), None)
        return web.Response(status=204)

    async def _follow_up(self, request: web.Request) -> web.Response:
        if self._dead(request):
            return refusal(404, 10015, "Unknown Webhook")
        body = await sent_by(request)
        if problem := malformed(body):
            return refusal(400, 50035, f"Invalid Form Body: {problem}")
        return said(self.own_message(f"token:{request.match_info['token']}", body))

    def _dead(self, request: web.Request) -> bool:
        token = request.match_info["token"]
        return token in self.dead_tokens or token not in self.callbacks

    def _named(self, request: web.Request) -> str:
        id_ = request.match_info["message"]
        return self.originals.get(request.match_info["token"], "") if id_ == "@original" else id_


def _misanswered(kind: int, data: dict[str, Any]) -> str | None:
    """What Discord has against a first response, in its limits."""
    if kind == _MESSAGE:
        return malformed(data)
    if kind == _UPDATE:
        return malformed(data, edit=True)
    if kind == _CHOICES:
        choices = data["choices"]
        fit = all(1 <= len(one["name"]) <= 100 and 1 <= len(one["value"]) <= 100 for one in choices)
        return None if len(choices) <= 25 and fit else "choices"
    if kind == _MODAL:
        return _bad_form(data)
    return None


def _bad_form(data: dict[str, Any]) -> str | None:
    if not 1 <= len(data["title"]) <= 45 or not 1 <= len(data["custom_id"]) <= 100:
        return "modal"
    if not 1 <= len(data["components"]) <= 5:
        return "components"
    for row in data["components"]:
        if row["type"] not in (1, 18):
            return "component type"
        if row["type"] == 18 and not 1 <= len(row["label"]) <= 45:
            return "label"
    return None
