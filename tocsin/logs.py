"""Structured logs: one JSON line each on standard error, with ids and never with texts of persons."""

import logging
import sys
from typing import Any, Final

import structlog

QUIET: Final = ("aiokafka", "faust", "mode", "kafka", "aiomqtt", "uvicorn", "httpx")
"""Libraries whose own lines below a warning are noise."""


def configure(worker: str = "") -> None:
    """Own lines and those of libraries in one form; ``worker`` is in each."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    if worker:
        structlog.contextvars.bind_contextvars(worker=worker)


def hush() -> None:
    """For commands that speak in sentences: libraries keep to themselves what the sentence says."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
