"""The bot's errors, each a sentence fit for the person who caused it.

VoceroError            exit code 1
├── ConfigurationError exit code 2: settings, usage
├── StateError         the shared state (Redis) cannot be started or reached
├── AttachmentError    a file that came with a question cannot be had or read
├── PostError          something could not be said in a channel
└── LeaseLostError     another worker has taken this turn over: stop without posting
"""


class VoceroError(Exception):
    """Something a person can put right; the text says what and how."""


class ConfigurationError(VoceroError):
    """A setting is missing, unknown or contradicts another."""


class StateError(VoceroError):
    """The shared state cannot be started or reached."""


class LeaseLostError(VoceroError):
    """The turn belongs to another worker by now."""


class PostError(VoceroError):
    """Something could not be said in a channel; the text says why in the platform's words."""


class AttachmentError(VoceroError):
    """A file that came with a question cannot be had or read; `reason` is a stable code for it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
