"""The Celery application: queues, delivery and schedule."""

from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from config import Settings
from models.tasks import Kind

INDEX, WORK, SCHEDULE = QUEUES = "index", "work", "schedule"
"""What keeps the index in step, what takes long, and what is to be looked after every few seconds."""
DRAIN = "catalograph.drain"
SWEEP = "catalograph.sweep"
VERIFY_NEXT = "catalograph.verify_next"
EXPIRES_SECONDS = 60
"""For how long a message counts; what it speaks of is found by the sweep."""
PUBLISH_SECONDS = 5
"""How long a broker may take to confirm a message."""
LONGEST_SECONDS = 86_400
"""Longer than any task runs: before that no broker gives a message out again that a live worker has."""


def task_name(kind: Kind) -> str:
    """The name by which Celery knows the tasks of a kind."""
    return f"catalograph.{kind.lower()}"


def celery_app(settings: Settings) -> Celery:
    """An application that talks to the broker of `settings`; tasks are added by `tasks.worker`."""
    app = Celery("catalograph", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_queues=[_queue(name) for name in QUEUES],
        task_default_queue=INDEX,
        task_routes={DRAIN: {"queue": INDEX}, SWEEP: {"queue": SCHEDULE}, VERIFY_NEXT: {"queue": SCHEDULE}},
        # A task is taken off the broker when it is done: one whose worker dies is given to another.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        broker_transport_options=_transport_options(settings.broker_url),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        # RabbitMQ closes the channel of a task that takes too long for it. The task goes on: its row is what counts.
        broker_channel_error_retry=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_publish_retry=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        beat_schedule={
            "sweep": {
                "task": DRAIN,
                "schedule": settings.sweep_seconds,
                "options": {"queue": INDEX, "expires": settings.sweep_seconds * 2},
            },
            "sweep of tasks": {
                "task": SWEEP,
                "schedule": settings.sweep_seconds,
                "options": {"queue": SCHEDULE, "expires": settings.sweep_seconds * 2},
            },
            "continuous verification": {
                "task": VERIFY_NEXT,
                "schedule": settings.verify_seconds,
                "options": {"queue": SCHEDULE, "expires": settings.verify_seconds},
            },
        },
        beat_max_loop_interval=max(settings.sweep_seconds, 1),
        timezone="UTC",
    )
    return app


def send(app: Celery, name: str, *arguments: int, queue: str) -> None:
    """Have the task `name` run; returns when the broker has confirmed the message. Blocks.

    Raises `OSError` or `KombuError` if the broker is away: no second try is made.
    """
    app.send_task(
        name,
        arguments,
        queue=queue,
        expires=EXPIRES_SECONDS,
        ignore_result=True,
        retry=False,
        timeout=PUBLISH_SECONDS,
        confirm_timeout=PUBLISH_SECONDS,
    )


def _queue(name: str) -> Queue:
    """A queue. RabbitMQ replicates it, and gives a worker as long for a message as a task may take."""
    arguments = {"x-queue-type": "quorum", "x-consumer-timeout": LONGEST_SECONDS * 1_000}
    exchange = Exchange(name)  # type: ignore[no-untyped-call]
    return Queue(name, exchange, name, queue_arguments=arguments)  # type: ignore[no-untyped-call]


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith("redis"):
        return {"visibility_timeout": LONGEST_SECONDS, "socket_connect_timeout": 2, "socket_timeout": 10}
    return {"confirm_publish": True}
