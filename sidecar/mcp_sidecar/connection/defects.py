"""Defects of the sidecar itself in making a connection, as the user reads them."""

from mcp_sidecar.connection.errors import Failure


def as_failure(error: Exception) -> Failure:
    """A defect in making a connection, as the status shows it; its details are for the log."""
    return Failure(
        kind="connection_failed",
        message=f"The sidecar could not connect because of a defect of its own ({type(error).__name__}).",
        suggestion="See the sidecar's log, and report it; installing the sidecar anew may help.",
    )
