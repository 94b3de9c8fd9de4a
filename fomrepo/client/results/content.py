"""Results that are a file: a picture, or what a method extracted. They are kept as they are."""

from __future__ import annotations

import base64
import html
from pathlib import Path

import numpy as np

from fomrepo.client.results.blocks import blocks_of
from fomrepo.client.results.pictures import PICTURES
from fomrepo.client.results.result import Result
from fomrepo.client.results.whole_file import written
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import ArgumentError
from fomrepo.model.files import check_file_name

#: Largest picture that a notebook shows.
SHOWN_BYTES = 4 * 2**20


class Figure(Result):
    """A picture: ``content`` (uint8 over ``byte``) is a file of the type ``media_type``."""

    @short_tracebacks
    def save(self, path: str | Path) -> Path:
        """Write the picture into a file; its suffix must be that of its type, or one of those of every result."""
        path = Path(path)
        if path.suffix not in PICTURES:
            return super().save(path)
        if PICTURES[path.suffix] != self.media_type:
            right = next((suffix for suffix, one in PICTURES.items() if one == self.media_type), ".safetensors")
            raise ArgumentError(f"this picture is {self.media_type}", remedy=f"save it as {path.with_suffix(right)}")
        return written(path, blocks_of(self.to_dict()["content"]))

    def _repr_html_(self) -> str:
        content = self.to_dict()["content"]
        shown = self.media_type in PICTURES.values() and self.media_type.startswith("image/")
        if not shown or content.nbytes > SHOWN_BYTES:
            return super()._repr_html_()
        # As the source of an image nothing in it runs, not even scripts in SVG.
        source = base64.b64encode(np.asarray(content).tobytes()).decode()
        title = html.escape(f"{self.method} {self.version}")
        return f'<img alt="{title}" src="data:{html.escape(self.media_type)};base64,{source}">'


class FileRef(Result):
    """A file that a method wrote: ``content`` (uint8 over ``byte``) under the name ``file_name``."""

    @short_tracebacks
    def save(self, path: str | Path = ".") -> Path:
        """Write the file, as it is: to a path, or into a folder that exists, under its own name."""
        path = Path(path)
        if path.is_dir():
            path = path / check_file_name(self.file_name)  # the name came from a method
        return written(path, blocks_of(self.to_dict()["content"]))
