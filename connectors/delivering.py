"""What every delivery does with a reply: shows it while it grows, and keeps its answer for the end."""

from collections.abc import Callable

from bot.messages import Answer, Replace, Reply, Status, Text
from connectors.pacing import Paced


async def follow(reply: Reply, paced: Paced, tell: Callable[[Status], None]) -> Answer | None:
    """Shows a reply's text as it grows, tells its status until there is some, and gives its answer."""
    answer: Answer | None = None
    text = ""
    async for chunk in reply:
        match chunk:
            case Status():
                if not text:
                    tell(chunk)
            case Text() | Replace():
                text = chunk.text if isinstance(chunk, Replace) else text + chunk.text
                paced.update(text)
            case Answer():
                answer = chunk
    return answer
