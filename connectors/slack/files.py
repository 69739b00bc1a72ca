"""Files that came with a question: fetched with the bot's token, from Slack alone, up to a size."""

import logging
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.errors import AttachmentError
from bot.messages import Attachment
from connectors.slack.errors import SlackError
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_SECONDS = 30
_REDIRECTS = 3
_PIECE = 64 * 1024


async def fetch(workspace: Workspace, base_url: str, attachment: Attachment, limit: int) -> bytes:
    """The content; raises `AttachmentError`. `base_url`: of the API, beside which files may lie."""
    if attachment.size is not None and attachment.size > limit:
        raise _too_large(attachment)
    url = attachment.reference.get("url") or await _look_up(workspace, attachment)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    headers = {"Authorization": f"Bearer {workspace.token}"}
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for _ in range(_REDIRECTS):
                if not _is_slacks(url, base_url):
                    raise AttachmentError("not_allowed", f"`{attachment.name}` does not lie with Slack.")
                async with session.get(url, headers=headers, allow_redirects=False) as answer:
                    if answer.status in (301, 302, 303, 307, 308):
                        url = urljoin(url, answer.headers.get("Location", ""))
                        continue
                    return await _content(answer, attachment, limit)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("Slack: a file cannot be fetched: %s", error or type(error).__name__)
        raise AttachmentError("gone", f"`{attachment.name}` cannot be fetched from Slack.") from None
    raise AttachmentError("not_allowed", f"`{attachment.name}` cannot be fetched with the bot's token.")


async def _content(answer: aiohttp.ClientResponse, attachment: Attachment, limit: int) -> bytes:
    if answer.status in (401, 403):
        raise AttachmentError("not_allowed", f"Slack does not let the bot read `{attachment.name}`.")
    if answer.status != 200:
        raise AttachmentError("gone", f"`{attachment.name}` is not there any more (HTTP {answer.status}).")
    if answer.content_type == "text/html" and "html" not in (attachment.media_type or ""):
        # Slack's way of saying that the token may not: the page to sign in on.
        raise AttachmentError("not_allowed", f"Slack does not let the bot read `{attachment.name}`.")
    content = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        content += piece
        if len(content) > limit:
            raise _too_large(attachment)
    return bytes(content)


async def _look_up(workspace: Workspace, attachment: Attachment) -> str:
    """The address of a file that its event does not give: shared channels only name it."""
    try:
        told: Any = await workspace.api.call("files.info", file=attachment.reference.get("id", ""))
    except SlackError as error:
        log.warning("Slack: a file cannot be looked up: %s", error)
        raise AttachmentError("gone", f"`{attachment.name}` cannot be found in Slack.") from None
    file = told.get("file") or {}
    return str(file.get("url_private_download") or file.get("url_private") or "")


def _is_slacks(url: str, base_url: str) -> bool:
    """Whether the token may be shown there: Slack's own hosts, or that of the API where it is another."""
    asked, api = urlsplit(url), urlsplit(base_url)
    host = asked.hostname or ""
    if host == "slack.com" or host.endswith(".slack.com"):
        return asked.scheme == "https"
    return host == api.hostname and asked.scheme == api.scheme


def _too_large(attachment: Attachment) -> AttachmentError:
    return AttachmentError("too_large", f"`{attachment.name}` is too large.")
