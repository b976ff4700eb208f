"""Writes: authorised, validated, stored with their revision and their place in the outbox in one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from errors import BadUserInput, CatalographError, Conflict, DuplicateKey, NotFound
from models.collections.conditions import holds
from models.collections.problems import Problem
from models.collections.properties import Collection
from models.collections.rules import reach
from models.documents import prepare
from models.hooks import hooked, refused_deletion
from models.merging import merge_patch, same
from models.records import CREATE, RESTORE, REVERT, UPDATE, Record, records_with_deleted
from models.upserts import Outcome, upsert_many
from models.writes import RecordWrites, WriteSession
from resolvers.context import Context
from resolvers.inputs import document_of
from resolvers.nodes import Node, node_of_record, read_global_id
from resolvers.permissions import forbidden, forbidden_changes, forbidden_properties, server_set_values, told
from resolvers.user_errors import CONFLICT, DUPLICATE_KEY, FORBIDDEN, NOT_FOUND, VALIDATION, UserError

Input = Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What became of a write: the record as it stands, or the errors for which nothing was written."""

    record: Node | None = None
    errors: tuple[UserError, ...] = ()
    stored: int | None = None
    """The id of the record that was written, or found to be so already."""


_HIDDEN = Problem("There is a record with this key that you may not read.")
_FORBIDDEN = Problem("You may not write this record: ask for a role that may.")
_TAKEN_ALONG = Problem("This would change parts of the record that you may not write: ask for a role that may.")
_CODES = {_HIDDEN: DUPLICATE_KEY, _FORBIDDEN: FORBIDDEN, _TAKEN_ALONG: FORBIDDEN}


class _Refused(Exception):
    def __init__(self, *errors: UserError, record: Node | None = None) -> None:
        self.written = Written(record, errors)
        super().__init__()


async def create(ctx: Context, collection: Collection, given: Input) -> Written:
    """A new record. What a client can cause comes back as errors; what it can't raises a `CatalographError`."""
    document = document_of(collection.shape, given, patch=False) | server_set_values(ctx, collection)

    async def write(session: RecordWrites) -> Record:
        _refuse(forbidden(ctx, collection, "create", given, document))
        checked = _checked(ctx, collection, CREATE, None, document)
        return await session.create(collection, checked, by=ctx.viewer.id)

    return await _written(ctx, collection, write, ctx.services.database.write_one)


async def update(ctx: Context, collection: Collection, id: str, given: Input, expected: int | None) -> Written:  # noqa: A002 - the API's word
    """The record with a merge patch (RFC 7396) applied; one that changes nothing makes no revision."""
    patch = document_of(collection.shape, given, patch=True)

    async def write(session: RecordWrites) -> Record:
        current = await _current(ctx, collection, id, session.record_for_update)
        merged = merge_patch(current.data, patch)
        _refuse(forbidden(ctx, collection, "update", given, current.data, merged))
        _refuse(forbidden_changes(ctx, collection, current.data, merged, given))
        _refuse_stale(collection, current, expected)
        if same(merged, current.data):
            return current
        checked = _checked(ctx, collection, UPDATE, current, merged)
        if checked is not merged and same(checked, current.data):
            return current
        return await session.update(collection, current, checked, by=ctx.viewer.id)

    return await _written(ctx, collection, write, ctx.services.database.write_one)


async def delete(ctx: Context, collection: Collection, id: str, expected: int | None) -> Written:  # noqa: A002
    """Mark a record as deleted; the payload has no record any more."""

    async def write(session: RecordWrites) -> Record:
        current = await _current(ctx, collection, id, session.record_for_update)
        _refuse(forbidden(ctx, collection, "delete", {}, current.data))
        _refuse_stale(collection, current, expected)
        _refuse(_told(ctx, collection, refused_deletion(collection, current.data, ctx.viewer.id)))
        return await session.delete(current, by=ctx.viewer.id)

    return await _written(ctx, collection, write, ctx.services.database.write_one)


async def restore(ctx: Context, collection: Collection, id: str) -> Written:  # noqa: A002
    """Bring a deleted record back, as it was last. A record that is not deleted stays as it is."""

    async def write(session: WriteSession) -> Record:
        current = await _current(ctx, collection, id, partial(session.record_for_update, include_deleted=True))
        _refuse(forbidden(ctx, collection, "update", {}, current.data))
        if not current.deleted:
            return current
        checked = _checked(ctx, collection, RESTORE, current, current.data)
        changed = None if checked is current.data else checked
        return await session.restore(collection, current, by=ctx.viewer.id, data=changed)

    return await _written(ctx, collection, write, ctx.services.database.write)


async def revert(ctx: Context, collection: Collection, id: str, revision: int, expected: int | None) -> Written:  # noqa: A002
    """The record as it was at an earlier revision of those that its history shows the viewer, as a new revision."""
    told_of = reach(collection, "history", ctx.viewer.subject)

    async def write(session: WriteSession) -> Record:
        current = await _current(ctx, collection, id, session.record_for_update)
        _refuse(forbidden(ctx, collection, "update", {}, current.data))
        _refuse_stale(collection, current, expected)

        def revised(data: dict[str, Any]) -> dict[str, Any]:
            _refuse(forbidden(ctx, collection, "update", {}, data))
            _refuse(forbidden_changes(ctx, collection, current.data, data))
            return _checked(ctx, collection, REVERT, current, data)

        return await session.revert(collection, current, revision, ctx.viewer.id, partial(holds, told_of), revised)

    return await _written(ctx, collection, write, ctx.services.database.write)


async def upsert(ctx: Context, collection: Collection, given: Sequence[Input]) -> list[Written]:
    """Create or change records by key, one result each, in their order; one that is refused leaves the others alone."""
    most = ctx.services.settings.max_upsert_records
    if len(given) > most:
        raise BadUserInput(f"{len(given):,} records are more than the {most:,} of one upsert.", "Send them in parts.")
    server_set = server_set_values(ctx, collection)
    prepared = [prepare(collection, document_of(collection.shape, one, patch=False) | server_set) for one in given]
    results: dict[int, Written] = {}
    for place, one in enumerate(given):
        errors = _upsert_refusals(ctx, collection, one, prepared[place].key)
        if errors:
            results[place] = Written(errors=tuple(errors))

    def refuse(before: Record | None, after: dict[str, Any]) -> list[Problem]:
        if before is not None and not ctx.readable.may_read(collection, before):
            return [_HIDDEN]
        if found := forbid(before, after):
            return found
        return [_TAKEN_ALONG] if before and forbidden_changes(ctx, collection, before.data, after) else []

    def forbid(before: Record | None, after: dict[str, Any]) -> list[Problem]:
        return [_FORBIDDEN] if _forbidden_by_rule(ctx, collection, before, after) else []

    async def write(session: WriteSession) -> dict[int, Written]:
        places = [place for place in range(len(given)) if place not in results]
        session.after_commit(ctx.nudges.index)
        documents = [prepared[place] for place in places]
        upserted = await upsert_many(
            session, collection, documents, ctx.viewer.id, refuse, set_on_create=tuple(server_set), forbid=forbid
        )
        ids = [one.record_id for one in upserted if one.record_id is not None]
        records = await records_with_deleted(session, ids)
        return {
            place: _upserted(ctx, collection, one.problems, records.get(one.record_id or 0), one.outcome)
            for place, one in zip(places, upserted, strict=True)
        }

    results |= await ctx.services.database.write(write)
    ctx.forget()
    return [results[place] for place in range(len(given))]


def _upsert_refusals(ctx: Context, collection: Collection, given: Input, key: str | None) -> list[UserError]:
    errors = forbidden_properties(ctx, collection, given)
    if collection.key and key is None:
        errors.append(UserError(VALIDATION, "The key is missing.", (collection.key.field,)))
    return errors


def _upserted(
    ctx: Context, collection: Collection, problems: Sequence[Problem], record: Record | None, outcome: Outcome
) -> Written:
    if outcome is Outcome.REFUSED:
        shape = collection.shape
        return Written(
            errors=tuple(UserError(_CODES.get(p, VALIDATION), told(ctx, shape, p), p.path) for p in problems)
        )
    if record is None or not ctx.readable.may_read(collection, record):
        return Written(stored=record.id if record else None)
    return Written(node_of_record(collection, record), stored=record.id)


async def _written(
    ctx: Context, collection: Collection, write: Any, run: Callable[[Any], Awaitable[Record]]
) -> Written:
    """What became of `write`, which `run` gives what it writes with."""

    async def work(session: RecordWrites) -> Record:
        session.after_commit(ctx.nudges.index)
        record: Record = await write(session)
        return record

    try:
        record = await run(work)
    except _Refused as refused:
        return refused.written
    except DuplicateKey as error:
        path = (collection.key.field,) if collection.key else ()
        return Written(errors=(UserError(DUPLICATE_KEY, str(error), path),))
    except (Conflict, NotFound) as error:
        return Written(errors=(_user_error(error),))
    ctx.forget()
    if record.deleted or not ctx.readable.may_read(collection, record):
        return Written(stored=record.id)
    return Written(node_of_record(collection, record), stored=record.id)


def _user_error(error: CatalographError) -> UserError:
    return UserError(error.code, str(error))


async def _current(
    ctx: Context,
    collection: Collection,
    id: str,  # noqa: A002
    find: Callable[[Collection, int], Awaitable[Record | None]],
) -> Record:
    """The record that a write is about, as `find` has it. Raises `_Refused` where the viewer may not read it either."""
    name, record_id = read_global_id(id) or ("", 0)
    record = await find(collection, record_id) if name == collection.name else None
    if record is None or not ctx.readable.may_read(collection, record):
        raise _Refused(UserError(NOT_FOUND, f"There is no {collection.name} with this id."))
    return record


def _refuse_stale(collection: Collection, record: Record, expected: int | None) -> None:
    if expected is not None and expected != record.revision:
        message = f"The record is at revision {record.revision}, not {expected}: read it again."
        raise _Refused(UserError(CONFLICT, message), record=node_of_record(collection, record))


def _refuse(errors: Sequence[UserError]) -> None:
    if errors:
        raise _Refused(*errors)


def _checked(
    ctx: Context, collection: Collection, operation: str, current: Record | None, document: dict[str, Any]
) -> dict[str, Any]:
    """A document that may be written, as the hooks of extensions leave it; itself where they do not change it."""
    prepared = prepare(collection, document)
    _refuse(_told(ctx, collection, prepared.problems))
    written, changed = hooked(collection, operation, current.data if current else None, prepared, ctx.viewer.id)
    _refuse(_told(ctx, collection, written.problems))
    if changed is None:
        return document
    _refuse(_forbidden_by_rule(ctx, collection, current, changed))
    return changed


def _forbidden_by_rule(
    ctx: Context, collection: Collection, before: Record | None, after: Mapping[str, Any]
) -> list[UserError]:
    """Why the collection's rule does not allow the viewer to have written `after`, whoever has put in what."""
    action, states = ("create", (after,)) if before is None else ("update", (before.data, after))
    return forbidden(ctx, collection, action, {}, *states)


def _told(ctx: Context, collection: Collection, problems: Sequence[Problem]) -> list[UserError]:
    return [UserError(VALIDATION, told(ctx, collection.shape, problem), problem.path) for problem in problems]
