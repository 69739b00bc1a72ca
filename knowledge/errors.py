"""Errors of this package. Their text is one sentence a person can act on.

KnowledgeError
├── UnreadableError    one document cannot be read: its reason is reported, the document skipped
├── SourceError        a source cannot be listed or fetched: nothing of it is deleted
├── RevokedError       what an answer rests on may not be read any more: it is to be answered anew
├── SupersededError    a later run writes the source: this one has lost it
└── ModelError         an embedder or a language model is unknown, unreachable or refuses
"""


class KnowledgeError(Exception):
    """Something a person can put right, said in one sentence."""


class UnreadableError(KnowledgeError):
    """One document cannot be read.

    `reason` is a stable code (`empty`, `encrypted`, `corrupt`, `no_text`, `too_large`, `unsupported`, …)
    for counting; the message says it in words.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnreadableError"], tuple[str, str]]:
        return type(self), (self.reason, str(self))  # readers work in a process of their own


class SourceError(KnowledgeError):
    """A source cannot be listed or fetched."""


class RevokedError(KnowledgeError):
    """What an answer rests on may not be read any more by all who would see it."""


class SupersededError(KnowledgeError):
    """A later run writes the source."""


class ModelError(KnowledgeError):
    """An embedder or a language model cannot be used."""
