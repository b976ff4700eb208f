"""Plans go with their documents, and with all that was generated for them."""

import asyncio
import gc
import weakref

from graphql import ExecutionResult, Token, build_schema

from execution.selections import Selection
from schema.endpoint.documents import Documents
from schema.endpoint.execution import CompiledExecutor

SCHEMA = build_schema("type Query { one: One } type One { name: String, other: One, others: [One!] }")
ONE = {"name": "n", "others": [{"name": "m"}]}


def test_a_document_that_is_remembered_no_more_leaves_nothing_that_the_garbage_collector_must_find() -> None:
    documents, execute = Documents(SCHEMA, max_documents=5), CompiledExecutor(SCHEMA)
    made: weakref.WeakSet[object] = weakref.WeakSet()

    async def run() -> None:
        for number in range(50):
            document = documents.prepare(f"{{ one {{ a{number}: name others {{ b{number}: name }} }} }}")
            result = execute(document, document.operation(None), None, None, {"one": ONE})
            assert isinstance(result, ExecutionResult)
            assert result.data == {"one": {f"a{number}": "n", "others": [{f"b{number}": "m"}]}}
            made.add(document)
            del document, result
            # What was made for validating it alone goes soon; what is kept becomes old, and is looked at seldom.
            gc.collect(1)

    gc.collect()
    before = _alive(Token)
    gc.disable()
    try:
        asyncio.run(run())
        assert len(made) == 5
        assert _alive(Token) - before <= 5 * 20
        # Of each document what is below `one`, and what is below `others`.
        assert sum(isinstance(one, Selection) and "One" in _types(one) for one in gc.get_objects()) <= 5 * 2
    finally:
        gc.enable()


def _alive(of: type) -> int:
    return sum(type(one) is of for one in gc.get_objects())


def _types(selection: Selection) -> set[str]:
    return {field.parent.name for field in selection.fields if field.parent is SCHEMA.type_map["One"]}
