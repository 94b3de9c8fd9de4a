"""The published methods, as this client knows them: fetched once, kept until the registry's snapshot number changes."""

from __future__ import annotations

import difflib
import json
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from fomrepo.client.connection import Connection
from fomrepo.client.method_lock import Pin
from fomrepo.errors import BundleRefusedError, FomrepoError, MethodNotTrustedError, NotFoundError
from fomrepo.model.methods import MethodSchema, version_rank
from fomrepo.wire.methods import schema_from_wire
from fomrepo.wire.v1 import methods_pb2


@dataclass(frozen=True, slots=True)
class PublishedMethod:
    """One version of a method."""

    schema: MethodSchema
    #: SHA-256 of its bundle.
    digest: str
    #: Why it is no longer to be used; empty if it is.
    deprecated: str = ""


class MethodRegistry:
    """Published methods by name and version. Threads may share it.

    Parameters
    ----------
    connection
        To whichever site answers.
    pins
        Methods whose version a lock file fixes.
    """

    def __init__(self, connection: Connection, pins: Mapping[str, Pin]) -> None:
        self._connection = connection
        self._pins = pins
        self._lock = threading.Lock()
        self._methods: dict[str, dict[str, PublishedMethod | FomrepoError]] = {}
        self._meant_by_name: dict[str, PublishedMethod] = {}
        #: Why methods were revoked, by name and version, older versions first.
        self._revoked: dict[tuple[str, str], str] = {}
        self._known: int | None = None
        self._newest = 0

    def notice(self, snapshot: int) -> None:
        """Take note of the snapshot number that a reply carried."""
        self._newest = max(self._newest, snapshot)

    def names(self) -> list[str]:
        """Names of all methods, sorted."""
        return sorted(self._fresh())

    def versions(self, name: str) -> list[str]:
        """Versions of a method, oldest first; empty if there is none of that name."""
        return sorted(self._fresh().get(name, {}), key=version_rank)

    def newest(self) -> Mapping[str, PublishedMethod]:
        """Each method in the version that its bare name means, sorted, without those that this client cannot read."""
        self._fresh()
        return self._meant_by_name

    def get(self, name: str, version: str | None = None) -> PublishedMethod:
        """Return one method; without a version the pinned one, else the newest.

        Raises
        ------
        NotFoundError
            If there is no such method or version.
        MethodNotTrustedError
            If it was revoked, or is pinned and its digest differs from the lock's.
        BundleRefusedError
            If its schema says what this client does not understand.
        """
        versions = self._fresh().get(name)
        if versions is None:
            self._refuse_revoked(name, version)
            raise NotFoundError(f"there is no method {name!r}", remedy=closest(name, self.names()))
        wanted = version or self._meant(name, versions)
        method = versions.get(wanted)
        if method is None:
            self._refuse_revoked(name, wanted)
            raise NotFoundError(
                f"there is no version {wanted} of the method {name!r}",
                remedy=f"use one of: {', '.join(sorted(versions, key=version_rank))}",
            )
        if isinstance(method, FomrepoError):
            raise method
        if method.deprecated:
            warnings.warn(f"{name} {wanted} is deprecated: {method.deprecated}", FutureWarning, stacklevel=2)
        pin = self._pins.get(name)
        if pin is not None and pin.version == wanted and pin.digest != method.digest:
            raise MethodNotTrustedError(
                f"the method {name} {wanted} is not the one that was locked",
                remedy="find out why; to accept it, lock anew: fomrepo method lock FILE",
                facts={"locked": pin.digest, "offered": method.digest},
            )
        return method

    def _refuse_revoked(self, name: str, version: str | None) -> None:
        """Say that a method was revoked, if it was; the newest of its name where no version is asked for."""
        gone = [one for of, one in self._revoked if of == name and version in (None, one)]
        if gone:
            raise MethodNotTrustedError(
                f"the method {name} {gone[-1]} was revoked: {self._revoked[name, gone[-1]]}",
                remedy="use another one: fomrepo method list; see which of your results it touched: "
                f"fomrepo method tainted {name}",
            )

    def _meant(self, name: str, versions: Mapping[str, PublishedMethod | FomrepoError]) -> str:
        pin = self._pins.get(name)
        return max(versions, key=lambda one: _rank(one, versions[one])) if pin is None else pin.version

    def _fresh(self) -> dict[str, dict[str, PublishedMethod | FomrepoError]]:
        with self._lock:
            if self._known is None or self._known < self._newest:
                request = methods_pb2.ListMethodsRequest(known_snapshot=self._known or 0)
                reply = self._connection.ask(lambda site: site.methods.ListMethods, request)
                if self._known is None or reply.snapshot != self._known:
                    self._methods = _by_name(reply)
                    meant = {n: self._methods[n].get(self._meant(n, self._methods[n])) for n in sorted(self._methods)}
                    self._meant_by_name = {n: one for n, one in meant.items() if isinstance(one, PublishedMethod)}
                    self._revoked = {(one.name, one.version): one.reason for one in reply.revoked}
                self._known = self._newest = reply.snapshot
            return self._methods


def closest(name: str, known: list[str]) -> str:
    """Remedy for a name that does not exist: the closest ones, or all."""
    close = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else f"there are: {', '.join(known) or 'none'}"


def _rank(version: str, method: PublishedMethod | FomrepoError) -> tuple[bool, tuple[int, ...]]:
    """Order in which a bare name prefers versions: those in use before those that are deprecated, then the newest."""
    return isinstance(method, FomrepoError) or not method.deprecated, version_rank(version)


def _by_name(reply: methods_pb2.ListMethodsReply) -> dict[str, dict[str, PublishedMethod | FomrepoError]]:
    """Read schemas; one that cannot be read is kept as the error that says why, and spoils no other."""
    methods: dict[str, dict[str, PublishedMethod | FomrepoError]] = {}
    for message in reply.methods:
        try:
            source = json.loads(message.schema_json)
            name, version = str(source["name"]), str(source["version"])
            version_rank(version)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue  # it cannot even be named
        try:
            deprecated = (message.reason or "no reason was given") if message.state == "deprecated" else ""
            found: PublishedMethod | FomrepoError = PublishedMethod(
                schema_from_wire(message.schema_json), message.digest, deprecated
            )
        except BundleRefusedError as error:
            found = error
        methods.setdefault(name, {})[version] = found
    return methods
