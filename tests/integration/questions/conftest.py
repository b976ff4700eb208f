"""The system that random collections are put into, and how many of them there are."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from config import load_settings
from indexing import alike
from tests.integration.conftest import ServerUrls
from tests.integration.questions.one_process import OneProcess
from tests.running import System, execute


class Runner:
    """Runs the asynchronous system from tests that are not, since Hypothesis calls these."""

    def __init__(self, one: OneProcess) -> None:
        self.one = one
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._runner.run(work)

    def close(self) -> None:
        self._runner.run(self.one.close())
        self._runner.close()


@pytest.fixture(scope="package", autouse=True)
def few_are_many() -> Iterator[None]:
    """Two records that are alike are many, so that small collections are paged through as large ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "MANY", 2)
        yield


@pytest.fixture(scope="package")
def runner(
    servers: ServerUrls, system: System, template_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    name = f"questions_{os.getpid()}"
    template = template_url.rpartition("/")[2].partition("?")[0]
    asyncio.run(execute(servers.database_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    asyncio.run(execute(servers.database_url, f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    given = load_settings(system.data, environment={}, database_url=template_url.replace(template, name))
    runner = Runner(OneProcess(given, tmp_path_factory.mktemp("questions")))
    yield runner
    runner.close()
    asyncio.run(execute(servers.database_url, f'DROP DATABASE "{name}" WITH (FORCE)'))
