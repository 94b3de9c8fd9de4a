"""Where a site keeps everything on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import platformdirs
import typer


def default_home() -> Path:
    """Home that is meant when none is named."""
    return Path(os.environ.get("FOMREPO_HOME") or platformdirs.user_data_dir("fomrepo"))


#: The option of every operator's command.
Home = Annotated[
    Path,
    typer.Option(
        "--home", help="Home of the site.", file_okay=False, default_factory=default_home, show_default="FOMREPO_HOME"
    ),
]
