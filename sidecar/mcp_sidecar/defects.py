"""Defects of the sidecar itself, caught where they must not stop the rest."""

import logging
import traceback


def log_defect(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log where an unforeseen exception came from, but not its words: they may repeat what is secret."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, frames)
