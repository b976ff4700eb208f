"""Sources as the API shows them, for `admin` alone: listed, made, changed, forgotten, harvested."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.collections.dates import datetime_micros, datetime_text, is_math, math_micros
from models.merging import merge_patch
from models.sources import (
    DEFAULT_PREFIX,
    Source,
    SourceKind,
    create_source,
    delete_source,
    find_source,
    list_sources,
    source_for_update,
    update_source,
)
from models.tasks import Kind
from models.writes import WriteSession
from resolvers.context import Context
from resolvers.nodes import global_id, read_global_id
from resolvers.paging import Page, page_of, read_number
from resolvers.searches import page_size
from resolvers.source_checks import WrongSourceError, checked_source
from resolvers.tasks import Asked, require_admin, start
from resolvers.user_errors import FORBIDDEN, NOT_FOUND, VALIDATION, UserError

SOURCE = "Source"
"""Stands in ids where records have their collection."""

Input = Mapping[str, Any]

_FORBIDDEN = UserError(FORBIDDEN, "This is for admin alone: ask with a token that has the role.")


@dataclass(frozen=True)
class Changed:
    """The payload of a mutation: the source as it stands, or the errors for which nothing was changed."""

    source: Source | None = None
    errors: tuple[UserError, ...] = ()


def source_id(source: Source) -> str:
    """The `ID` of a source."""
    return global_id(SOURCE, source.id)


def metadata_prefix(source: Source) -> str | None:
    """The format of metadata that is asked for, where the source has several."""
    given = source.values.metadata_prefix
    return given or (DEFAULT_PREFIX if source.values.kind is SourceKind.OAI_PMH else None)


async def page_of_sources(ctx: Context, first: int | None, after: str | None) -> Page[Source]:
    """The newest sources behind the cursor `after`."""
    require_admin(ctx)
    size, _ = page_size({"first": first}, ctx.services.settings.max_first)
    async with ctx.services.database.reading() as session:
        found = await list_sources(session, size + 1, read_number(after))
    return page_of(found, size, lambda source: source.id, after=after)


async def create(ctx: Context, given: Input) -> Changed:
    """A new source; the first harvest brings all that it has."""

    async def work() -> Source:
        values = await checked_source(ctx, given)
        return await ctx.services.database.write(lambda session: create_source(session, values))

    return await _changed(ctx, work)


async def update(ctx: Context, id_: str, patch: Input) -> Changed:
    """The source with a merge patch applied."""

    async def work() -> Source:
        before = await _known(ctx, id_, "id")
        values = await checked_source(ctx, merge_patch(_said(before), patch))

        async def write(session: WriteSession) -> Source:
            current = await source_for_update(session, before.id)
            if current is None:
                raise WrongSourceError([_not_found("id")])
            return await update_source(session, current, values)

        return await ctx.services.database.write(write)

    return await _changed(ctx, work)


async def delete(ctx: Context, id_: str) -> Changed:
    """Forget a source; what came from it stays, and the payload has no source any more."""

    async def work() -> None:
        source = await _known(ctx, id_, "id")
        await ctx.services.database.write(lambda session: delete_source(session, source.id))

    return await _changed(ctx, work)


async def harvest(ctx: Context, id_: str, since: str | None, until: str | None) -> Asked:
    """Have a source harvested: what was changed from `since` to `until`, else since the last harvest."""
    if not ctx.viewer.is_admin:
        return Asked(errors=(_FORBIDDEN,))
    try:
        source = await _known(ctx, id_, "source")
        window = _window(ctx, source, since, until)
    except WrongSourceError as error:
        return Asked(errors=error.errors)
    return await start(ctx, Kind.HARVEST, source.values.collection, {"source": source.id, **window})


def _window(ctx: Context, source: Source, since: str | None, until: str | None) -> dict[str, str]:
    given = {name: _micros(ctx, text) for name, text in (("from", since), ("until", until)) if text}
    if given and source.values.kind is SourceKind.NDJSON:
        error = "an NDJSON file has no dates to choose by: it is fetched whole, if it is new"
        raise WrongSourceError([UserError(VALIDATION, error, (name,)) for name in given])
    if "from" in given and "until" in given and given["from"] > given["until"]:
        raise WrongSourceError([UserError(VALIDATION, "is before from", ("until",))])
    return {name: datetime_text(value) for name, value in given.items()}


def _micros(ctx: Context, text: str) -> int:
    return math_micros(text, ctx.clock, only_date=False, up=False) if is_math(text) else datetime_micros(text)


async def _changed(ctx: Context, work: Callable[[], Awaitable[Source | None]]) -> Changed:
    if not ctx.viewer.is_admin:
        return Changed(errors=(_FORBIDDEN,))
    try:
        return Changed(await work())
    except WrongSourceError as error:
        return Changed(errors=error.errors)


async def _known(ctx: Context, id_: str, argument: str) -> Source:
    place = read_global_id(id_)
    if place and place[0] == SOURCE:
        async with ctx.services.database.reading() as session:
            if source := await find_source(session, place[1]):
                return source
    raise WrongSourceError([_not_found(argument)])


def _not_found(argument: str) -> UserError:
    return UserError(NOT_FOUND, "There is no such source.", (argument,))


def _said(source: Source) -> dict[str, Any]:
    """A source in the words of `SourceInput`."""
    values = source.values
    return {
        "name": values.name,
        "collection": values.collection,
        "kind": values.kind.value,
        "url": values.url,
        "metadataPrefix": values.metadata_prefix,
        "set": values.set,
        "schedule": values.schedule,
        "mapping": values.mapping,
    }
