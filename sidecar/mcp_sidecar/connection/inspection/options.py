"""The options of an inspection: what it may do beyond what never does harm."""

import attrs

TIME_LIMIT = 30.0
"""Seconds for an inspection, where it is asked for without a limit."""


@attrs.frozen(kw_only=True)
class InspectionOptions:
    """What an inspection may do."""

    read_resources: bool = False
    """Whether resources that are listed are read."""
    log_level: str | None = None
    """A level for `logging/setLevel`, to see whether it is answered."""
    time_limit: float = TIME_LIMIT
    """Seconds for all of it."""
