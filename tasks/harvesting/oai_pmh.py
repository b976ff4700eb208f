"""The course of a harvest over OAI-PMH: page by page, each noted, so that another worker can go on from there."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from config import Settings
from indexing.services import Services
from models.checkpoints import forget_checkpoint, hold_run, read_checkpoint
from models.harvests import Counts, HarvestWriter, Taken
from models.mappings import RecordMapping
from models.sources import DEFAULT_PREFIX, Source, note_harvested
from models.task_errors import forget_task_errors
from models.writes import WriteSession
from tasks.fetching import FetchFailed, FetchLimits
from tasks.harvesting.answers import Page, ProtocolError
from tasks.harvesting.repository import Busy, Repository, date_text
from tasks.harvesting.taking import taken
from tasks.harvesting.threads import in_thread
from tasks.harvesting.transport import Unreachable
from tasks.nudging import Nudges
from tasks.task_run import Finished, TaskRun

NOTHING = "noRecordsMatch"
BAD_TOKEN = "badResumptionToken"  # noqa: S105 - the protocol's word

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Window:
    """Which changes are asked for: those from `since` to `until`, both included; all where they are absent."""

    since: datetime | None
    until: datetime | None
    covers: bool
    """Whether that is all that was changed since the harvest before."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a harvest is: what it asked for first, the token of the next page, and what came until then."""

    query: dict[str, str]
    covers: bool
    token: str | None = None
    over: bool = False
    counts: Counts = field(default_factory=Counts)

    @classmethod
    def of(cls, noted: Any) -> "Place":
        return cls(**{**noted, "counts": Counts(**noted["counts"])})

    @property
    def request(self) -> dict[str, str]:
        return self.query if self.token is None else {"resumptionToken": self.token}

    def after(self, page: Page) -> "Place":
        """The place behind a page. Raises `FetchFailed` where there is no way on from it."""
        if page.token is not None and page.token == self.token:
            raise FetchFailed("The repository gives the same resumption token again, so that the list has no end.")
        return replace(self, token=page.token, over=page.token is None)


def window_of(source: Source, run: TaskRun, overlap: timedelta) -> Window:
    """What a task asks for: `from` and `until` as it was told, else what was changed since the harvest before."""
    given, end = (_moment(run.task.arguments.get(name)) for name in ("from", "until"))
    before, began = source.harvested_at, run.task.started_at
    since = given if given or before is None else before - overlap
    goes_to_now = end is None or (began is not None and end >= began)
    leaves_no_gap = given is None or before is None or given <= before
    return Window(since, end, goes_to_now and leaves_no_gap)


class OaiHarvest:
    """One run of a harvest."""

    def __init__(
        self, services: Services, run: TaskRun, source: Source, mapping: RecordMapping, nudges: Nudges
    ) -> None:
        settings = services.settings
        self._database = services.database
        self._settings: Settings = settings
        self._run = run
        self._source = source
        self._mapping = mapping
        self._nudges = nudges
        self._writer = HarvestWriter(services.database, source.id, mapping, run.task)
        self._repository = Repository(source.values.url, FetchLimits.of(settings), settings.harvest_max_page)
        self._goes_on = False
        """Whether the token to ask with comes from an earlier run, so that the repository may have forgotten it."""

    async def run(self) -> Finished:
        """Harvest to the end. Raises `FetchFailed` and `ProtocolError`; what came before is written."""
        try:
            place = await self._begin()
            while not place.over:
                place = await self._step(place)
            return await self._end(place)
        finally:
            self._repository.close()

    async def _begin(self) -> Place:
        async with self._database.reading() as session:
            noted = await read_checkpoint(session, self._run.task)
        if noted:
            place = Place.of(noted)
            self._goes_on = place.token is not None
            self._report(place.counts, None)
            return place
        window = window_of(self._source, self._run, timedelta(seconds=self._settings.harvest_overlap))
        return Place(await self._query(window), window.covers)

    async def _query(self, window: Window) -> dict[str, str]:
        values = self._source.values
        query = {"metadataPrefix": values.metadata_prefix or DEFAULT_PREFIX}
        if values.set:
            query["set"] = values.set
        moments = {"from": window.since, "until": window.until}
        if any(moments.values()):
            granularity = await self._patiently(self._repository.granularity)
            query |= {name: date_text(moment, granularity) for name, moment in moments.items() if moment}
        return query

    async def _step(self, place: Place) -> Place:
        """Take the next page."""
        try:
            page, records = await self._patiently(lambda: self._read(place))
        except ProtocolError as error:
            if error.error == BAD_TOKEN and self._goes_on:
                return await self._anew(place)
            if error.error != NOTHING or place.token is not None:
                raise
            # The protocol has an error for a list of nothing.
            page, records = Page((), None, None), Taken()
        self._goes_on = False
        following = place.after(page)
        noted = {name: value for name, value in asdict(following).items() if name != "counts"}
        counts = await self._writer.take(records, place.counts, noted)
        self._report(counts, page.total)
        await self._nudges.index()
        return replace(following, counts=counts)

    def _read(self, place: Place) -> tuple[Page, Taken]:
        page = self._repository.page(place.request)
        return page, taken(self._mapping, page.records)

    async def _anew(self, place: Place) -> Place:
        """Begin again where the repository has forgotten the list since the worker was lost."""
        log.warning("harvest_begins_again", task=self._run.task.id, source=self._source.id, reason=BAD_TOKEN)
        self._goes_on = False

        async def work(session: WriteSession) -> None:
            await hold_run(session, self._run.task)
            await forget_checkpoint(session, self._run.task.id)
            await forget_task_errors(session, self._run.task.id)

        await self._database.write(work)
        return Place(place.query, place.covers)

    async def _end(self, place: Place) -> Finished:
        began = self._run.task.started_at
        assert began

        async def work(session: WriteSession) -> None:
            await hold_run(session, self._run.task)
            if place.covers:
                await note_harvested(session, self._source, began)

        await self._database.write(work)
        self._report(place.counts, place.counts.done)
        return Finished(asdict(place.counts))

    async def _patiently(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, asked again where the repository is busy, when it says so or later each time."""
        for attempt in range(self._settings.harvest_retries + 1):
            try:
                return await in_thread(ask, self._repository.stop)
            except (Busy, Unreachable) as error:
                told = error.seconds if isinstance(error, Busy) else None
                seconds = 2.0**attempt if told is None else told
                if attempt == self._settings.harvest_retries or seconds > self._settings.harvest_max_wait:
                    raise
                log.warning("harvest_waits", task=self._run.task.id, seconds=seconds, reason=error.message)
            await asyncio.sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    def _report(self, counts: Counts, total: int | None) -> None:
        self._run.failed_items(counts.failed)
        self._run.progress(counts.done, total if total and total >= counts.done else None)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
