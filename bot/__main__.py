"""`python -m bot` is `vocero`."""

from bot.cli import main

main()
