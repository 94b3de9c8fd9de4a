"""Results on a terminal and in files."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer

from fomrepo.cli.commands import LeftOffError
from fomrepo.cli.output import print_json, print_table, progress_bar
from fomrepo.errors import ArgumentError, CancelledError

if TYPE_CHECKING:
    from fomrepo.client.operation import OperationFuture
    from fomrepo.client.results.result import Result

#: Rows of a table that are shown; ``--output`` keeps all.
ROWS_SHOWN = 12
#: Seconds between two looks at a run.
LOOK_S = 0.1


def check_output(output: Path | None, result_type: str = "") -> None:
    """Refuse an output file before anything is computed for it; its suffix, if the type of the result is known."""
    if output is None:
        return
    if result_type:
        from fomrepo.client.results.saving import check_suffix

        check_suffix(output, result_type)
    if not output.absolute().parent.is_dir():
        raise ArgumentError(
            f"the folder of {output} does not exist", remedy=f"mkdir -p {quote(str(output.absolute().parent))}"
        )


def awaited(future: OperationFuture, title: str, *, hidden: bool) -> Result:
    """Wait for a run, with a bar; after Ctrl-C the run goes on."""
    try:
        with progress_bar(title, hidden=hidden) as move:
            while True:
                concurrent.futures.wait([future], timeout=LOOK_S)
                if future.done():
                    return future.result()
                move(*future.progress, f"{title} at {future.site}" if future.site else title)
    except concurrent.futures.CancelledError:
        raise CancelledError(f"{future.operation} was cancelled", remedy="call the method again") from None
    except KeyboardInterrupt:
        raise LeftOffError(
            f"the run goes on. Come back to it: fomrepo operation wait {future.operation}\n"
            f"  or end it: fomrepo operation cancel {future.operation}",
            future.operation,
        ) from None


def present(result: Result, output: Path | None, *, as_json: bool) -> None:
    """Print a result, or keep it in a file."""
    from fomrepo.client.results.plain_files import facts_of, result_document

    kept = None if output is None else str(result.save(output))
    if as_json:
        print_json(result_document(result) if kept is None else {**facts_of(result), "fields": None, "output": kept})
        return
    is_file = result.result_type in ("FileRef", "Figure")  # of which a file is kept, and nothing else
    hint = "" if is_file or output is not None else "; all of them: --output FILE.npz"
    for name, value in result.to_dict().items():
        unit = f" {result.units[name]}" if result.units[name] else ""
        if not result.dims[name] and value is not None:
            lines = f"{name}: {_cell(value)}{unit}".splitlines()
            for line in lines[:ROWS_SHOWN]:
                typer.echo(line)
            if len(lines) > ROWS_SHOWN:
                typer.echo(f"... {len(lines) - ROWS_SHOWN:,} more (line){hint}")
    _print_columns(result, hint, kept=output is not None)
    provenance = result.provenance
    came = "from your earlier answer" if result.cached else f"computed in {provenance.wall_s:.2g} s"
    typer.echo(f"{result.method} {result.version} at {result.site}, {came}; operation {result.operation}", err=True)
    if kept is not None:
        typer.echo(kept)


def _print_columns(result: Result, hint: str, *, kept: bool) -> None:
    """Print fields with one axis as columns, one table for each axis; larger ones, and files, in a line each."""
    by_axis: dict[str, list[str]] = {}
    for name, value in result.to_dict().items():
        dims = result.dims[name]
        if dims == ("byte",) and value is not None:  # of a file, which are no numbers
            typer.echo(
                f"{name}: {len(value):,} bytes" + ("" if kept else f"; keep them: --output {_file_name(result)}")
            )
        elif value is not None and len(dims) == 1:
            by_axis.setdefault(dims[0], []).append(name)
        elif value is not None and dims:
            size = "x".join(map(str, value.shape)) if hasattr(value, "shape") else f"{len(value)} rows"
            typer.echo(f"{name}: {size} ({', '.join(dims)}) {result.units[name]}".rstrip())
    fields = result.to_dict()
    for axis, names in by_axis.items():
        heads = [f"{name} [{result.units[name]}]" if result.units[name] else name for name in names]
        rows = [[_cell(one) for one in row] for row in zip(*(fields[name][:ROWS_SHOWN] for name in names), strict=True)]
        print_table(rows, heads, right=range(len(names)))
        left = len(fields[names[0]]) - len(rows)
        if left > 0:
            typer.echo(f"... {left:,} more ({axis}){hint}")


def _file_name(result: Result) -> str:
    """Name under which the file that a result is can be kept."""
    from fomrepo.client.results.pictures import PICTURES

    fields = result.to_dict()
    if "file_name" in fields:
        return quote(fields["file_name"])
    return next((f"FILE{suffix}" for suffix, kind in PICTURES.items() if kind == fields.get("media_type")), "FILE.npz")


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
