"""Methods of a file object: real Python functions, made from schemas."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fomrepo.client.attached import AttachedMethod, attach, attached_methods
from fomrepo.client.calls import Calls
from fomrepo.client.method_attributes import SubmittedAttributes
from fomrepo.client.operation import OperationFuture
from fomrepo.client.progress import watched
from fomrepo.client.registry import PublishedMethod
from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.result import Result
from fomrepo.client.signatures import CheckedArguments, check_arguments, python_docstring, python_signature
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import ArgumentError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import CallOrder, FileRef, MethodRef
from fomrepo.wire.replies import Reply

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile


class Send(Protocol):
    """Sends a call."""

    def __call__(self, order: CallOrder, *, wait_s: float = ...) -> Reply:
        """Send it; the reply is final if the outcome was ready within ``wait_s``."""


class FileMethods:
    """Methods that fit a file, by name or by ``name, version``: published ones, and those attached to this file.

    Where both have a name, the published one is meant.

    Examples
    --------
    >>> traj.methods["rmsd", "1.0.0"](select="name CA")        # doctest: +SKIP
    """

    def __init__(self, file: RemoteFile, calls: Calls) -> None:
        self._file = file
        self._calls = calls
        self._bound: dict[str, Callable[..., Result]] = {}
        self._attached: dict[str, AttachedMethod] | None = None

    def find(self, key: str | tuple[str, str]) -> tuple[PublishedMethod, Send | None]:
        """Find a method that fits the file, and how a call of it is sent: None as that of any published one.

        Raises
        ------
        NotFoundError
            If there is none of that name and version, or it takes other files.
        """
        name, version = (key, None) if isinstance(key, str) else key
        try:
            method = self._calls.registry.get(name, version)
        except NotFoundError:
            one = self._attached_here().get(name)
            if one is None or version not in (None, one.method.schema.version):
                raise
            return one.method, partial(one.send, self._calls)
        if not fits(method.schema, self._file):
            raise NotFoundError(
                f"{self._file.name} is {self._file.file_type}; {name} takes {method.schema.accepted()}",
                remedy=f"methods of this file: {', '.join(self) or 'none'}",
            )
        return method, None

    @short_tracebacks
    def __getitem__(self, key: str | tuple[str, str]) -> Callable[..., Result]:
        method, send = self.find(key)
        if method.digest not in self._bound:
            self._bound[method.digest] = bound_method(self._file, method, self._calls, send or self._calls.call)
        return self._bound[method.digest]

    @short_tracebacks
    def attach(self, folder: str | Path) -> Callable[..., Result]:
        """Attach the method in a folder to this file, and return it.

        Until it is reviewed, it is yours alone: nobody else sees it, and it runs cold, uncached. It takes the place of
        an earlier one of yours with that name.
        """
        name = attach(self._calls, Path(folder), self._file).name
        self._attached = None
        return self[name]

    def __iter__(self) -> Iterator[str]:
        published = self._published()
        yield from (schema.name for schema in published)
        names = {schema.name for schema in published}
        yield from (name for name in self._attached_here() if name not in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        name = key[0] if isinstance(key, tuple) else key
        published = self._calls.registry.newest().get(str(name))
        return (published is not None and fits(published.schema, self._file)) or name in self._attached_here()

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        attached = self._attached_here()
        fitting = [(one, "") for one in self._published()]
        names = {one.name for one, _ in fitting}
        fitting += [(one.method.schema, f" ({one.remark})") for name, one in attached.items() if name not in names]
        width = max((len(one.name) for one, _ in fitting), default=0)
        lines = [f"{one.name:<{width}}  {one.version:<8}  {one.summary}{remark}" for one, remark in fitting]
        return "\n".join([f"methods of {self._file.name}", *(f"  {line}" for line in lines)])

    def _published(self) -> list[MethodSchema]:
        return [one.schema for one in self._calls.registry.newest().values() if fits(one.schema, self._file)]

    def _attached_here(self) -> dict[str, AttachedMethod]:
        if self._attached is None:
            self._attached = attached_methods(self._calls, self._file)
        return self._attached


class SubmittedMethods(SubmittedAttributes):
    """The same methods, answering at once with a future.

    Examples
    --------
    >>> future = traj.submit.rmsd(select="backbone")           # doctest: +SKIP
    >>> future.result().rmsd                                   # doctest: +SKIP
    """

    def __init__(self, methods: FileMethods) -> None:
        self._methods = methods

    @short_tracebacks
    def __getitem__(self, key: str | tuple[str, str]) -> Callable[..., OperationFuture]:
        submit: Callable[..., OperationFuture] = self._methods[key].submit  # type: ignore[attr-defined] # of bound_method
        return submit

    def __dir__(self) -> list[str]:
        return sorted(self._methods)

    def __repr__(self) -> str:
        return f"<submit: {', '.join(sorted(self._methods))}>"

    def _method(self, name: str) -> Callable[..., OperationFuture]:
        if name not in self._methods:
            raise no_attribute(self, name, list(self._methods))
        return self[name]


def fits(schema: MethodSchema, file: RemoteFile) -> bool:
    """Whether a file can be a method's first input."""
    return schema.accepts(file.file_type, file.families)


def bound_method(file: RemoteFile, method: PublishedMethod, calls: Calls, send: Send) -> Callable[..., Result]:
    """Make the function that runs a method on a file; its attribute ``submit`` does so without waiting."""

    @short_tracebacks
    def run(*others: RemoteFile, **given: Any) -> Result:
        order, checked = call_order(method.schema, (file, *others), given)
        reply = send(order)
        if checked.verbose:
            with watched(method.schema.name) as on_reply:
                reply = calls.until_final(reply, watched=True, on_reply=on_reply)
        return calls.outcome(calls.until_final(reply), method_digest=method.digest)

    @short_tracebacks
    def submit(*others: RemoteFile, **given: Any) -> OperationFuture:
        order, _ = call_order(method.schema, (file, *others), given)
        return OperationFuture(calls, send(order, wait_s=0.0), method_digest=method.digest)

    answers: tuple[tuple[Callable[..., Any], type], ...] = (
        (run, result_class(method.schema.result.type)),
        (submit, OperationFuture),
    )
    for function, answer in answers:
        function.__name__ = method.schema.name
        function.__qualname__ = f"{file.name}.{method.schema.name}"
        function.__module__ = "fomrepo"
        function.__doc__ = python_docstring(method.schema)
        signature = python_signature(method.schema, file=type(file), answer=answer)
        function.__dict__.update(__signature__=signature, schema=method.schema, version=method.schema.version)
    run.__dict__["submit"] = submit
    return run


def no_attribute(thing: object, name: str, known: list[str]) -> AttributeError:
    """Error for an attribute that does not exist, naming close ones."""
    close = difflib.get_close_matches(name, known, n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else f"; it has {', '.join(known)}" if known else ""
    return AttributeError(f"{type(thing).__name__} has no {name!r}{hint}", name=name, obj=thing)


def call_order(
    schema: MethodSchema, files: tuple[RemoteFile, ...], given: Mapping[str, Any]
) -> tuple[CallOrder, CheckedArguments]:
    """Check everything that can be checked here, and write the call down.

    Raises
    ------
    ArgumentError
        For a file that does not fit or an argument that the schema does not accept. Nothing was sent.
    """
    arguments = dict(given)
    inputs = list(files)
    for position, (name, _) in enumerate(schema.inputs[len(inputs) :], len(inputs)):
        if name not in arguments:
            raise ArgumentError(
                f"{schema.name}() needs another file, {name!r}", remedy=f"give a file: {schema.accepted(position)}"
            )
        inputs.append(arguments.pop(name))
    if len(inputs) > len(schema.inputs):
        raise _too_many(schema, inputs)
    for position, ((name, _), one) in enumerate(zip(schema.inputs, inputs, strict=True)):
        if not isinstance(one, type(files[0])):
            raise ArgumentError(f"{name}={one!r} is no file of a record", remedy='give one, as repo[RECORD]["name"]')
        if not schema.accepts(one.file_type, one.families, position):
            raise ArgumentError(
                f"{one.name} is {one.file_type}; {schema.name}() takes {schema.accepted(position)} as {name!r}"
            )
    checked = check_arguments(schema, arguments)
    order = CallOrder(
        method=MethodRef(schema.name, schema.version),
        inputs=tuple(FileRef(one.record.reference, one.name) for one in inputs),
        arguments=checked.arguments,
        frames=checked.frames,
        idempotency_key=new_id(),
    )
    return order, checked


def _too_many(schema: MethodSchema, inputs: list[RemoteFile]) -> ArgumentError:
    extra, wanted = inputs[len(schema.inputs)], len(schema.inputs)
    names = [one.name for one in schema.parameters]
    shown = repr(extra) if isinstance(extra, str | int | float) and names else "..."
    return ArgumentError(
        f"{schema.name}() works on {wanted} file{'s' if wanted > 1 else ''}; {str(extra)[:80]!r} is one thing too many",
        remedy=f"give parameters by name, such as {schema.name}({names[0] if names else 'step'}={shown[:80]})",
    )
