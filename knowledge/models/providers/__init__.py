"""One module for each wire format: what is asked of its LlamaIndex integration, and how its stream is read.

Each has `connect(provider, model, settings)`, which calls nobody, and reads the provider's own events
(`ChatResponse.raw`): the integrations leave out of their responses why a reply ended, what it cost, and
calls that come several in one event.
"""

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ToolCallBlock

from knowledge.models.vocabulary import Prompt, Reply, ToolResult


def chat_messages(prompt: Prompt, spec: str) -> list[ChatMessage]:
    """A prompt as LlamaIndex messages, made anew each time: integrations change those they are given."""
    return [_message(message, spec) for message in prompt]


def _message(message: tuple[str, str] | Reply | ToolResult, spec: str) -> ChatMessage:
    if isinstance(message, ToolResult):
        return ChatMessage(
            role=MessageRole.TOOL,
            content=message.text,
            additional_kwargs={"tool_call_id": message.call.id},
        )
    if not isinstance(message, Reply):
        role, text = message
        return ChatMessage(role=MessageRole(role), content=text)
    if message.native is not None and message.model == spec:
        native: ChatMessage = message.native
        return ChatMessage(
            role=native.role,
            blocks=list(native.blocks),
            additional_kwargs=dict(native.additional_kwargs),
        )
    blocks: list[Any] = [TextBlock(text=message.text)] if message.text else []
    blocks += [
        ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs=call.arguments or {})
        for call in message.calls
    ]
    return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks)
