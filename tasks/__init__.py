"""When work runs: the Celery application, its queues and its schedule; the work itself is in the layers below."""
