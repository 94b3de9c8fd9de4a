"""Texts of methods' authors as markup: what CommonMark has, tables and formulas, and nothing that could run or load.

1. Raw HTML is shown as the text that it is; pictures are left out.
2. A link leads to an https address, or is text.
3. Formulas become MathML, of which only elements and attributes that are known to draw are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin

#: Longest text that is set as markup, in characters; a longer one is shown as it stands.
TEXT_LIMIT = 40_000
#: Longest formula that is set, in characters, and deepest nesting of its braces: the converter calls itself for each.
FORMULA_LIMIT, DEPTH_LIMIT = 2_000, 40

#: MathML Core, without what links, loads or runs.
_DRAWS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
    "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom",
})  # fmt: skip
_SAYS_HOW = frozenset({
    "display", "displaystyle", "mathvariant", "stretchy", "fence", "form", "lspace", "rspace", "width", "height",
    "depth", "columnalign", "minsize", "maxsize", "linethickness", "movablelimits", "accent", "accentunder",
    "scriptlevel", "separator",
})  # fmt: skip
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


@lru_cache(maxsize=128)
def prose(text: str) -> Markup:
    """Set a text in Markdown. Its first heading is left out: the page has its own."""
    if len(text) > TEXT_LIMIT:
        return Markup("<pre class=prose>{}</pre>").format(text)
    tokens = _READER.parse(text)
    if tokens and tokens[0].type == "heading_open":
        tokens = tokens[3:]
    return Markup(_READER.renderer.render(_lowered(tokens), _READER.options, {}))  # noqa: S704  (see 1 to 3 above)


def formula(source: str, *, block: bool) -> Markup:
    """Set a formula in LaTeX; one that cannot be read is shown as it stands."""
    if len(source) <= FORMULA_LIMIT and _depth(source) <= DEPTH_LIMIT:
        try:
            written = convert(source, display="block" if block else "inline")
            root = ElementTree.fromstring(written)  # noqa: S314  (no doctype: the converter wrote it)
        except Exception:  # whatever the converter meets in a stranger's formula
            return Markup("<code>{}</code>").format(source)
        root.set("display", "block" if block else "inline")
        _keep_what_draws(root)
        return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  (texts were escaped as it was written)
    return Markup("<code>{}</code>").format(source)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    reader.use(
        dollarmath_plugin,
        allow_labels=False,  # they would become ids of the page
        renderer=lambda source, told: formula(source, block=told["display_mode"]),
    )
    reader.add_render_rule("math_block", _formula_of_its_own)
    reader.validateLink = _leads_out  # type: ignore[assignment, method-assign] # how the library wants to be told
    reader.add_render_rule("link_open", _link_open)
    return reader


def _leads_out(address: str) -> bool:
    return address.startswith("https://")


def _link_open(_: Any, tokens: Sequence[Token], index: int, options: Any, env: Mapping[str, Any]) -> str:
    return f'<a href="{escape(str(tokens[index].attrs["href"]))}" rel="noopener nofollow">'


def _formula_of_its_own(_: Any, tokens: Sequence[Token], index: int, options: Any, env: Mapping[str, Any]) -> str:
    """A formula that may be wider than the screen: keys reach it, to move it."""
    return f'<div class="math block" tabindex="0">{formula(tokens[index].content.strip(), block=True)}</div>\n'


def _lowered(tokens: list[Token]) -> list[Token]:
    """Headings no higher than those of the page's own sections."""
    for one in tokens:
        if one.type in ("heading_open", "heading_close"):
            one.tag = f"h{max(int(one.tag[1]), 2)}"
    return tokens


def _keep_what_draws(element: ElementTree.Element) -> None:
    for name in [one for one in element.attrib if one not in _SAYS_HOW]:
        del element.attrib[name]
    if element.tag.removeprefix(_NAMESPACE) not in _DRAWS:
        element.tag = f"{_NAMESPACE}mrow"
    for child in element:
        _keep_what_draws(child)


def _depth(source: str) -> int:
    deepest = depth = 0
    for one in source:
        depth += (one == "{") - (one == "}")
        deepest = max(deepest, depth)
    return deepest


ElementTree.register_namespace("", _NAMESPACE[1:-1])
_READER = _reader()
