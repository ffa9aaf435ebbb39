"""An option: one of the values that may be picked for an input of a configuration file."""

import attrs


@attrs.frozen(kw_only=True)
class InputOption:
    """One of the values that may be picked for an input."""

    label: str
    value: str
