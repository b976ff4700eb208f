"""Python code that makes the answer of one object, and of a list of them, out of what the objects have.

Reading a key of a mapping and looking at a type have no effects. So the code first does all of that, for what is
nested in an object too, and where one value is not as it should be the whole object goes graphql-core's way, from its
beginning. What loaders are to be asked is noted, and asked once all of it is known.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import CodeType
from typing import TYPE_CHECKING, Any

from execution.leaves import JSON_TYPES
from execution.objects import execute_fields, later
from execution.reads import Derive, Read

if TYPE_CHECKING:
    from execution.fields import FieldPlan


@dataclass(frozen=True, slots=True)
class Code:
    """What is generated for a selection.

    Where some field needs more than reads and loaders, or none needs any, `of_source(run, source, path)`. Where none
    needs more: `answer(source, noted)`, which adds to `noted` what is to be loaded, and gives nothing where the object
    has to go graphql-core's way; and `answers(sources, append, noted, slow)`, which calls `slow` for such objects, or
    ends with `True` where `slow` is nothing.
    """

    of_source: Callable[..., Any] | None
    answer: Callable[..., Any] | None
    answers: Callable[..., Any] | None


def generate(source: type, fields: "Sequence[FieldPlan]") -> Code:
    """The code for the fields of a selection on objects of a class; others go graphql-core's way.

    Names and values are given to it as objects, never as its text.
    """
    parts = _Parts(fields)
    text = "\n".join(parts.lines())
    namespace: dict[str, Any] = {
        "fields": fields, "execute_fields": execute_fields, "later": later, "source_class": source,
        "JSON_TYPES": JSON_TYPES, **parts.objects,
    }  # fmt: skip
    exec(_compiled(text), namespace)  # noqa: S102 - made of numbers and the words above alone
    # Taken out, since what refers to itself waits for the garbage collector.
    return Code(*(namespace.pop(name, None) for name in ("of_source", "answer", "answers")))


@lru_cache(maxsize=1_000)
def _compiled(text: str) -> CodeType:
    return compile(text, "<selection>", "exec")


class _Parts:
    """The lines that read, the condition that all is well, the answer, and the numbers of the fields to call."""

    def __init__(self, fields: "Sequence[FieldPlan]") -> None:
        self.objects: dict[str, Any] = {}
        self.calls: list[int] = []
        self._mappings: dict[str | None, int] = {}
        self._reads: list[str] = []
        self._checks: list[str] = []
        self._loads: list[str] = []
        # What has to be called has its turn among the loads, which are calls then.
        calls = not all(field.is_quiet for field in fields)
        self._notes_below = any(field.below and field.below.loads and not field.load for field in fields)
        items = []
        for number, field in enumerate(fields):
            self.objects |= {f"k{number}": field.key, f"f{number}": field.execute, f"t{number}": field.parent.name}
            if not field.is_quiet or (calls and field.loads):
                self.calls.append(number)
                items.append(f"k{number}: None")
            else:
                items.append(f"k{number}: {self._item(number, field)}")
        self._answer = "{" + ", ".join(items) + "}"
        # Leaves first: only when they are right it pays to look into what is nested.
        self._condition = " and ".join(sorted(self._checks, key=lambda check: "noted" in check)) or "True"

    def _item(self, number: int, field: "FieldPlan") -> str:
        """The expression of a field's answer; what it needs is added to the lines."""
        if field.typename:
            return f"t{number}"
        if field.load:
            return self._load(number, field)
        self._reads.append(f"v{number} = {self._read(number, field.read or Read(field.name))}")
        if field.below:
            return self._nested(number, field)
        if field.names is not None:
            self.objects[f"m{number}"] = {**field.names, None: None} if field.nullable else field.names
            self._check(number, field, f"type(v{number}) is str and v{number} in m{number}")
            return f"m{number}[v{number}]"
        if field.item_ready:
            one = field.item_ready.source.format("x")
            one = one if field.items_needed else f"({one} or x is None)"
            self._check(number, field, f"type(v{number}) is list and all([{one} for x in v{number}])")
        elif field.ready:
            self._check(number, field, field.ready.source.format(f"v{number}"))
        return f"v{number}"

    def _nested(self, number: int, field: "FieldPlan") -> str:
        assert field.below
        self._reads.append(f"w{number} = None")
        if field.is_list:
            self.objects[f"q{number}"] = field.below.answers
            made = f"type(v{number}) is list and not q{number}(v{number}, (w{number} := []).append, noted, None)"
        else:
            self.objects[f"q{number}"] = field.below.answer
            made = f"(w{number} := q{number}(v{number}, noted)) is not None"
        self._check(number, field, made)
        return f"w{number}"

    def _load(self, number: int, field: "FieldPlan") -> str:
        assert field.load
        self.objects |= {f"l{number}": field, f"x{number}": field.load.key}
        self._reads.append(f"v{number} = {self._read(number, field.load.read)}")
        if not field.load.many:
            if not field.nullable or field.load.asks:
                # Where nothing is to be loaded a loader of the field's own is not asked, but arguments may be wrong.
                self._checks.append(f"v{number} is not None")
            self._loads.append(f"if v{number} is not None: noted.append((l{number}, x{number}(v{number}), answer))")
            return "None"
        self._checks.append(f"(v{number} is None or type(v{number}) is list)")
        self._loads += [
            f"w{number} = [x{number}(x) for x in v{number} if x is not None] if v{number} else None",
            f"if w{number}: noted.append((l{number}, w{number}, answer))",
        ]
        return "[]"

    def _check(self, number: int, field: "FieldPlan", right: str) -> None:
        self._checks.append(f"({right} or v{number} is None)" if field.nullable else f"({right})")

    def _read(self, number: int, read: "Read | Derive") -> str:
        if isinstance(read, Derive):
            self.objects[f"d{number}"] = read.function
            return f"d{number}(source)"
        self.objects[f"n{number}"] = read.key
        return f"g{self._mappings.setdefault(read.of, len(self._mappings))}(n{number})"

    def _gets(self) -> Iterator[str]:
        """The lines that have the mappings ready, and those that read."""
        for of, number in self._mappings.items():
            if of is None:
                yield f"g{number} = source.get"
            else:
                self.objects[f"a{number}"] = attrgetter(of)
                yield f"g{number} = a{number}(source).get"
        yield from self._reads

    def lines(self) -> list[str]:
        """All of the text."""
        if self.calls:
            return self._of_source()
        return [*self._answer_lines(), *self._answers_lines(), *([] if self._reads else self._of_source())]

    def _of_source(self) -> list[str]:
        away = "return execute_fields(fields, run, source, path)"
        lines = ["def of_source(run, source, path):", "  noted = None"]
        if self._reads:
            lines += [f"  if type(source) is not source_class: {away}", *(f"  {line}" for line in self._gets())]
            lines += [f"  if not ({self._condition}): {away}"]
        lines += [f"  results = {self._answer}", "  waiting = []", "  try:", "    pass"]
        for number in self.calls:
            lines += [f"    results[k{number}] = v = f{number}(run, source, path)"]
            lines += [f"    if v is not None and run.is_awaitable(v): waiting.append(k{number})"]
        lines += ["  except Exception:", "    run.abandon(results, waiting)", "    raise"]
        return [*lines, "  return later(results, waiting) if waiting else results"]

    def _answer_lines(self) -> list[str]:
        return [
            "def answer(source, noted):",
            "  if type(source) is not source_class: return None",
            *(f"  {line}" for line in self._gets()),
            f"  if not ({self._condition}): return None",
            f"  answer = {self._answer}",
            *(f"  {line}" for line in self._loads),
            "  return answer",
        ]

    def _answers_lines(self) -> list[str]:
        return [
            "def answers(sources, append, noted, slow):",
            "  for source in sources:",
            *(["    mark = len(noted)"] if self._notes_below else []),
            "    if type(source) is source_class:",
            *(f"      {line}" for line in self._gets()),
            f"      if {self._condition}:",
            f"        append(answer := {self._answer})" if self._loads else f"        append({self._answer})",
            *(f"        {line}" for line in self._loads),
            "        continue",
            "    if slow is None: return True",
            *(["    del noted[mark:]"] if self._notes_below else []),
            "    slow(source)",
        ]
