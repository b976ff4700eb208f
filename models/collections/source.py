"""Reads a collection file into plain data that remembers the line of everything in it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.scalarbool import ScalarBoolean

Pointer = tuple[str | int, ...]


@dataclass
class Problems:
    """What is wrong, gathered so that all of it is said at once."""

    found: dict[tuple[str, int, str], None] = field(default_factory=dict)

    def add(self, file: str, line: int, message: str) -> None:
        self.found[(file, line, message)] = None

    @property
    def lines(self) -> list[str]:
        return [f"{file}:{line}: {message}" for file, line, message in sorted(self.found)]


@dataclass(frozen=True)
class Source:
    """One file: its data, and where in the file each part of it stands."""

    file: str
    data: Any
    lines: dict[Pointer, int]
    problems: Problems

    def line(self, pointer: Pointer) -> int:
        while pointer and pointer not in self.lines:
            pointer = pointer[:-1]
        return self.lines.get(pointer, 1)

    def problem(self, pointer: Pointer, message: str) -> None:
        self.problems.add(self.file, self.line(pointer), message)

    def unknown(self, pointer: Pointer, what: str, given: str, known: Iterable[str]) -> None:
        """Report a word that means nothing here, with the nearest one that does."""
        self.problem(pointer, f"{what} {given!r} is not known{did_you_mean(given, known)}")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing where no known word is near."""
    words = sorted(known)
    folded = {word.casefold(): word for word in words}
    near = difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f" (did you mean {folded[near[0]]}?)"
    return f" (use one of {', '.join(words)})" if 0 < len(words) <= 12 else ""


class _Constructor(RoundTripConstructor):
    """Leaves dates as the text that they are in JSON."""


def _as_text(constructor: RoundTripConstructor, node: ScalarNode) -> str:
    del constructor
    return str(node.value)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _as_text)


def read_source(path: Path, problems: Problems) -> Source | None:
    """The data of a YAML or JSON file; `None` if it can't be read, which becomes a problem."""
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8-sig"))
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(str(path), line, f"{str(error.problem).split(' with value')[0]}: a name may stand only once")
        return None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(str(path), line, f"this is not YAML: {error.problem or error.context}")
        return None
    except (OSError, UnicodeDecodeError, YAMLError, ValueError) as error:
        problems.add(str(path), 1, f"the file can't be read: {error}")
        return None
    lines: dict[Pointer, int] = {}
    return Source(str(path), _plain(loaded, (), lines), lines, problems)


def _plain(node: Any, pointer: Pointer, lines: dict[Pointer, int]) -> Any:
    if isinstance(node, CommentedMap):
        for key in node:
            if key in node.lc.data:  # what `<<` merges in has no line here
                lines[(*pointer, str(key))] = node.lc.key(key)[0] + 1
        return {str(key): _plain(value, (*pointer, str(key)), lines) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for position in range(len(node)):
            lines[(*pointer, position)] = node.lc.item(position)[0] + 1
        return [_plain(value, (*pointer, position), lines) for position, value in enumerate(node)]
    if isinstance(node, ScalarBoolean):  # one with an anchor, which is an int to Python
        return bool(node)
    for plain in (bool, int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node
