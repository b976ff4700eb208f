"""The Celery application: queues, delivery and schedule."""

from celery import Celery

from config import Settings
from models.tasks import Kind

INDEX, WORK = QUEUES = "index", "work"
DRAIN = "catalograph.drain"
SWEEP = "catalograph.sweep"
VERIFY_NEXT = "catalograph.verify_next"
NUDGE_EXPIRES_SECONDS = 60
HANDOVER_EXPIRES_SECONDS = 60


def task_name(kind: Kind) -> str:
    """The name by which Celery knows the tasks of a kind."""
    return f"catalograph.{kind.lower()}"


def celery_app(settings: Settings) -> Celery:
    """An application that talks to the broker of `settings`; tasks are added by `tasks.worker`."""
    app = Celery("catalograph", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_default_queue=INDEX,
        task_routes={DRAIN: {"queue": INDEX}, SWEEP: {"queue": INDEX}, VERIFY_NEXT: {"queue": INDEX}},
        # A task is taken off the broker when it is done: one whose worker dies is given to another.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        # Longer than any task runs, so that Redis does not give a long one out twice.
        broker_transport_options={"visibility_timeout": 86_400, "socket_connect_timeout": 2, "socket_timeout": 10},
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
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
                "options": {"queue": INDEX, "expires": settings.sweep_seconds * 2},
            },
            "continuous verification": {
                "task": VERIFY_NEXT,
                "schedule": settings.verify_seconds,
                "options": {"queue": INDEX, "expires": settings.verify_seconds},
            },
        },
        beat_max_loop_interval=max(settings.sweep_seconds, 1),
        timezone="UTC",
    )
    return app
