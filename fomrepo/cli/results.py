"""Results on a terminal and in files."""

from __future__ import annotations

import concurrent.futures
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fomrepo.cli.commands import LeftOffError
from fomrepo.cli.output import print_json, print_table, progress_bar
from fomrepo.errors import ArgumentError, CancelledError, StorageError

if TYPE_CHECKING:
    from fomrepo.client.operation import OperationFuture
    from fomrepo.client.results.result import Result

#: Rows of a table that are shown; ``--output`` keeps all.
ROWS_SHOWN = 12
#: Seconds between two looks at a run.
LOOK_S = 0.1


def check_output(output: Path | None) -> None:
    """Refuse an output file before anything is computed for it."""
    if output is not None and output.suffix not in (".npz", ".json"):
        raise ArgumentError(f"{output} is neither .npz nor .json", remedy="give --output FILE.npz or FILE.json")
    if output is not None and not output.absolute().parent.is_dir():
        raise ArgumentError(f"the folder of {output} does not exist", remedy=f"mkdir -p {output.absolute().parent}")


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
    if output is not None:
        _write(result, output)
    if as_json:
        document = result_document(result)
        print_json(document if output is None else {**document, "fields": None, "output": str(output)})
        return
    for name, value in result.to_dict().items():
        unit = f" {result.units[name]}" if result.units[name] else ""
        if not result.dims[name] and value is not None:
            typer.echo(f"{name}: {_cell(value)}{unit}")
    _print_columns(result)
    provenance = result.provenance
    came = "from your earlier answer" if result.cached else f"computed in {provenance.wall_s:.2g} s"
    typer.echo(f"{result.method} {result.version} at {result.site}, {came}; operation {result.operation}", err=True)
    if output is not None:
        typer.echo(str(output))


def result_document(result: Result) -> dict[str, Any]:
    """A whole result as JSON has it."""
    return {
        "method": result.method,
        "version": result.version,
        "type": result.result_type,
        "operation": result.operation,
        "site": result.site,
        "cached": result.cached,
        "units": dict(result.units),
        "dims": {name: list(dims) for name, dims in result.dims.items()},
        "fields": {name: _plain(value) for name, value in result.to_dict().items()},
        "provenance": json.loads(result.provenance.to_json()),
    }


def _print_columns(result: Result) -> None:
    """Print fields with one axis as columns, one table for each axis; larger ones in a line each."""
    by_axis: dict[str, list[str]] = {}
    for name, value in result.to_dict().items():
        dims = result.dims[name]
        if value is not None and len(dims) == 1:
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
            typer.echo(f"... {left:,} more ({axis}); all of them: --output FILE.npz")


def _write(result: Result, output: Path) -> None:
    try:
        if output.suffix == ".json":
            output.write_text(json.dumps(result_document(result), ensure_ascii=False) + "\n", "utf-8")
            return
        import numpy as np

        arrays: dict[str, Any] = {}
        for name, value in result.to_dict().items():
            if isinstance(value, tuple):  # ragged: the values in a row, and where each row ends
                arrays[name] = np.concatenate(value) if value else np.empty(0)
                arrays[f"{name}_ends"] = np.cumsum([len(row) for row in value], dtype=np.int64)
            elif value is not None:
                array = np.asarray(value)
                arrays[name] = np.array(array.tolist(), dtype=str) if array.dtype.kind == "T" else array
        np.savez(output, **arrays)
    except OSError as error:
        raise StorageError(f"{output} cannot be written: {error}", remedy="the result is kept: ask again") from None


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(row) for row in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    if hasattr(value, "dtype") and value.dtype.kind == "c":
        return {"real": value.real.tolist(), "imag": value.imag.tolist()}
    plain = value.tolist() if hasattr(value, "tolist") else value
    return _without_nan(plain)


def _without_nan(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))) else value


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
