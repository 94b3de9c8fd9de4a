"""What a docstring says of one parameter, in each of the forms that authors write."""

from __future__ import annotations

import re

#: numpydoc: ``name : type`` at the margin, sentences below it, further in.
_NUMPYDOC = r"(?m)^(?:[\w, ]*,[ ]*)?{name}(?:,[\w, ]*)?[ \t]*(?::.*)?\n((?:[ \t]+\S.*\n?)+)"

#: Google: ``name (type): sentence`` below ``Args:``, which may go on in the next lines, further in.
_GOOGLE = r"(?m)^([ \t]+){name}[ \t]*(?:\([^\n]*?\))?:[ \t]*(.*(?:\n\1[ \t]+\S.*)*)"

#: Sphinx: ``:param type name: sentence``.
_SPHINX = r"(?m)^[ \t]*:param[ \t](?:[^:\n]*[ \t])?{name}:[ \t]*(.*(?:\n[ \t]+\S.*)*)"

#: Longest text that an entry of ``[parameters]`` may have.
LONGEST = 2000


def documented_parameter(docstring: str, name: str) -> str:
    """Return the sentences about a parameter on one line, or an empty text.

    Parameters
    ----------
    docstring
        Without its indentation, as ``ast.get_docstring`` gives it.
    name
        Of the parameter.
    """
    for form in (_NUMPYDOC, _GOOGLE, _SPHINX):
        found = re.search(form.format(name=re.escape(name)), docstring)
        if found:
            return " ".join(found[found.lastindex or 0].split())[:LONGEST]
    return ""
