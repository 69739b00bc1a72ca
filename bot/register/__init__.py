"""The register of Spanish address as a contract: vos, tú or usted, ustedes or vosotros."""

from bot.register.checker import Finding, Report, check
from bot.register.rewrite import Edit, neutral, rewrite

__all__ = [
    "Edit",
    "Finding",
    "Report",
    "check",
    "neutral",
    "rewrite",
]
