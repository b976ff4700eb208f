"""What generated code has noted to be loaded: asked of the loaders at once, and put into the answers when it is there.

An object that comes from a loader is completed by generated code as any other, with what it asks of loaders noted in
turn. What is not as it should be is completed by its field, and its errors go up as in graphql-core.
"""

from asyncio import ensure_future, get_running_loop
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError
from graphql.pyutils import Path, gather_with_cancel, is_awaitable

if TYPE_CHECKING:
    from execution.fields import FieldPlan
    from execution.run import Run
    from execution.selections import Alternatives, Selection

Noted = "tuple[FieldPlan, Any, dict[str, Any]]"
"""A field, its key or keys, and the answer of the object it belongs to."""


class Asked(NamedTuple):
    """What was noted, and what one loader will have for all of it: a value or an error for each key.

    Each is a field, a key or a list of them, and the answers of all objects that want the same.
    """

    wanted: list[Any]
    values: Awaitable[Sequence[Any]]


class _Place(NamedTuple):
    """Where an answer stands, and whether it may be null there."""

    container: Any
    key: str | int
    nullable: bool
    above: "_Place | None"
    path: Path | None


def _root(path: Path | None) -> _Place:
    """Where nothing stands above."""
    return _Place(None, "", False, None, path)  # noqa: FBT003


class Loading:
    """An answer, of an object or of a list of them, that lacks what is loaded."""

    def __init__(
        self, run: "Run", selection: "Selection", answer: Any, path: Path | None, *, items_needed: bool = False
    ) -> None:
        self._run = run
        self._selection = selection
        self._answer = answer
        self._path = path
        self._items_needed = items_needed

    def of(self, noted: list[Any]) -> Awaitable[Any]:
        """The answer once all is there. The loaders are asked at once, in the tick in which it was noted."""
        return self.finished(ask(self._run, noted))

    async def finished(self, asked: Sequence[Asked]) -> Any:
        """The answer once what was asked is in it, and what that asks for in turn."""
        if len(asked) == 1:
            await self._fill(asked[0])
        else:
            await gather_with_cancel(*map(self._fill, asked))
        return self._answer

    async def _fill(self, asked: Asked) -> None:
        values: Iterator[Any]
        try:
            values = iter(await asked.values)
        except Exception as error:  # noqa: BLE001 - the error of each field that needs it
            values = repeat(error)
        noted, late = self._put(asked.wanted, values)
        further = [self._fill(one) for one in ask(self._run, noted)]
        if len(further) == 1 and not late:
            await further[0]
        elif further or late:
            await gather_with_cancel(*further, *late)

    def _put(self, wanted: list[Any], values: Iterator[Any]) -> tuple[list[Any], list[Awaitable[None]]]:
        """Put the values where they belong; gives what they ask for in turn, and what is still to be awaited."""
        further: list[Any] = []
        late: list[Awaitable[None]] = []
        wrong: list[tuple[FieldPlan, Any, dict[str, Any]]] = []
        for field, key, targets in wanted:
            value: Any = [next(values) for _ in key] if field.load.many else next(values)
            if value is None and field.nullable:
                continue
            found, asks = None, True
            for target in targets:
                if asks:  # what is still to be loaded belongs to one place, so that each has an answer of its own
                    mark = len(further)
                    found = _several(field, value, further) if field.load.many else field.loaded(value, further)
                    asks = found is None or len(further) > mark
                if found is None:
                    del further[mark:]
                    wrong.append((field, value, target))
                else:
                    target[field.key] = found
        if wrong:
            late = self._complete(wrong)
        return further, late

    def _complete(self, wrong: "list[tuple[FieldPlan, Any, dict[str, Any]]]") -> list[Awaitable[None]]:
        """Have the fields complete what is not as it should be; gives what is to be awaited."""
        late: list[Awaitable[None]] = []
        failed: GraphQLError | None = None
        places: dict[int, _Place] = {}
        _find(self._selection, self._answer, _root(self._path), places, needed=self._items_needed)
        for field, value, target in wrong:
            place = places.get(id(target))
            if place is None or failed:
                continue  # something above it has become null
            path = Path(place.path, field.key, field.parent.name)
            try:
                completed = self._completed(field, value, path)
                if is_awaitable(completed):
                    late.append(self._awaited(field, completed, target, place, path))
                else:
                    target[field.key] = completed
            except Exception as error:  # noqa: BLE001 - whatever it is, it is an error of its field
                failed = self._fail(field, error, target, place, path) or failed
        if failed:
            self._run.abandon({}, (), _cancelled(late))
            raise failed
        return late

    def _completed(self, field: "FieldPlan", value: Any, path: Path) -> Any:
        if field.load and field.load.many:
            errors = [one for one in value if isinstance(one, Exception)]
            value = errors[0] if errors else value
        return field.complete(self._run, value, path, None)

    async def _awaited(
        self, field: "FieldPlan", completed: Awaitable[Any], target: dict[str, Any], place: _Place, path: Path
    ) -> None:
        try:
            target[field.key] = await completed
        except Exception as error:
            if failed := self._fail(field, error, target, place, path):
                raise failed from error

    def _fail(
        self, field: "FieldPlan", error: Exception, target: dict[str, Any], place: _Place, path: Path
    ) -> GraphQLError | None:
        """Note the error where null may stand for it; gives it where that is nowhere in the answer."""
        try:
            self._run.handle_field_error(error, field.type, field.details, path)
            target[field.key] = None
            return None
        except GraphQLError as located:
            above: _Place | None = place
            while above is not None and above.container is not None:
                if above.nullable:
                    above.container[above.key] = None
                    self._run.collected_errors.add(located, above.path)
                    return None
                above = above.above
            return located


def _cancelled(late: list[Awaitable[None]]) -> list[Awaitable[None]]:
    """What was begun, and is to go no further: nobody wants it any more."""
    begun = [ensure_future(one) for one in late]
    for one in begun:
        # When it has come to where it waits: what it waits for is cancelled with it.
        get_running_loop().call_soon(one.cancel)
    return list(begun)


def ask(run: "Run", noted: list[Any]) -> list[Asked]:
    """Ask each of the loaders for all that was noted for it."""
    if not noted:
        return []
    by_field: dict[Any, list[Any]] = {}
    for one in noted:
        by_field.setdefault(one[0], []).append(one)
    by_loader: dict[Any, list[Any]] = {}
    for field, several in by_field.items():
        wanted = by_loader.setdefault(field if field.load.asks else field.load.loader, [])
        wanted += ((field, key, targets) for key, targets in _by_key(several))
    return [Asked(wanted, _values(run, wanted)) for wanted in by_loader.values()]


def _by_key(noted: list[Any]) -> Iterable[tuple[Any, list[dict[str, Any]]]]:
    """What was noted for one field: each key with the answers of the objects that want it, each list by itself."""
    if noted[0][0].load.many:
        return [(keys, [target]) for _, keys, target in noted]
    found: dict[Any, list[dict[str, Any]]] = {}
    for _, key, target in noted:
        found.setdefault(key, []).append(target)
    return found.items()


def _values(run: "Run", wanted: list[Any]) -> Awaitable[Sequence[Any]]:
    """What the loader of all that is wanted has for it."""
    keys: list[Any] = []
    for field, key, _ in wanted:
        if field.load.many:
            keys += key
        else:
            keys.append(key)
    try:
        loader = wanted[0][0].loader(run)
        together = getattr(loader, "load_together", None)
        asked: Awaitable[Sequence[Any]] = together(keys) if together else _each([loader.load(key) for key in keys])
    except Exception as error:  # noqa: BLE001 - the error of each field that needs it
        return _failed(error)
    return asked


async def _each(asked: list[Awaitable[Any]]) -> list[Any]:
    values = []
    for one in asked:
        try:
            values.append(await one)
        except Exception as error:  # noqa: BLE001 - it stands for the value
            values.append(error)
    return values


async def _failed(error: Exception) -> Sequence[Any]:
    raise error


def _several(field: "FieldPlan", values: list[Any], further: list[Any]) -> list[Any] | None:
    """The answers of a list of loaded objects; nothing if one is not as it should be."""
    assert field.below
    assert field.below.answer
    answers = []
    for value in values:
        answer = None if value is None else field.below.answer(value, further)
        if answer is None and (value is not None or field.items_needed):
            return None
        answers.append(answer)
    return answers


def _find(
    selection: "Selection | Alternatives", answer: Any, place: _Place, places: dict[int, _Place], *, needed: bool
) -> None:
    """Find the place of each object in an answer; what is still awaited has none."""
    if type(answer) is list:
        for index, one in enumerate(answer):
            path = Path(place.path, index, None) if place.path else None
            _find(selection, one, _Place(answer, index, not needed, place, path), places, needed=needed)
    elif type(answer) is dict:
        places[id(answer)] = place
        for field in selection.fields:
            if field.loads and field.below:
                path = Path(place.path, field.key, field.parent.name)
                here = _Place(answer, field.key, field.nullable, place, path)
                _find(field.below, answer.get(field.key), here, places, needed=field.items_needed)
