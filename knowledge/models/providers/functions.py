"""Tools as OpenAI's chat protocol declares them; Ollama's does, too."""

from collections.abc import Sequence
from typing import Any

from knowledge.models.vocabulary import Tool


def functions(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The declarations of these tools."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools
    ]
