"""What is caught and not raised again has a reason beside it, and a metric behind it unless it is an answer."""

import ast
import io
import logging
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from logs import configure_logs
from metrics import EVENTS, SWALLOWED, swallowed

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("commands", "deploy", "execution", "indexing", "models", "resolvers", "schema", "tasks")
FILES = [*ROOT.glob("*.py"), *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))]
UNASKED = "deploy"
"""What starts and watches the parts has no metrics that anybody could ask for: it says on its terminal what happens."""
ANSWERS = frozenset(
    # Of the language and the libraries: what was asked for is not there, or is none.
    "AttributeError FileNotFoundError GraphQLError IndexError JSONDecodeError KeyError OverflowError ProcessLookupError"
    " RecursionError TimeoutError TypeError UnicodeError UnsupportedOperation ValueError binascii.Error gaierror"
    " zlib.error"
    # Ours.
    " AlreadyRunning BadUserInput BrokenFileError ClientGone FileChanged Forbidden Unauthenticated WrongColumns".split()
)
_RULES = re.compile(r"noqa: [A-Z0-9, ]+|type: ignore\S*")
LOGS = frozenset({"warning", "error", "exception", "critical"})


def complaints(source: str, *, counted: bool = True) -> Iterator[str]:
    """What swallows an exception without a reason, or without a metric where that must be `counted`, by line."""
    reasons = set(_reasons(source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            if not (_ends_by_raising(node.body) or _tells(node)):
                yield from _judged(
                    node, node.type, range(node.lineno, (node.end_lineno or 0) + 1), reasons, counted=counted
                )
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if isinstance(item.context_expr, ast.Call) and _name(item.context_expr.func) == "suppress":
                    types = ast.Tuple(item.context_expr.args)
                    lines = range(node.lineno - 1, node.body[0].lineno)
                    yield from _judged(node, types, lines, reasons, counted=counted)
        elif isinstance(node, ast.Expr) and _drops(node):
            yield f"{node.lineno}: what failed is neither told nor counted"


def _judged(
    node: ast.stmt | ast.ExceptHandler, types: ast.expr | None, lines: range, reasons: set[int], *, counted: bool
) -> Iterator[str]:
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    remedies = [keyword for call in calls for keyword in call.keywords if keyword.arg == "remedy"]
    if not remedies and reasons.isdisjoint([*lines, lines.stop]):
        yield f"{node.lineno}: no reason beside it"
    is_chosen = any(isinstance(one, ast.Raise) for one in ast.walk(node))  # what is not expected is raised
    if counted and not (is_chosen or _is_answer(types) or any(map(_counts, calls))):
        yield f"{node.lineno}: no metric behind it"


def _reasons(source: str) -> Iterator[int]:
    """The lines of comments that say more than which rule does not hold."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and re.search(r"\w", _RULES.sub("", token.string)):
            yield token.start[0]


def _ends_by_raising(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _ends_by_raising(last.body) and _ends_by_raising(last.orelse)
    exits = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and _name(last.value.func) == "exit"
    return isinstance(last, ast.Raise) or exits


def _tells(handler: ast.ExceptHandler) -> bool:
    """Whether the exception itself goes on to somebody, other than the log."""
    calls = [one for one in ast.walk(handler) if isinstance(one, ast.Call)]
    unheard: list[ast.expr] = [one for one in calls if _counts(one) or ast.unparse(one.func).startswith("log.")]
    unheard += [one.test for one in ast.walk(handler) if isinstance(one, ast.If)]
    inside = {id(inner) for one in unheard for inner in ast.walk(one)}
    names = (one for one in ast.walk(handler) if isinstance(one, ast.Name) and one.id == handler.name)
    return any(id(one) not in inside for one in names)


def _counts(call: ast.Call) -> bool:
    logs = isinstance(call.func, ast.Attribute) and _name(call.func.value) == "log" and call.func.attr in LOGS
    return logs or _name(call.func) in ("swallowed", "inc")


def _is_answer(types: ast.expr | None) -> bool:
    several = types.elts if isinstance(types, ast.Tuple) else [types] if types else []
    names = [ast.unparse(one) for one in several]
    return bool(names) and all(
        name in ANSWERS or name.rpartition(".")[2] in ANSWERS or name.startswith("_") for name in names
    )


def _drops(statement: ast.Expr) -> bool:
    """Whether a statement asks for what failed, and does nothing with it."""
    call = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    if not isinstance(call, ast.Call):
        return False
    gathers = any(keyword.arg == "return_exceptions" for keyword in call.keywords)
    return gathers or (_name(call.func) == "exception" and not call.args)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_what_is_swallowed_has_a_reason_and_a_metric() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{complaint}"
        for path in FILES
        for complaint in complaints(path.read_text(), counted=path.relative_to(ROOT).parts[0] != UNASKED)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("try: x()\nexcept OSError: pass", ["2: no reason beside it", "2: no metric behind it"]),
        ("try: x()\nexcept OSError: pass  # noqa: S110", ["2: no reason beside it", "2: no metric behind it"]),
        ("try: x()\nexcept OSError: pass  # gone", ["2: no metric behind it"]),
        ("try: x()\nexcept OSError as e: log.info('x', e=e)  # gone", ["2: no metric behind it"]),
        ("try: x()\nexcept OSError as e: log.warning('x', e=e)", ["2: no reason beside it"]),
        ("try: x()\nexcept OSError as e: log.warning('x', e=e)  # gone", []),
        ("try: x()\nexcept OSError as e: swallowed('x', e)  # gone", []),
        ("try: x()\nexcept OSError as e: log.warning('x', remedy='later')", []),
        ("try: x()\nexcept OSError as e: answer(e)", []),
        ("try: x()\nexcept OSError as e:\n  if e.no: raise", ["2: no reason beside it"]),
        ("try: x()\nexcept OSError as e:\n  if e.no: raise  # else it is gone", []),
        ("try: x()\nexcept OSError: raise", []),
        ("try: x()\nexcept (ValueError, KeyError): pass  # none", []),
        ("try: x()\nexcept ValueError: pass", ["2: no reason beside it"]),
        ("try: x()\nexcept: pass  # none", ["2: no metric behind it"]),
        ("with suppress(OSError):\n  x()", ["1: no reason beside it", "1: no metric behind it"]),
        ("with suppress(FileNotFoundError):  # not yet\n  x()", []),
        ("async def f():\n  await gather(x(), return_exceptions=True)", ["2: what failed is neither told nor counted"]),
        ("task.exception()", ["1: what failed is neither told nor counted"]),
    ],
)
def test_what_swallows_without_one_is_found(source: str, found: list[str]) -> None:
    assert list(complaints(source)) == found


def test_what_is_swallowed_or_logged_is_counted() -> None:
    def counted() -> list[float]:
        labels = [("of_a_test", "warning"), ("a.library", "error")]
        events = [EVENTS.labels(*pair)._value.get() for pair in labels]
        return [*events, SWALLOWED.labels("a test", "OSError")._value.get()]

    before, handlers = counted(), list(logging.getLogger().handlers)
    configure_logs("json")
    try:
        structlog.get_logger().warning("of_a_test")
        logging.getLogger("a.library").error("it failed")
        swallowed("a test", OSError())
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = handlers
    assert counted() == [number + 1 for number in before]
