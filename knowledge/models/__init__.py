"""Language models by `provider:model`, through LlamaIndex; one steps in for another."""

from knowledge.models.failures import CallError
from knowledge.models.language_model import LanguageModel
from knowledge.models.opening import PROVIDERS, Models, Provider, check, price_of
from knowledge.models.vocabulary import (
    Delta,
    ModelCall,
    Price,
    Prompt,
    Reply,
    Restarted,
    Task,
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
    "ModelCall",
    "Models",
    "Price",
    "Prompt",
    "Provider",
    "Reply",
    "Restarted",
    "Task",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "check",
    "price_of",
]
