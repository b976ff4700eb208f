"""Python code that makes the answer of one record, and of a list of them, out of mappings.

Reading a key of a `dict` and looking at a type have no effects. So the code first does all of that, and where one
value is not as it should be the whole record goes graphql-core's way, from its beginning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

from execution.leaves import source_of
from execution.objects import execute_fields, later

if TYPE_CHECKING:
    from execution.fields import FieldPlan


@dataclass(frozen=True, slots=True)
class Code:
    """`of_dict(run, source, path)`; `of_dicts(iterator, append, slow)` where no field needs anything but keys."""

    of_dict: Callable[..., Any]
    of_dicts: Callable[..., Any] | None


def generate(fields: "Sequence[FieldPlan]") -> Code:
    """The code for the fields of a selection. Names and values are given to it as objects, never as its text."""
    source = _source(fields)
    namespace: dict[str, Any] = {"fields": fields, "execute_fields": execute_fields, "later": later, "type": type}
    for number, field in enumerate(fields):
        namespace |= {f"k{number}": field.key, f"n{number}": field.name, f"f{number}": field.execute}
        namespace[f"t{number}"] = field.parent.name
    exec(_compiled(source), namespace)  # noqa: S102 - made of numbers and the words above alone
    return Code(namespace["of_dict"], namespace.get("of_dicts"))


@lru_cache(maxsize=2_000)
def _compiled(source: str) -> CodeType:
    return compile(source, "<selection>", "exec")


def _source(fields: "Sequence[FieldPlan]") -> str:
    reads, checks, items, calls = [], [], [], []
    for number, field in enumerate(fields):
        if field.typename:
            items.append(f"k{number}: t{number}")
        elif field.reads_key:
            assert field.leaf is not None
            reads.append(f"v{number} = get(n{number})")
            right = source_of(field.leaf).format(f"v{number}")
            checks.append(f"({right} or v{number} is None)" if field.nullable else right)
            items.append(f"k{number}: v{number}")
        else:
            items.append(f"k{number}: None")
            calls.append(number)
    answer = "{" + ", ".join(items) + "}"
    condition = " and ".join(checks) or "True"
    lines = [*_of_dict(reads, condition, answer, calls)]
    return "\n".join(lines if calls else [*lines, *_of_dicts(reads, condition, answer)])


def _of_dict(reads: list[str], condition: str, answer: str, calls: list[int]) -> list[str]:
    lines = ["def of_dict(run, source, path):", "  get = source.get", *(f"  {read}" for read in reads)]
    lines += [f"  if not ({condition}):", "    return execute_fields(fields, run, source, path)"]
    if not calls:
        return [*lines, f"  return {answer}"]
    lines += [f"  results = {answer}", "  waiting = []", "  try:"]
    for number in calls:
        lines += [f"    results[k{number}] = v = f{number}(run, source, path)"]
        lines += [f"    if v is not None and run.is_awaitable(v): waiting.append(k{number})"]
    lines += ["  except Exception:", "    run.abandon(results, waiting)", "    raise"]
    return [*lines, "  return later(results, waiting) if waiting else results"]


def _of_dicts(reads: list[str], condition: str, answer: str) -> list[str]:
    return [
        "def of_dicts(sources, append, slow):",
        "  for source in sources:",
        "    if type(source) is dict:",
        "      get = source.get",
        *(f"      {read}" for read in reads),
        f"      if {condition}:",
        f"        append({answer})",
        "        continue",
        "    slow(source)",
    ]
