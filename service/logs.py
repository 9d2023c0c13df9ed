"""Logs: one JSON object a line when nobody watches, readable lines in a terminal. To standard error."""

import logging
import sys

import structlog


def configure(level: str, **always: object) -> None:
    """Send our logs and those of libraries to standard error, from this level on.

    Shape:  `always` is in every line, such as worker=2.
    """
    structlog.contextvars.bind_contextvars(**always)
    numeric = logging.getLevelNamesMapping()[level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        ]  # no local variables
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=max(numeric, logging.WARNING), handlers=[handler], force=True)
    _quieten(numeric)


# What uvicorn takes for a fault of ours: a stream that is broken off, so that its client connects again, and
# a WebSocket that is refused with a reason.
_NO_FAULTS = frozenset(
    f"ASGI callable returned without completing {what}." for what in ("response", "handshake")
)


def _quieten(level: int) -> None:
    """Libraries that warn of what we tell ourselves, or of what any client can cause."""
    debugging = level <= logging.DEBUG
    if not debugging:
        logging.getLogger("uvicorn.error").addFilter(lambda line: line.getMessage() not in _NO_FAULTS)
    for name, threshold in (("asyncpg", logging.CRITICAL), ("uvicorn.error", logging.ERROR)):
        logging.getLogger(name).setLevel(logging.NOTSET if debugging else threshold)
