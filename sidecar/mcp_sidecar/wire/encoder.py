"""Messages as bytes: JSON in UTF-8, straight from the handlers' values."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from cattrs import Converter

from mcp_sidecar.wire.payload import Raw


class Encoder:
    """Encodes JSON values in which attrs objects, `Raw` and datetimes may stand anywhere.

    Plain JSON is walked once, by the C encoder; the converter only sees the objects that need it.
    """

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self._encode = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=self._unstructure
        ).encode
        self._escape = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=self._unstructure).encode

    def encode(self, message: Any) -> bytes:
        """One message as JSON text.

        Raises:
            TypeError, ValueError, RecursionError: It cannot be said in JSON (NaN has no place in it either).
        """
        text = self._encode(message)
        try:
            return text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say, but only escaped
            return self._escape(message).encode()

    def _unstructure(self, value: Any) -> Any:
        if isinstance(value, Raw):
            return value.value
        if attrs.has(type(value)) or isinstance(value, datetime):
            return self._converter.unstructure(value)
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"{type(value).__name__} cannot be said in JSON")
