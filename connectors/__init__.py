"""Chat platforms: one folder (or file) each. They turn events into messages and replies into posts."""
