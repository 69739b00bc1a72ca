"""The bot's errors, each a sentence fit for the person who caused it.

VoceroError            exit code 1
└── ConfigurationError exit code 2: settings, usage
"""


class VoceroError(Exception):
    """Something a person can put right; the text says what and how."""


class ConfigurationError(VoceroError):
    """A setting is missing, unknown or contradicts another."""
