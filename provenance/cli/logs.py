"""JSON lines on standard error: what a long-running command logs never mixes with its answer."""

from __future__ import annotations

import sys


def configure() -> None:
    """Let every log line of this process be JSON, with time and level, on standard error."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
