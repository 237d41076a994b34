"""Our own lines of the log on standard error, without the secrets; nobody else's."""

from __future__ import annotations

import logging
import threading

from samlauth.redactor import CleanFormatter, Redactor


def to_stderr(level: str) -> Redactor:
    """Log from ``level`` on (``debug``, ``info`` or ``warn``); what is to be told the secrets.

    What other packages log goes nowhere: it may hold secrets.
    """
    redactor = Redactor()
    handler = logging.StreamHandler()
    handler.setFormatter(CleanFormatter(redactor))
    ours = logging.getLogger("samlauth")
    ours.addHandler(handler)
    ours.setLevel(getattr(logging, {"warn": "WARNING"}.get(level, level.upper())))
    ours.propagate = False
    logging.getLogger().addHandler(logging.NullHandler())

    def log_thread_error(args: threading.ExceptHookArgs) -> None:
        ours.debug("unexpected, on a thread: %s", args.exc_type.__name__)

    threading.excepthook = log_thread_error
    return redactor
