"""How messages are kept and handed over, by each broker."""

from typing import Any

import pytest
from celery import Celery

from config import PREFIX, load_settings
from tasks.app import DRAIN, INDEX, QUEUES, SCHEDULE, SWEEP, VERIFY_NEXT, celery_app

ADDRESSES = {"redis": "redis://127.0.0.1:1/0", "rabbitmq": "amqp://127.0.0.1:1//"}


def app(broker: str) -> Celery:
    given = {
        "collections": ".",
        "database_url": "postgresql://h/d",
        "elasticsearch_url": "http://h",
        "redis_url": "redis://h",
        "broker_url": ADDRESSES[broker],
        "secret": "not much of a secret",
    }
    return celery_app(load_settings(environment={f"{PREFIX}{name.upper()}": value for name, value in given.items()}))


@pytest.mark.parametrize("broker", ADDRESSES)
def test_a_message_is_taken_off_a_broker_when_its_task_is_done_and_given_out_again_to_nobody_before(
    broker: str,
) -> None:
    conf: Any = app(broker).conf
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)
    seconds = conf.broker_transport_options.get("visibility_timeout") or min(
        queue.queue_arguments["x-consumer-timeout"] / 1_000 for queue in conf.task_queues
    )
    assert seconds == 86_400


def test_rabbitmq_replicates_each_queue_and_confirms_each_message() -> None:
    conf: Any = app("rabbitmq").conf
    assert [queue.name for queue in conf.task_queues] == list(QUEUES)
    assert {queue.queue_arguments["x-queue-type"] for queue in conf.task_queues} == {"quorum"}
    assert conf.broker_transport_options == {"confirm_publish": True}


def test_what_comes_every_few_seconds_goes_to_the_queues_of_what_must_be_quick() -> None:
    conf: Any = app("redis").conf
    queues = {entry["task"]: entry["options"]["queue"] for entry in conf.beat_schedule.values()}
    assert queues == {DRAIN: INDEX, SWEEP: SCHEDULE, VERIFY_NEXT: SCHEDULE}
