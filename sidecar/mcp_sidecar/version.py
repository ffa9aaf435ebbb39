"""The version of the package. A test holds it against pyproject.toml: reading the metadata would cost start-up time."""

VERSION = "0.1.0"
