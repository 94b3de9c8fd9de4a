"""The drawing at the top of fomrepo/errors.py is the tree of its classes."""

import re
from collections.abc import Iterator

from fomrepo import errors


def drawn(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield (parent, child) for each line of the drawing, in its order."""
    branch: list[str] = []
    for line in docstring.splitlines():
        found = re.match(r"^ {4}([│ ├└─]*)(\w+Error)\b", line)
        if not found:
            continue
        depth = len(found[1]) // 4
        branch = [*branch[:depth], found[2]]
        if depth:
            yield branch[depth - 1], found[2]


def written(root: type[errors.FomrepoError]) -> Iterator[tuple[str, str]]:
    """Yield (parent, child) for each class of the module, in the order of its source."""
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield root.__name__, child.__name__
            yield from written(child)


def test_the_drawing_is_the_tree_of_classes() -> None:
    assert errors.__doc__ is not None
    assert list(drawn(errors.__doc__)) == list(written(errors.FomrepoError))


def test_every_error_has_a_code_of_its_own() -> None:
    classes = [errors.FomrepoError, *(getattr(errors, child) for _, child in written(errors.FomrepoError))]
    codes = [vars(each)["code"] for each in classes]
    assert len(set(codes)) == len(codes)


def test_every_error_is_public() -> None:
    assert {child for _, child in written(errors.FomrepoError)} <= set(errors.__all__)
