"""Guest: a method's modules from the source text in the request; there is no folder to import them from."""

from __future__ import annotations

import importlib.abc
import importlib.util
import linecache
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def make_importable(bundle: Mapping[str, str], folder: str) -> None:
    """Let a bundle be imported as if it lay in a folder that stands last on the path; tracebacks show its lines.

    Parameters
    ----------
    bundle
        Source text by path relative to the bundle.
    folder
        Where the files would lie.
    """
    sources = {os.path.join(folder, path): text for path, text in bundle.items()}
    for path, text in sources.items():
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    sys.meta_path.append(_BundleImporter(sources, folder))


class _BundleImporter(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """Finds and loads modules, packages and packages without `__init__.py` among the sources."""

    def __init__(self, sources: Mapping[str, str], folder: str) -> None:
        self._sources = sources
        self._folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is, or None if the bundle has none of that name."""
        if any(place in self._sources for place in self._places(fullname)):
            return importlib.util.spec_from_loader(fullname, self)
        inside = self._stem(fullname)
        if any(place.startswith(inside + "/") for place in self._sources):
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [inside]
            return spec
        return None

    def get_filename(self, fullname: str) -> str:
        """Return the path that the module's file would have."""
        for place in self._places(fullname):
            if place in self._sources:
                return place
        raise ImportError(f"the bundle has no module {fullname!r}", name=fullname)

    def get_source(self, fullname: str) -> str:
        """Return the module's text."""
        return self._sources[self.get_filename(fullname)]

    def is_package(self, fullname: str) -> bool:
        """Whether the module is a package."""
        return self.get_filename(fullname).endswith("/__init__.py")

    def _stem(self, fullname: str) -> str:
        return os.path.join(self._folder, *fullname.split("."))

    def _places(self, fullname: str) -> tuple[str, str]:
        stem = self._stem(fullname)
        return f"{stem}/__init__.py", f"{stem}.py"
