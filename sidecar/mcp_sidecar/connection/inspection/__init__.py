"""The inspection: what is wrong with a server as it presents itself.

What was asked and seen is gathered first (`inspector`, `listing`, `probe`, into a `Presentation`); the rules are pure
functions over that. The table of all rules is in `rules`.
"""
