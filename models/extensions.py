"""Loads the modules of extensions, and has each add to the catalog what it has."""

import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from errors import ExtensionErrors
from models.collections.loading import Catalog, load_catalog
from models.extending import Extension, said

ENTRY = "extend"


def load_extended(collections: Path, modules: Sequence[str], folder: Path) -> Catalog:
    """The catalog of the files in `collections`, extended. Raises `CollectionErrors` or `ExtensionErrors`."""
    catalog = load_catalog(collections)
    extend_catalog(catalog, modules, folder)
    return catalog


def extend_catalog(catalog: Catalog, modules: Sequence[str], folder: Path) -> None:
    """Have the modules extend the catalog, in their order; they are looked for in Python's path, then in `folder`.

    Raises `ExtensionErrors` with all errors at once.
    """
    if not modules:
        return
    if (place := str(folder.absolute())) not in sys.path:
        sys.path.append(place)  # behind ours: none of our modules is to be found there
    problems = [problem for name in dict.fromkeys(modules) for problem in _extended(catalog, name, place)]
    if problems:
        raise ExtensionErrors(problems)


def _extended(catalog: Catalog, name: str, folder: str) -> list[str]:
    """What is wrong with the module of this name."""
    try:
        module = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever it is, the module is not there
        return [said(name, _why_not(name, error, folder), _last_line(error, name))]
    file = getattr(module, "__file__", None) or ""
    catalog.extras.files += _files(module)
    extend: Any = getattr(module, ENTRY, None)
    if not callable(extend):
        return [said(name, f"has no function {ENTRY}: write `def {ENTRY}(catalog)` in it", _place(module))]
    extension = Extension(catalog, name, file)
    try:
        extend(extension)
    except Exception as error:  # noqa: BLE001 - it is told, and where it comes from
        at = _last_line(error, name) or _place(module)
        extension.problems.append(said(name, f"{ENTRY} raised {_told(error)}: correct it, or leave it out", at))
    return extension.problems


def _why_not(name: str, error: Exception, folder: str) -> str:
    if name.endswith(".py") or "/" in name:
        return f"is a file: name the module, {Path(name).stem}, and its folder by CATALOGRAPH_EXTENSION_PATH"
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return f"there is no such module in Python's path nor in {folder}: correct its name, or install it"
    return f"can't be imported: {_told(error)}"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _last_line(error: Exception, name: str) -> str:
    """Where in the module, or in a file that is no module of Python's own, an error was raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    last = name.rpartition(".")[2]
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if Path(one.filename).stem == last or Path(one.filename).parent.name == last]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _files(module: ModuleType) -> list[str]:
    """The files that a module is made of: of a package all of its Python."""
    folders = [Path(one) for one in getattr(module, "__path__", ())]
    inside = [str(path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    return inside or [module.__file__] if module.__file__ else inside


def _place(module: ModuleType) -> str:
    return f"{module.__file__}:1" if getattr(module, "__file__", None) else ""
