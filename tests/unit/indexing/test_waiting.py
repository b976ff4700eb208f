"""Who waits for a write to be searchable learns that it stands, whatever goes wrong."""

from pathlib import Path

import pytest

from errors import DatabaseUnavailable, SearchUnavailable
from indexing.services import open_services
from indexing.waiting import Visibility
from tests.unit.collections.files import WORK, settings_of_nobody

pytestmark = pytest.mark.anyio


async def test_a_database_that_goes_away_meanwhile_does_not_make_the_write_fail(tmp_path: Path) -> None:
    async with open_services(settings_of_nobody(tmp_path, work_yaml=WORK)) as services:
        with pytest.raises(SearchUnavailable, match="The write is stored") as caught:
            await Visibility(services).searchable("Work", [1])
    assert isinstance(caught.value.__cause__, DatabaseUnavailable)
