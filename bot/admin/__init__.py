"""The admin commands, once for every platform: a registry of what there is, and what carries it out.

A connector renders the registry (`COMMANDS`) its own way and hands over a `Command`; the terminal does too.
"""

from bot.admin.reading import read_command
from bot.admin.registry import COMMANDS, SETTINGS, AdminCommand, Parameter

__all__ = ["COMMANDS", "SETTINGS", "AdminCommand", "Parameter", "read_command"]
