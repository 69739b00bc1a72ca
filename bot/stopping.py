"""A reply that can be cut short: what there is by then stands."""

import asyncio
import re
from collections.abc import Callable

from bot.messages import Answer, Replace, Reply, Text

# Not those of code: `rows[0]`.
_NUMBER = re.compile(r"(?:\s+|(?<=[.,;:!?»”\")\]]))\[\d+\]")


async def until(reply: Reply, stop: asyncio.Event, end: Callable[[str], Reply]) -> Reply:
    """The reply; from `stop` on, what `end` says of the text so far in place of the rest."""
    written = ""
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while True:
            following = asyncio.ensure_future(anext(reply, None))
            try:
                await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not following.done():  # leaves the reply where it is: it cleans up after itself
                    following.cancel()
                    await asyncio.wait({following})
            if following.cancelled():
                break
            chunk = following.result()
            match chunk:
                case None:
                    return
                case Text():
                    written += chunk.text
                case Replace():
                    written = chunk.text
            yield chunk
            if isinstance(chunk, Answer):
                return
    finally:
        stopping.cancel()
    async for chunk in end(written):
        yield chunk


def without_numbers(text: str) -> str:
    """A text broken off, without its `[n]`: what they stand for is known only at the end."""
    return _NUMBER.sub("", text).rstrip()
