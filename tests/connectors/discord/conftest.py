"""Loads the SDK once, before warnings are errors: up to Python 3.12 it imports a deprecated module."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord  # noqa: F401
