"""Puts a case to the system and holds its answers against those of plain Python."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.acceptance.oracle.shapes import Shape
from tests.integration.questions.answers import Answers, facet_answered
from tests.integration.questions.asking import Document, Shown, at, selection_of
from tests.integration.questions.catalogs import SOURCE, TARGET, Stock, stocks
from tests.integration.questions.one_process import OneProcess
from tests.integration.questions.questions import PageAsked, Question, pages, questions

QUESTIONS = 6
LINKING = "key {field}(first: 2, orderBy: [{{code: DESC}}]) {{ totalCount nodes {{ key }} }}"


@dataclass(frozen=True)
class Case:
    """A filled system, and what it is asked."""

    stock: Stock
    asked: dict[str, list[tuple[Question, list[PageAsked]]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    stock = draw(stocks())
    asked = {}
    for name in (SOURCE, TARGET):
        shape = Shape.of(name, stock.files)
        found = [draw(questions(shape)) for _ in range(QUESTIONS if name == SOURCE else 1)]
        asked[name] = [(question, draw(st.lists(pages(question, shape), min_size=1, max_size=2))) for question in found]
    return Case(stock, asked)


async def check(one: OneProcess, case: Case) -> None:
    await one.take(case.stock.files)
    await one.load(case.stock.records)
    await one.load(case.stock.changed)
    answers = {name: Answers(case.stock, name) for name in case.stock.files}
    for name, asked in case.asked.items():
        await check_answers(one, answers[name], asked)
        await check_records(one, answers, name)
    await check_reverse(one, answers)


async def check_answers(one: OneProcess, answers: Answers, asked: list[tuple[Question, list[PageAsked]]]) -> None:
    document = Document(answers.shape)
    aliases = [document.ask(question) for question, _ in asked]
    found = await one.ask(document.text, document.variables)
    following = Document(answers.shape)
    expected: dict[str, tuple[Question, PageAsked, dict[str, Any]]] = {}
    for alias, (question, several) in zip(aliases, asked, strict=True):
        keys = [edge["node"]["key"] for edge in found[alias]["edges"]]
        assert keys == answers.found(question.filter, question), question
        assert found[alias]["totalCount"] == len(keys)
        for number, facet in enumerate(question.facets):
            answered = facet_answered(at(found[alias][f"f{number}"], facet.path), facet)
            assert answered == answers.facet(question, facet), facet
        expected_counts = answers.counts(question)
        assert {name: found[alias][name] for name in expected_counts} == expected_counts, question
        cursors = [edge["cursor"] for edge in found[alias]["edges"]]
        for page in several:
            expected[following.page(question, page, cursors)] = question, page, answers.page(question, page, keys)
    paged = await one.ask(following.text, following.variables)
    for alias, (question, page, answer) in expected.items():
        shown = {**paged[alias], "nodes": [node["key"] for node in paged[alias]["nodes"]]}
        assert shown == answer, (question, page)


async def check_records(one: OneProcess, answers: dict[str, Answers], name: str) -> None:
    shape = answers[name].shape
    keys = {other: {record["code"] for record in one_of.records} for other, one_of in answers.items()}
    document = Document(shape)
    alias = document.add({"first": ("Int", 100), "orderBy": (f"[{name}Order!]", [{"code": "ASC"}])},
                         f"nodes {{ {selection_of(shape, name)} }}")  # fmt: skip
    nodes = (await one.ask(document.text, document.variables))[alias]["nodes"]
    records = sorted(answers[name].records, key=lambda record: str(record["code"]))
    assert nodes == [Shown(keys).value(record, shape) for record in records]


async def check_reverse(one: OneProcess, answers: dict[str, Answers]) -> None:
    sources = answers[SOURCE]
    for number in range(2):
        holder = sources.shape.properties.get(f"ref{number}")
        inside = holder.shape.properties.get(f"to{number}") if holder and holder.shape.is_list else None
        annotated = (inside or holder).shape.item.schema if holder else {}
        if "reverse" not in annotated.get("x-link", {}):
            continue
        target = annotated["x-link"]["collection"]
        linking: dict[str, list[str]] = {}
        for record in sources.records:
            held = record.get(f"ref{number}")
            held = held if isinstance(held, list) else [held]
            held = [one.get(f"to{number}") if isinstance(one, dict) else one for one in held]
            for key in {key for key in held if key is not None}:
                linking.setdefault(key, []).append(record["code"])
        document = Document(answers[target].shape)
        alias = document.add({"first": ("Int", 100)}, f"nodes {{ {LINKING.format(field=f'back{number}')} }}")
        nodes = (await one.ask(document.text, {**document.variables}))[alias]["nodes"]
        for node in nodes:
            keys = sorted(linking.get(node["key"], []), reverse=True)
            found = node[f"back{number}"]
            assert (found["totalCount"], [n["key"] for n in found["nodes"]]) == (len(keys), keys[:2]), node["key"]
