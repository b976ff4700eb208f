"""Python code that makes the answer of one record, and of a list of them, out of what the objects have.

Reading a key of a mapping and looking at a type have no effects. So the code first does all of that, and where one
value is not as it should be the whole record goes graphql-core's way, from its beginning.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import CodeType
from typing import TYPE_CHECKING, Any

from execution.leaves import JSON_TYPES, source_of
from execution.objects import execute_fields, later
from execution.reads import Derive, Read

if TYPE_CHECKING:
    from execution.fields import FieldPlan


@dataclass(frozen=True, slots=True)
class Code:
    """`of_source(run, source, path)`; `of_sources(iterator, append, slow)` where no field needs anything but reads."""

    of_source: Callable[..., Any]
    of_sources: Callable[..., Any] | None


def generate(source: type, fields: "Sequence[FieldPlan]") -> Code:
    """The code for the fields of a selection on objects of a class; others go graphql-core's way.

    Names and values are given to it as objects, never as its text.
    """
    parts = _Parts(fields)
    text = "\n".join(parts.of_source() if parts.calls else [*parts.of_source(), *parts.of_sources()])
    namespace: dict[str, Any] = {
        "fields": fields, "execute_fields": execute_fields, "later": later, "source_class": source,
        "JSON_TYPES": JSON_TYPES, **parts.objects,
    }  # fmt: skip
    exec(_compiled(text), namespace)  # noqa: S102 - made of numbers and the words above alone
    return Code(namespace["of_source"], namespace.get("of_sources"))


@lru_cache(maxsize=2_000)
def _compiled(text: str) -> CodeType:
    return compile(text, "<selection>", "exec")


class _Parts:
    """The lines that read, the condition that all is well, the answer, and the numbers of the fields to call."""

    def __init__(self, fields: "Sequence[FieldPlan]") -> None:
        self.objects: dict[str, Any] = {}
        self.calls: list[int] = []
        self._mappings: dict[str | None, int] = {}
        self._reads: list[str] = []
        checks, items = [], []
        for number, field in enumerate(fields):
            self.objects |= {f"k{number}": field.key, f"f{number}": field.execute, f"t{number}": field.parent.name}
            if field.typename:
                items.append(f"k{number}: t{number}")
            elif field.is_read:
                assert field.leaf is not None
                self._reads.append(f"v{number} = {self._read(number, field)}")
                right = source_of(field.leaf).format(f"v{number}")
                checks.append(f"({right} or v{number} is None)" if field.nullable else right)
                items.append(f"k{number}: v{number}")
            else:
                items.append(f"k{number}: None")
                self.calls.append(number)
        self._answer = "{" + ", ".join(items) + "}"
        self._condition = " and ".join(checks) or "True"

    def _read(self, number: int, field: "FieldPlan") -> str:
        if isinstance(field.read, Derive):
            self.objects[f"d{number}"] = field.read.function
            return f"d{number}(source)"
        read = field.read or Read(field.name)
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

    def of_source(self) -> list[str]:
        away = "return execute_fields(fields, run, source, path)"
        lines = ["def of_source(run, source, path):"]
        if self._reads:
            lines += [f"  if type(source) is not source_class: {away}", *(f"  {line}" for line in self._gets())]
            lines += [f"  if not ({self._condition}): {away}"]
        if not self.calls:
            return [*lines, f"  return {self._answer}"]
        lines += [f"  results = {self._answer}", "  waiting = []", "  try:"]
        for number in self.calls:
            lines += [f"    results[k{number}] = v = f{number}(run, source, path)"]
            lines += [f"    if v is not None and run.is_awaitable(v): waiting.append(k{number})"]
        lines += ["  except Exception:", "    run.abandon(results, waiting)", "    raise"]
        return [*lines, "  return later(results, waiting) if waiting else results"]

    def of_sources(self) -> list[str]:
        return [
            "def of_sources(sources, append, slow):",
            "  for source in sources:",
            "    if type(source) is source_class:",
            *(f"      {line}" for line in self._gets()),
            f"      if {self._condition}:",
            f"        append({self._answer})",
            "        continue",
            "    slow(source)",
        ]
