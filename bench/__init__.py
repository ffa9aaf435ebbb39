"""Measures the sidecar against what it is built on; `make bench` runs it."""
