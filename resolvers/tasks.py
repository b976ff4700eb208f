"""Tasks as the API shows them, for `admin` alone: asked for, listed, followed, cancelled and tried again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from errors import Forbidden, NotFound, SettingsError
from models.documents import encode_document
from models.task_errors import TaskError, list_task_errors
from models.tasks import ACTIVE, Kind, Order, State, Task, extension_order, find_task, list_tasks
from resolvers.context import Context
from resolvers.nodes import global_id, read_global_id
from resolvers.paging import Page, page_of, read_number
from resolvers.searches import page_size
from resolvers.user_errors import CONFLICT, FORBIDDEN, NOT_FOUND, VALIDATION, UserError
from tasks.desk import AlreadyRunning, NotPossibleNow
from tasks.export_files import ExportFiles
from tasks.fetching import AddressRefused, check_url

TASK = "Task"
"""Stands in ids where records have their collection."""

_MOST_ACTIVE = 1_000


@dataclass(frozen=True)
class Asked:
    """The payload of a mutation: the task that it made, or the one that stands in its way."""

    task: Task | None = None
    errors: tuple[UserError, ...] = ()


def require_admin(ctx: Context) -> None:
    """Raise `Forbidden` for who is not `admin`."""
    if not ctx.viewer.is_admin:
        raise Forbidden("This is for admin alone.", "Ask with a token that has the role.")


def task_id(task: Task) -> str:
    """The `ID` of a task."""
    return global_id(TASK, task.id)


async def one_task(ctx: Context, id_: str) -> Task | None:
    """The task with this id; nothing if there is none."""
    require_admin(ctx)
    number = _number(id_)
    return None if number is None else await ctx.tasks_by_id.load(number)


async def page_of_tasks(
    ctx: Context, states: Sequence[str] | None, kinds: Sequence[str] | None, first: int | None, after: str | None
) -> Page[Task]:
    """The newest tasks in these states and of these kinds, behind the cursor `after`."""
    require_admin(ctx)
    size, _ = page_size({"first": first}, ctx.services.settings.max_first)
    async with ctx.services.database.reading() as session:
        found = await list_tasks(
            session, size + 1, states=_states(states), kinds=_kinds(kinds), before=read_number(after)
        )
    return page_of(found, size, lambda task: task.id, after=after)


async def page_of_errors(ctx: Context, task: Task, first: int | None, after: str | None) -> Page[TaskError]:
    """What failed in a task, in the order in which it was met."""
    size, _ = page_size({"first": first}, ctx.services.settings.max_first)
    async with ctx.services.database.reading() as session:
        found = await list_task_errors(session, task.id, size + 1, read_number(after))
    return page_of(found, size, lambda error: error.id, after=after)


async def rebuild_index(ctx: Context, collection: str) -> Asked:
    return await start(ctx, Kind.REBUILD, collection, {})


async def verify_index(ctx: Context, collection: str, *, repair: bool) -> Asked:
    return await start(ctx, Kind.VERIFY, collection, {"repair": repair})


async def export_records(ctx: Context, collection: str) -> Asked:
    """Have a collection written to a file, where there is a folder for such."""
    if ctx.viewer.is_admin:
        try:
            ExportFiles.of(ctx.services.settings)
        except SettingsError as error:
            return Asked(errors=(UserError(VALIDATION, str(error)),))
    return await start(ctx, Kind.EXPORT, collection, {})


async def import_records(ctx: Context, collection: str, url: str) -> Asked:
    """Have a file imported, if something may be fetched from its address."""
    if ctx.viewer.is_admin:
        allow_private = ctx.services.settings.allow_private_urls
        try:
            await asyncio.to_thread(check_url, url, allow_private=allow_private)
        except AddressRefused as error:
            return Asked(errors=(UserError(VALIDATION, str(error), ("url",)),))
    return await start(ctx, Kind.IMPORT, collection, {"url": url})


async def run_task(ctx: Context, name: str, arguments: object) -> Asked:
    """Start what an extension calls `name`. What its arguments are to be is for the extension to say."""
    if ctx.viewer.is_admin and (why_not := _unfit(arguments)):
        return Asked(errors=(UserError(VALIDATION, why_not, ("arguments",)),))
    given = dict(arguments) if isinstance(arguments, Mapping) else {}
    order = extension_order(name, ctx.services.catalog.extras.tasks[name].collection, given, ctx.viewer.id)
    return await _asked(ctx, lambda: ctx.tasks.start(order))


def _unfit(arguments: object) -> str | None:
    """Why something can't be the arguments of a task."""
    if arguments is None:
        return None
    if not isinstance(arguments, dict):
        return "The arguments of a task are an object."
    _, problems = encode_document(arguments)
    return "; ".join(f"{'.'.join(one.path)} {one.message}".strip() for one in problems) or None


async def cancel(ctx: Context, id_: str) -> Asked:
    """Have a task stop: at once if it waits, soon if it runs."""
    return await _asked(ctx, lambda: ctx.tasks.cancel(_known_number(id_)))


async def retry(ctx: Context, id_: str) -> Asked:
    """Do again what did not succeed, as a child of the task that tried it."""
    return await _asked(ctx, lambda: ctx.tasks.retry(_known_number(id_), ctx.viewer.id))


async def follow_task(ctx: Context, id_: str) -> AsyncGenerator[Task, None]:
    """The task as it stands, then each change that there is time for, and its end. Raises `NotFound`."""
    require_admin(ctx)
    number = _known_number(id_)
    async with ctx.tasks.feed.listen(lambda task: task.id == number, number) as listener:
        # Listening first: no change is missed between what is read and what is heard.
        async with ctx.services.database.reading() as session:
            task = await find_task(session, number)
        if task is None:
            raise NotFound("There is no such task.")
        listener.offer(task)
        while True:
            task = await listener.next()
            yield task
            if task.is_over:
                return


async def follow_tasks(ctx: Context, kinds: Sequence[str] | None) -> AsyncGenerator[Task, None]:
    """The tasks of these kinds that have not ended, then each change of any."""
    require_admin(ctx)
    wanted = _kinds(kinds)
    async with ctx.tasks.feed.listen(lambda task: wanted is None or task.kind in wanted) as listener:
        async with ctx.services.database.reading() as session:
            active = await list_tasks(session, _MOST_ACTIVE, states=ACTIVE, kinds=wanted)
        for task in reversed(active):
            listener.offer(task)
        while True:
            yield await listener.next()


async def start(ctx: Context, kind: Kind, collection: str, arguments: Mapping[str, object]) -> Asked:
    """A new task, or the one of its kind and collection that has not ended."""
    return await _asked(ctx, lambda: ctx.tasks.start(Order(kind, collection, arguments, ctx.viewer.id)))


async def _asked(ctx: Context, ask: Callable[[], Awaitable[Task]]) -> Asked:
    try:
        require_admin(ctx)
        return Asked(await ask())
    except Forbidden as error:
        return Asked(errors=(UserError(FORBIDDEN, str(error)),))
    except NotFound as error:
        return Asked(errors=(UserError(NOT_FOUND, str(error), ("id",)),))
    except (AlreadyRunning, NotPossibleNow) as error:
        return Asked(error.task, (UserError(CONFLICT, str(error)),))


def _number(id_: str) -> int | None:
    place = read_global_id(id_)
    return place[1] if place and place[0] == TASK else None


def _known_number(id_: str) -> int:
    number = _number(id_)
    if number is None:
        raise NotFound("There is no such task.")
    return number


def _states(names: Sequence[str] | None) -> list[State] | None:
    return None if names is None else [State(name) for name in names]


def _kinds(names: Sequence[str] | None) -> list[Kind] | None:
    return None if names is None else [Kind(name) for name in names]
