"""Methods as they lie in the catalog, brought together with what was signed about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fomrepo.catalog import Catalog
from fomrepo.catalog.methods import MethodRow
from fomrepo.errors import MethodNotTrustedError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.statements import MethodState, SignedMethod
from fomrepo.model.trust import ENVIRONMENT_LOCK, ListedEnvironment, ListedMethod, MethodList, TrustRoot
from fomrepo.site.trust import VerifiedMethod, verify_method, verify_verdict

#: Name and version.
Key = tuple[str, str]

#: Which state goes before which.
_SEVERITY = (MethodState.PUBLISHED, MethodState.DEPRECATED, MethodState.REVOKED)


@dataclass(frozen=True, slots=True)
class KnownMethod:
    """A method that was verified, whether it may run or was revoked."""

    verified: VerifiedMethod
    signed: SignedMethod
    state: MethodState = MethodState.PUBLISHED
    #: Why it is deprecated or revoked.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the catalog holds at one moment, and what of it is true."""

    known: Mapping[Key, KnownMethod]
    refused: Mapping[Key, MethodNotTrustedError]


class MethodReader:
    """Reads methods out of the catalog, and verifies each once for the approvals and the root that it has.

    Parameters
    ----------
    catalog
        Nothing in it is believed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._root: TrustRoot | None = None
        self._known: dict[MethodRow, KnownMethod] = {}

    def read(self, root: TrustRoot) -> Shelf:
        """Read all methods, by the rules of a root.

        Keys that their owners, or operators, have called revoked in the catalog count no more, before the root says so:
        such a word takes trust away, and gives none.
        """
        root = _without(root, self._catalog.keys.revoked())
        if root != self._root:
            self._root, self._known = root, {}
        known: dict[Key, KnownMethod] = {}
        refused: dict[Key, MethodNotTrustedError] = {}
        rows = self._catalog.methods.published()
        for row in rows:
            try:
                known[row.name, row.version] = self._known.get(row) or self._verify(row, root)
            except MethodNotTrustedError as error:
                refused[row.name, row.version] = error
        self._known = {row: known[row.name, row.version] for row in rows if (row.name, row.version) in known}
        for verdict in self._catalog.methods.verdicts():
            key = verdict.statement.name, verdict.statement.version
            try:
                said = verify_verdict(verdict, root)
            except MethodNotTrustedError:
                continue
            if key in known and known[key].verified.bundle.digest == said.bundle_digest:
                known[key] = with_state(known[key], MethodState(said.state), said.reason)
        return Shelf(known, refused)

    def _verify(self, row: MethodRow, root: TrustRoot) -> KnownMethod:
        signed = SignedMethod(self._catalog.methods.bundle(row.id) or b"", row.approvals)
        verified = verify_method(signed, root)
        schema = verified.bundle.schema
        if (schema.name, schema.version) != (row.name, row.version):
            raise MethodNotTrustedError(
                f"the method {row.name} {row.version} is {schema.name} {schema.version} in truth",
                remedy="tell the operators of the federation; nothing was run",
            )
        return KnownMethod(verified, signed)


def with_state(known: KnownMethod, state: MethodState, reason: str) -> KnownMethod:
    """Make a method deprecated or revoked; a state never becomes a milder one."""
    worse = _SEVERITY.index(state) > _SEVERITY.index(known.state)
    return replace(known, state=state, reason=reason) if worse else known


def listed(known: KnownMethod) -> ListedMethod:
    """Spell a method as the list has it."""
    schema, packed = known.verified.bundle.schema, known.signed.bundle
    return ListedMethod(
        name=schema.name,
        version=schema.version,
        sha256=sha256_hex(packed),
        size=len(packed),
        environment_digest=known.verified.environment_digest,
        state=known.state,
        reason=known.reason,
    )


def following_list(shelf: Shelf, last: MethodList, locks: Iterable[str]) -> MethodList:
    """The list that follows the last one: what was approved or judged since, and the environments that came with it.

    What is listed stays listed, with its digest; only its state may get worse.

    Parameters
    ----------
    shelf
        What the catalog holds.
    last
        The newest list.
    locks
        Digests of the locks of environments that the catalog has.
    """
    there = set(locks)
    methods = dict(last.methods)
    environments = list(last.environments)
    named = {one.lock_digest for one in environments}
    for key, known in shelf.known.items():
        fresh = listed(known)
        if (old := methods.get(key)) is not None:
            if old.sha256 == fresh.sha256 and _SEVERITY.index(fresh.state) > _SEVERITY.index(old.state):
                methods[key] = replace(old, state=fresh.state, reason=fresh.reason)
            continue
        if fresh.environment_digest not in named:
            if fresh.environment_digest not in there:
                continue  # nobody has its environment's lock
            schema = known.verified.bundle.schema
            environments.append(ListedEnvironment(schema.environment, fresh.environment_digest, official=False))
            named.add(fresh.environment_digest)
        methods[key] = fresh
    unchanged = methods == last.methods and len(environments) == len(last.environments)
    return last if unchanged else MethodList(last.version + 1, methods, tuple(environments))


def brought_locks(shelf: Shelf) -> dict[str, tuple[str, bytes]]:
    """Locks that approved methods bring along: digest -> name of the environment, and content."""
    found = {}
    for known in shelf.known.values():
        bundle = known.verified.bundle
        lock = bundle.files.get(ENVIRONMENT_LOCK)
        if lock is not None and sha256_hex(lock) == known.verified.environment_digest:
            found[known.verified.environment_digest] = (bundle.schema.environment, lock)
    return found


def _without(root: TrustRoot, revoked: Mapping[str, float]) -> TrustRoot:
    gone = {
        key: replace(root.reviewers[key], revoked=int(when)) for key, when in revoked.items() if key in root.reviewers
    }
    return replace(root, reviewers={**root.reviewers, **gone}) if gone else root
