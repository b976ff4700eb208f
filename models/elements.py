"""Elements of XML as mappings see them: found by their names without prefix, and read as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Element = Any
"""One of lxml's, which has no types."""
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harvested:
    """One record as a repository gives it; `metadata` is the element around its metadata, where it is not deleted."""

    identifier: str
    datestamp: str | None
    sets: tuple[str, ...]
    metadata: Element

    def texts(self, source: str, steps: Names) -> list[str]:
        """The texts of the header's values or of the elements that a mapping names, empty ones left out."""
        match source:
            case "@identifier":
                return [self.identifier]
            case "@datestamp":
                return [self.datestamp] if self.datestamp else []
            case "@set":
                return list(self.sets)
        return list(filter(None, map(text_of, elements_at(self.metadata, steps))))


def local_name(element: Element) -> str:
    """The name without namespace and prefix; empty for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def text_of(element: Element) -> str:
    """All text inside, without the space around it."""
    return "".join(element.itertext()).strip()


def elements_at(root: Element, steps: Names) -> Iterator[Element]:
    """The elements inside `root` that stand directly inside one another by these names; the outermost is anywhere."""
    for element in root.iterdescendants():
        if local_name(element) == steps[0]:
            yield from _below(element, steps[1:])


def _below(element: Element, steps: Names) -> Iterator[Element]:
    if not steps:
        yield element
        return
    for child in element:
        if local_name(child) == steps[0]:
            yield from _below(child, steps[1:])


def common_parent(paths: Sequence[Names]) -> Names:
    """The longest path that all of these begin with and go beyond."""
    parent: list[str] = []
    for names in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(names)) > 1:
            break
        parent.append(names[0])
    return tuple(parent)
