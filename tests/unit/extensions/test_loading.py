"""What is said of wrong extensions: which module, where, what is wrong, and what to do."""

from pathlib import Path

import pytest

from errors import ExtensionErrors
from models.extensions import extend_catalog
from schema.build import build_schema
from tests.unit.extensions.modules import extended, problems

TASK = """
def extend(catalog):
    @catalog.task()
    async def tidy_up(run): ...

    @catalog.task(name="again", collection="Work", schedule="0 3 * * * Europe/London")
    async def other(run):
        '''What it does.'''
"""


def test_what_an_extension_adds_is_in_the_catalog(tmp_path: Path) -> None:
    extras = extended(tmp_path, TASK, "extension_right").extras
    assert [(task.name, task.description, task.collection, str(task.schedule)) for task in extras.tasks.values()] == [
        ("tidyUp", "Tidy up, of the extension extension_right.", None, "None"),
        ("again", "What it does.", "Work", "0 3 * * * Europe/London"),
    ]


@pytest.mark.parametrize("name", ["extension_nowhere", "extension_nowhere.inside"])
def test_a_module_that_is_nowhere_is_named_with_where_it_was_looked_for(tmp_path: Path, name: str) -> None:
    catalog = extended(tmp_path, "def extend(catalog): pass")
    with pytest.raises(ExtensionErrors) as caught:
        extend_catalog(catalog, [name], tmp_path)
    assert caught.value.lines == [
        f"extension {name}: there is no such module in Python's path nor in {tmp_path}: correct its name, or install it"
    ]


@pytest.mark.parametrize("name", ["shelves.py", "./shelves", "/somewhere/shelves.py"])
def test_a_file_is_no_module(tmp_path: Path, name: str) -> None:
    catalog = extended(tmp_path, "def extend(catalog): pass")
    with pytest.raises(ExtensionErrors, match=r"is a file: name the module, shelves, and its folder by"):
        extend_catalog(catalog, [name], tmp_path)


def test_all_modules_are_tried_and_each_wrong_one_is_told(tmp_path: Path) -> None:
    catalog = extended(tmp_path, "def extend(catalog): pass")
    with pytest.raises(ExtensionErrors) as caught:
        extend_catalog(catalog, ["extension_a", "extension_b", "extension_a"], tmp_path)
    assert [line.split(":")[0] for line in caught.value.lines] == ["extension extension_a", "extension extension_b"]


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("import nowhere_at_all\n", 1, "can't be imported: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("\n1 / 0\n", 2, "can't be imported: ZeroDivisionError: division by zero"),
        ("\ndef extend(c:\n", 2, "can't be imported: SyntaxError: '(' was never closed (extension_wrong.py, line 2)"),
        ("x = 1\n", 1, "has no function extend: write `def extend(catalog)` in it"),
        ("def extend(c):\n    int('x')\n", 2, None),
        ("def extend(c):\n    raise KeyError(1)\n", 2, "extend raised KeyError: 1: correct it, or leave it out"),
    ],
)
def test_a_module_that_can_not_extend_is_told_with_its_line(
    tmp_path: Path, code: str, line: int, said: str | None
) -> None:
    said = said or "extend raised ValueError: invalid literal for int() with base 10: 'x': correct it, or leave it out"
    assert problems(tmp_path, code) == [f"extension_wrong.py:{line}: extension extension_wrong: {said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "@catalog.computed('Wrok', needs=['year'], returns=int)",
            "there is no collection 'Wrok' (did you mean Work?)",
        ),
        ("@catalog.computed('Work', needs=['yaer'], returns=int)", "Work has no property 'yaer' (did you mean year?)"),
        (
            "@catalog.computed('Work', needs=['maker'], returns=int)",
            "maker of Work is a link: need artist, which holds its key",
        ),
        (
            "@catalog.computed('Work', needs=[], returns=int)",
            "f needs no property: name in `needs` those that it is computed of",
        ),
        (
            "@catalog.computed('Work', needs=['year'], returns=int, name='title')",
            "Work has a field title already (a property): give another name",
        ),
        (
            "@catalog.computed('Work', needs=['year'], returns=int, name='maker')",
            "Work has a field maker already (a property): give another name",
        ),
        (
            "@catalog.computed('Work', needs=['year'], returns=int, name='history')",
            "Work has a field history already (every record has it): give another name",
        ),
        (
            "@catalog.computed('Artist', needs=['number'], returns=int, name='works')",
            "Artist has a field works already (the reverse of a link of Work): give another name",
        ),
        (
            "@catalog.computed('Work', needs=['year'], returns=int, name='a-b')",
            "'a-b' is no name of GraphQL: give another name",
        ),
        ("@catalog.before_write", "@catalog.before_write is without its brackets: write @catalog.before_write()"),
        ("@catalog.after_commit", "@catalog.after_commit is without its brackets: write @catalog.after_commit()"),
        ("@catalog.before_write('Works')", "there is no collection 'Works' (did you mean Work?)"),
        ("@catalog.after_commit('Work')", "f: an after_commit hook is an `async def`"),
        ("@catalog.task()", "f: a task is an `async def`"),
    ],
)
def test_what_can_not_be_added_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    code = f"def extend(catalog):\n    {line}\n    def f(records): ...\n"  # the decorator is at either line
    (found,) = problems(tmp_path, code)
    place, _, rest = found.partition(": ")
    assert rest == f"extension extension_wrong: {said}"
    assert place in ("extension_wrong.py:2", "extension_wrong.py:3")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    code = """\
    def extend(catalog):
        @catalog.computed("Work", needs=["a", "year", "b"], returns=int)
        def one(records): ...
        @catalog.computed("Work", needs=["year"], returns=int, name="one")
        def two(records): ...
        @catalog.before_write("Work")
        async def waits(write): ...
        @catalog.after_commit("Work")
        async def twice(commits, store): ...
        @catalog.after_commit("Work")
        async def twice(commits, store): ...
        @catalog.task(schedule="every night")
        async def a(run): ...
        @catalog.task(name="a")
        async def c(run): ...
        raise KeyError("and more")
    """
    assert [found.split(": ", 2)[2] for found in problems(tmp_path, code)] == [
        "Work has no property 'a' (use one of artist, fee, number, size, title, year)",
        "Work has no property 'b' (use one of artist, fee, number, size, title, year)",
        "Work has a field one already (computed by extension_wrong.one): give another name",
        "waits: a before_write hook is no `async def`: it decides and waits for nothing",
        "there are two after_commit hooks twice: name one otherwise",
        "the schedule of a is no cron line: it has five fields, such as 0 3 * * * for three o'clock each night",
        "there is a task a already (extension_wrong.a): give another name",
        "extend raised KeyError: 'and more': correct it, or leave it out",
    ]


STRAWBERRY = """
import strawberry
from catalograph import reference

{types}

def extend(catalog):
    if "More" in globals():
        catalog.query(More)
    catalog.query(Query)
    if "Mutation" in globals():
        catalog.mutation(Mutation)

    @catalog.task()
    async def tidy(run): ...
"""


@pytest.mark.parametrize(
    ("types", "said"),
    [
        (
            "@strawberry.type\nclass Query:\n    works: int | None",
            "the field Query.works is there already: give another name",
        ),
        (
            "@strawberry.type\nclass Task:\n    a: int\n@strawberry.type\nclass Query:\n    a: Task | None",
            "the type Task is there already: give another name, or refer to it with @reference",
        ),
        (
            "@reference\nclass Wrok: ...\n@strawberry.type\nclass Query:\n    a: Wrok | None",
            "there is no type Wrok to refer to (did you mean Work?)",
        ),
        (
            "@strawberry.type\nclass More:\n    a: int | None\n@strawberry.type\nclass Query:\n    a: int | None",
            "Query.a is added by extension_odd.More too: name one otherwise",
        ),
        (
            "@strawberry.type\nclass TaskName:\n    a: int\n@strawberry.type\nclass Query:\n    a: TaskName | None",
            "the type TaskName is there already: give another name, or refer to it with @reference",
        ),
        (
            "@strawberry.type\nclass Query:\n    a: int\n@strawberry.type\nclass Mutation:\n    runTask: int",
            "the field Mutation.runTask is there already: give another name",
        ),
        ("class Query: ...", "Strawberry makes nothing of Query: "),
        ("@strawberry.type\nclass Query:\n    a: object", "Strawberry makes nothing of Query: "),
    ],
)
def test_types_that_do_not_fit_the_schema_are_told(tmp_path: Path, types: str, said: str) -> None:
    catalog = extended(tmp_path, STRAWBERRY.format(types=types), "extension_odd")
    with pytest.raises(ExtensionErrors) as caught:
        build_schema(catalog)
    (line,) = caught.value.lines
    assert said in line
