"""Files that come with questions, from where Discord keeps them."""

import aiohttp

from bot.errors import AttachmentError
from bot.messages import Attachment

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_PIECE = 64 * 1024


async def fetch(attachment: Attachment, limit: int) -> bytes:
    """A file's content, no more than `limit` bytes. Its address needs no token, and expires."""
    name = attachment.name
    too_large = AttachmentError("too_large", f"`{name}` is larger than {limit} bytes.")
    if (attachment.size or 0) > limit:
        raise too_large
    content = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(attachment.reference["url"], allow_redirects=False) as answered,
        ):
            if answered.status != 200:
                raise AttachmentError("gone", f"Discord does not give `{name}` (HTTP {answered.status}).")
            async for piece in answered.content.iter_chunked(_PIECE):
                content += piece
                if len(content) > limit:
                    raise too_large
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AttachmentError(
            "gone", f"`{name}` cannot be fetched: {error or 'no answer in time'}."
        ) from None
    return bytes(content)
