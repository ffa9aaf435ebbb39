"""Puts the connection on the wire: the method table, thin handlers, and the settings."""
