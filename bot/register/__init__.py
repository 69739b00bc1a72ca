"""The register of Spanish address as a contract: vos, tú or usted, ustedes or vosotros."""

from bot.register.checker import Finding, Report, check

__all__ = ["Finding", "Report", "check"]
