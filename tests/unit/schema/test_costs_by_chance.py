"""Whatever is asked: an answer has as many objects as it was said to cost, where lists are as long as they may be."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, build_schema, execute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.endpoint import DocumentLimits, Documents
from schema.endpoint.costs import LIST, NOTHING, PART

SCHEMA = """
type Query { thing: Thing things: [Thing] page(first: Int, last: Int): Page any: Any }
type Thing { n: Int part: Part thing: Thing things: [Thing] page(first: Int, last: Int): Page any: Any }
type Part { n: Int part: Part thing: Thing }
type Page { n: Int things: [Thing] edges: [Edge] }
type Edge { n: Int thing: Thing }
union Any = Thing | Page
"""
PAGES = (
    "",
    "(first: 0)",
    "(first: 3)",
    "(last: 2)",
    "(first: null, last: 1)",
    "(first: $few)",
    "(last: $none, first: 2)",
)
CONDITIONS = ("@include(if: $yes)", "@include(if: $no)", "@skip(if: $yes)", "@skip(if: $no)", "@skip(if: true)")
VARIABLES = {"few": 4, "yes": True, "no": False}
HEAD = "query($few: Int = 2, $none: Int, $yes: Boolean!, $no: Boolean = false)"
MOST = 1_000


def schema_of_things() -> GraphQLSchema:
    """Things whose lists are as long as a cost takes them for."""
    schema = build_schema(SCHEMA)
    types: Any = schema.type_map
    types["Part"].extensions, types["Edge"].extensions = PART, NOTHING

    def page(_source: object, _info: object, first: int | None = None, last: int | None = None) -> dict[str, int]:
        return {"size": next(one for one in (first, last, LIST) if one is not None)}

    for owner in ("Query", "Thing", "Part", "Page", "Edge"):
        for name, one in types[owner].fields.items():
            one.resolve = {
                "things": lambda source, _: [{}] * (source or {}).get("size", LIST),
                "edges": lambda source, _: [{}] * source["size"],
                "page": page,
                "n": lambda *_: 1,
            }.get(name, lambda *_: {})
    types["Any"].resolve_type = lambda *_: "Thing"
    return schema


THINGS = schema_of_things()
DOCUMENTS = Documents(THINGS, DocumentLimits(max_aliases=1_000))


@dataclass
class Writer:
    """Writes a document by chance; if `exact` with nothing in it that a cost only bounds."""

    random: Random
    types: Any
    exact: bool
    fragments: list[str] = field(default_factory=list)

    def document(self) -> str:
        selected = self.selections("Query", 4)
        return "\n".join([f"{HEAD} {{ {selected} u: page(first: $few, last: $none) {{ n }} ...V }}", *self.fragments,
                          "fragment V on Query { v: thing @include(if: $yes) @skip(if: $no) { n } }"])  # fmt: skip

    def selections(self, owner: str, levels: int) -> str:
        if owner == "Any":
            return " ".join(f"... on {one} {{ {self.selections(one, levels)} }}" for one in ("Thing", "Page"))
        barred = "any" if self.exact else ""
        names = [name for name in self.types[owner].fields if name == "n" or (levels > 0 and name != barred)]
        chosen = self.random.choices(names, k=self.random.randint(1, 3))
        return " ".join(["__typename", *(self.selection(owner, name, levels) for name in chosen)])

    def selection(self, owner: str, name: str, levels: int) -> str:
        text = self.field(owner, name, levels)
        if not self.exact and self.random.random() < 0.1:
            text = f"... {self.random.choice(CONDITIONS)} {{ {text} }}"
        match self.random.randint(0, 7):
            case 0:
                return f"... on {owner} {{ {text} }}"
            case 1:
                spread = f"F{len(self.fragments)}"
                self.fragments.append(f"fragment {spread} on {owner} {{ {text} }}")
                return f"...{spread} ...{spread}"
            case _:
                return text

    def field(self, owner: str, name: str, levels: int) -> str:
        if name == "n":
            return name
        alias = f"{name}_{self.random.randint(0, 1)}" if self.random.random() < 0.3 else name
        arguments = ""
        if name == "page":
            number = self.random.randrange(len(PAGES))
            alias, arguments = f"page_{number}", PAGES[number]
        kind = {"thing": "Thing", "things": "Thing", "part": "Part", "page": "Page", "any": "Any", "edges": "Edge"}[
            name
        ]
        return f"{alias}: {name}{arguments} {{ {self.selections(kind, levels - 1)} }}"


def objects(answer: Any) -> int:
    """How many objects are in an answer, edges aside."""
    if isinstance(answer, list):
        return sum(map(objects, answer))
    return (answer["__typename"] not in ("Edge", "Query")) + sum(map(objects, [
        one for one in answer.values() if isinstance(one, list) or (isinstance(one, dict) and "__typename" in one)
    ]))  # fmt: skip


@given(st.integers(0, 2**48))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_an_answer_has_as_many_objects_as_it_may_cost(seed: int) -> None:
    writer = Writer(Random(seed), THINGS.type_map, exact=seed % 2 == 0)
    document = DOCUMENTS.prepare(writer.document())
    cost = document.operation(None).cost.of(VARIABLES) - 2  # of u and v, which are there to use all variables
    if cost > MOST:
        return
    result = execute(THINGS, document.ast, variable_values=VARIABLES)
    assert isinstance(result, ExecutionResult)
    assert not result.errors
    found = objects({"__typename": "Query", **(result.data or {})})
    assert found == cost if writer.exact else found <= cost
