"""Lookups the bot makes while it answers: what they are, who may make them, how they are made."""
