"""The scheduler that beat runs: what it sends is configured, so that it keeps nothing on disk."""

from celery.beat import Scheduler


class MemoryScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Celery's scheduler without its file: after a restart everything is due at its next interval."""
