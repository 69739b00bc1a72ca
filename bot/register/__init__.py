"""The register of Spanish address as a contract: vos, tú or usted, ustedes or vosotros."""

from bot.register.checker import Finding, Report, check
from bot.register.rewrite import Corrected, Edit, correct_sentence, correction_request, neutral, rewrite

__all__ = [
    "Corrected",
    "Edit",
    "Finding",
    "Report",
    "check",
    "correct_sentence",
    "correction_request",
    "neutral",
    "rewrite",
]
