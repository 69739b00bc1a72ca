"""Language models by `provider:model`, through LlamaIndex; one steps in for another."""

from knowledge.models.failures import CallError
from knowledge.models.language_model import LanguageModel
from knowledge.models.opening import PROVIDERS, Models, Provider, check, price_of
from knowledge.models.vocabulary import (
    Delta,
    Message,
    ModelCall,
    Price,
    Prompt,
    Reply,
    Restarted,
    Tailored,
    Task,
    Told,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)

__all__ = [
    "PROVIDERS",
    "CallError",
    "Delta",
    "LanguageModel",
    "Message",
    "ModelCall",
    "Models",
    "Price",
    "Prompt",
    "Provider",
    "Reply",
    "Restarted",
    "Tailored",
    "Task",
    "Told",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "check",
    "price_of",
]
