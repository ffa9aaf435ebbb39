"""Sessions in real editors."""
