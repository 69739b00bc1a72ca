"""Drawing over an OpenAI-compatible images API."""

import base64
import binascii
import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bot.messages import Picture
from bot.tools.arguments import check_by_model, schema_of
from bot.tools.reading import Variables, secrets_in, with_variables
from bot.tools.settings import ImageTool
from bot.tools.tool import Asker, Output, Tool, ToolError
from knowledge.fetching import Fetcher, FetchError, Limits

_SIZE = 8_000_000
"""Bytes of a picture; both platforms take that much."""
_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_DRAWN = "The picture is drawn. It is posted below the answer as a file; do not link to it."


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Field(min_length=3, max_length=2_000, description="What is to be seen, in words.")]


def open_image(settings: ImageTool, fetcher: Fetcher, variables: Variables) -> Tool:
    """The tool."""
    key = with_variables(settings.key, variables)
    authorization = {"Authorization": f"Bearer {key}"} if key else {}
    seconds = settings.timeout.total_seconds()

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        prompt = arguments["prompt"]
        asked = {"model": settings.model, "prompt": prompt, "n": 1, "size": settings.size}
        try:
            response = await fetcher.fetch(
                f"{settings.base_url.rstrip('/')}/images/generations",
                method="POST",
                headers={"Content-Type": "application/json"} | authorization,
                body=json.dumps(asked, ensure_ascii=False).encode(),
                limits=Limits(seconds=seconds, size=2 * _SIZE),
            )
        except FetchError as error:
            raise ToolError(f"{settings.name}: {error}") from None
        if response.status != 200:
            raise ToolError(f"{settings.name}: the images API answered with HTTP {response.status}.")
        content = await _content(response.text(), fetcher, settings.name, seconds)
        if (kind := _kind(content)) is None:
            raise ToolError(f"{settings.name}: what came back is no picture.")
        name = f"{settings.name}-{hashlib.sha256(content).hexdigest()[:8]}.{kind}"
        picture = Picture(name=name, media_type=_MEDIA_TYPES[kind], content=content, alt=prompt)
        return Output(_DRAWN, pictures=(picture,))

    return Tool(
        name=settings.name,
        description=settings.description or "Draws a picture from a description. For when one is asked for.",
        parameters=schema_of(_Arguments),
        check=check_by_model(_Arguments),
        run=run,
        effects=bool(settings.effects),
        secret=secrets_in(settings.key, variables),
    )


def _kind(content: bytes) -> str | None:
    """The kind of a picture by how it begins, whatever anybody says it is."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


async def _content(answered: str, fetcher: Fetcher, name: str, seconds: float) -> bytes:
    """The picture: in the answer itself, or where it says."""
    try:
        one = json.loads(answered)["data"][0]
        if encoded := one.get("b64_json"):
            return base64.b64decode(encoded, validate=True)
        url = str(one["url"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error):
        raise ToolError(f"{name}: the images API answered with something else than a picture.") from None
    try:
        response = await fetcher.fetch(url, limits=Limits(seconds=seconds, size=_SIZE))
    except FetchError as error:
        raise ToolError(f"{name}: {error}") from None
    return response.body
