"""What `extend(catalog)` of an extension's module is given: takes what it adds, and notes what of it can't be."""

import inspect
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from models.collections.building import ENVELOPE
from models.collections.extras import Code, CommitHook, Computed, ExtensionTask
from models.collections.kinds import LINK
from models.collections.names import is_name, words_of
from models.collections.properties import Collection, Property
from models.collections.source import did_you_mean
from models.cron import CronLine, read_cron

if TYPE_CHECKING:
    from models.collections.loading import Catalog

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=type)


@dataclass
class Extension:
    """A catalog as one extension sees it, to add to.

    What can't be added is noted in `problems`, so that all of it is said at once; nothing here raises.
    """

    catalog: "Catalog"
    module: str
    file: str
    problems: list[str] = field(default_factory=list)

    @property
    def collections(self) -> tuple[str, ...]:
        """The names of all collections."""
        return tuple(self.catalog.collections)

    def computed(
        self, collection: str, *, needs: Iterable[str], returns: Any, name: str | None = None, pure: bool = False
    ) -> Callable[[F], F]:
        """Add a field to a collection's records whose values the function computes, those of many records at once.

        The function takes a list of `Node`s, which have of their data the properties in `needs` alone (top-level,
        by their JSON names), and if it has a second parameter who asks, for `as_viewer`. It gives a list of as many
        values; an exception among them is the error of its record. It may be asynchronous.

        `returns` is the type of a value as Strawberry has it; the field is nullable in any case. It is called like the
        function, in camelCase, if `name` does not say otherwise. `pure` says that the values follow from these
        properties alone, so that answers may be kept.
        """

        def add(function: F) -> F:
            field = name or _field(_name(function))
            self._add_computed(collection, field, list(needs), self._code(function), returns, pure)
            return function

        return add

    def query(self, cls: T) -> T:
        """Add the fields of a Strawberry type to `Query`."""
        self.catalog.extras.queries.append(self._code(cls))
        return cls

    def mutation(self, cls: T) -> T:
        """Add the fields of a Strawberry type to `Mutation`."""
        self.catalog.extras.mutations.append(self._code(cls))
        return cls

    def subscription(self, cls: T) -> T:
        """Add the fields of a Strawberry type to `Subscription`."""
        self.catalog.extras.subscriptions.append(self._code(cls))
        return cls

    def type(self, cls: T) -> T:
        """Add a Strawberry type that no field names, such as one that has an interface."""
        self.catalog.extras.types.append(self._code(cls))
        return cls

    def before_write(self, *collections: str) -> Callable[[F], F]:
        """Have the function see each `Write` of these collections, or of all, before it is done.

        It may change `write.data`, which is valid and is checked again afterwards, or refuse with a `UserError`. It
        decides and has no effects: one write may be tried several times. It is not asynchronous.
        """
        self._require_names("before_write", collections)

        def add(function: F) -> F:
            if inspect.iscoroutinefunction(function):
                self._problem(
                    f"{_name(function)}: a before_write hook is no `async def`: it decides and waits for nothing"
                )
            code = self._code(function)
            for one in self._chosen(collections):
                one.before_write.append(code)
            return function

        return add

    def after_commit(self, *collections: str) -> Callable[[F], F]:
        """Have the `async` function told of each change of these collections, or of all, once it is committed.

        It takes a list of `Commit`s in their order and the `Store`. A worker calls it, one at a time, at least once for
        each change: where it fails it is called again.
        """
        self._require_names("after_commit", collections)

        def add(function: F) -> F:
            self._require_async("an after_commit hook", function)
            chosen = self._chosen(collections)
            code = self._code(function)
            if any(str(code) == hook.name for hook in self.catalog.extras.commit_hooks):
                self._problem(f"there are two after_commit hooks {code.name}: name one otherwise")
            named = frozenset(one.name for one in chosen) if collections else None
            self.catalog.extras.commit_hooks.append(CommitHook(code, named))
            return function

        return add

    def task(
        self, *, name: str | None = None, collection: str | None = None, schedule: str | None = None
    ) -> Callable[[F], F]:
        """Add work that `runTask` starts, and `schedule` if given: a cron line, in UTC or the zone behind it.

        The `async` function takes a `Run` and does the work on a worker; the mapping that it may return is the task's
        `result`. With a `collection`, one task of an extension at a time works on it.
        """

        def add(function: F) -> F:
            self._require_async("a task", function)
            self._add_task(name or _field(_name(function)), self._code(function), collection, schedule)
            return function

        return add

    def _add_computed(self, collection: str, name: str, needs: list[str], code: Code, returns: Any, pure: bool) -> None:
        found = self._collection(collection)
        if found is None:
            return
        if not is_name(name):
            self._problem(f"{name!r} is no name of GraphQL: give another name")
        elif maker := self._holder(found, name):
            self._problem(f"{found.name} has a field {name} already ({maker}): give another name")
        parameters = len(inspect.signature(code.function).parameters)
        if parameters not in (1, 2):
            self._problem(
                f"{code.name} takes {parameters} arguments: a computed field takes records, and maybe who asks"
            )
        properties = [prop for need in needs if (prop := self._property(found, need))]
        if not needs:
            self._problem(f"{name} needs no property: name in `needs` those that it is computed of")
        found.computed[name] = Computed(
            name, tuple(properties), code, returns, _description(code), pure, asks=parameters > 1
        )

    def _holder(self, collection: Collection, name: str) -> str | None:
        """What has made a field of a collection that is there already."""
        if name in ENVELOPE:
            return "every record has it"
        if name in collection.shape.properties:
            return "a property"
        if name in collection.computed:
            return f"computed by {collection.computed[name].code}"
        links = self.catalog.links_to(collection.name)
        makers = (one.name for one, path in links if path.last.link and path.last.link.reverse == name)
        maker = next(makers, None)
        return None if maker is None else f"the reverse of a link of {maker}"

    def _property(self, collection: Collection, name: str) -> Property | None:
        own = {prop.name: prop for prop in collection.shape.properties.values() if prop.kind is not LINK}
        if name in own:
            return own[name]
        link = collection.shape.properties.get(name)
        if link and link.kind is LINK:
            self._problem(f"{name} of {collection.name} is a link: need {link.name}, which holds its key")
        else:
            self._problem(f"{collection.name} has no property {name!r}{did_you_mean(name, own)}")
        return None

    def _add_task(self, name: str, code: Code, collection: str | None, schedule: str | None) -> None:
        if not is_name(name):
            self._problem(f"{name!r} is no name of GraphQL: give another name to the task")
        elif other := self.catalog.extras.tasks.get(name):
            self._problem(f"there is a task {name} already ({other.code}): give another name")
        if collection is not None:
            self._collection(collection)
        task = ExtensionTask(name, code, _description(code), collection, self._line(name, schedule))
        self.catalog.extras.tasks[name] = task

    def _line(self, name: str, schedule: str | None) -> CronLine | None:
        try:
            return None if schedule is None else read_cron(schedule)
        except ValueError as error:
            self._problem(f"the schedule of {name} {error}")
            return None

    def _chosen(self, names: tuple[str, ...]) -> list[Collection]:
        if not names:
            return list(self.catalog)
        return [found for name in names if (found := self._collection(name))]

    def _collection(self, name: str) -> Collection | None:
        found = self.catalog.get(name)
        if found is None:
            self._problem(f"there is no collection {name!r}{did_you_mean(str(name), self.catalog.collections)}")
        return found

    def _require_names(self, decorator: str, collections: tuple[object, ...]) -> None:
        if any(map(callable, collections)):
            self._problem(f"@catalog.{decorator} is without its brackets: write @catalog.{decorator}()")

    def _require_async(self, what: str, function: Callable[..., Any]) -> None:
        if not inspect.iscoroutinefunction(function):
            self._problem(f"{_name(function)}: {what} is an `async def`")

    def _code(self, function: Any) -> Code:
        return Code(self.module, _name(function), function, self._at())

    def _problem(self, message: str) -> None:
        self.problems.append(said(self.module, message, self._at()))

    def _at(self) -> str:
        """Where in its file the extension is right now."""
        line = next((one.lineno for one in reversed(traceback.extract_stack()) if one.filename == self.file), None)
        return f"{self.file}:{line}" if line else self.file


def said(module: str, message: str, at: str = "") -> str:
    """One line of what is wrong with an extension."""
    return f"{at}: extension {module}: {message}" if at else f"extension {module}: {message}"


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _field(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _description(code: Code) -> str:
    text = inspect.getdoc(code.function) if getattr(code.function, "__doc__", None) else None
    return text or f"{words_of(code.name).capitalize()}, of the extension {code.module}."
