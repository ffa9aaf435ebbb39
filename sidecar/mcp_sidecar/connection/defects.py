"""Defects of the sidecar itself, caught where they must not stop the rest."""

import logging
import traceback

from mcp_sidecar.connection.errors import Failure


def log_defect(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log where an unforeseen exception came from, but not its words: they may repeat what is secret."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, frames)


def as_failure(error: Exception) -> Failure:
    """A defect in making a connection, as the status shows it; its details are for the log."""
    return Failure(
        kind="connection_failed",
        message=f"The sidecar could not connect because of a defect of its own ({type(error).__name__}).",
        suggestion="See the sidecar's log, and report it; installing the sidecar anew may help.",
    )
