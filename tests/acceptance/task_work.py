"""Tasks as a client sees them, and the death of the workers that do them."""

import time
from collections.abc import Callable
from typing import Any

from tests.acceptance.asking import Api
from tests.running import System, workers_of

TASK = """id kind state collection createdAt startedAt endedAt message result
    progress { total done failed rate etaSeconds } errors(first: 100) { nodes { message key line } }"""
PAYLOAD = f"{{ task {{ {TASK} }} errors {{ code message path }} }}"
ENDS = {"SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED"}
SETTLED_SECONDS = 60

Task = dict[str, Any]


def state_of(api: Api, task: Task) -> Task:
    """The task as it is now."""
    found: Task = api.ask(f"query($id: ID!) {{ task(id: $id) {{ {TASK} }} }}", id=task["id"])["task"]
    return found


def ended(api: Api, task: Task) -> Task:
    """The task once it has ended."""
    until(lambda: state_of(api, task)["state"] in ENDS)
    return state_of(api, task)


def kill_worker(system: System) -> None:
    """End all workers of a system without a chance to tidy up."""
    workers = workers_of(system)
    assert workers
    for worker in workers:
        worker.kill()


def until(met: Callable[[], bool], seconds: float = SETTLED_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)
