"""Keys of reviewers, what they say against published methods, and whom that touches, at the site that is asked."""

from __future__ import annotations

from contextlib import suppress

from fomrepo.catalog.keys import PublishedKey
from fomrepo.errors import ArgumentError, MethodNotTrustedError, NotAllowedError, NotFoundError
from fomrepo.model.keys import LABEL_LIMIT, KeyEntry, KeyState, TaintedOperation
from fomrepo.model.people import Principal
from fomrepo.model.statements import KeyStatement, MethodState, Verdict
from fomrepo.model.submissions import SubmissionState, check_remark
from fomrepo.model.trust import TrustRoot
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.trust import signature_holds, verify_verdict


class KeyDesk:
    """Answers whoever has keys."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site

    def publish(
        self, principal: Principal, public: bytes, *, label: str, replaces: str, signature: bytes, of_old: bytes
    ) -> KeyEntry:
        """Publish a key of the caller's, who proves to have it, and the one that it is to replace.

        Raises
        ------
        ArgumentError
            If it is no key, or a proof does not hold.
        """
        if len(label) > LABEL_LIMIT or not label.isprintable():
            raise ArgumentError("this cannot label a key", remedy=f"use at most {LABEL_LIMIT} printable characters")
        claim = KeyStatement(principal.name, public.hex(), replaces).to_bytes()
        if not signature_holds(public, signature, claim):
            raise ArgumentError("the key does not sign that it is yours", remedy="publish it anew: fomrepo key publish")
        known = {one.id: one for one in self._site.catalog.keys.all() if one.owner == principal.name}
        if replaces and (replaces not in known or not signature_holds(known[replaces].public, of_old, claim)):
            raise ArgumentError(
                f"the key {replaces[:16]} does not sign that it is to be replaced",
                remedy="if it is lost, revoke it, and publish the new one alone: fomrepo key publish",
            )
        key_id = self._site.catalog.keys.publish(principal.id, public, label=label, replaces=replaces or None)
        return next(one for one in self.listed(principal) if one.id == key_id)

    def listed(self, principal: Principal) -> list[KeyEntry]:
        """Keys of the caller, and those of all reviewers."""
        return key_entries(self._site.registry.snapshot().root, self._site.catalog.keys.all(), owner=principal.name)

    def revoke(self, principal: Principal, key_id: str) -> tuple[KeyEntry, tuple[str, ...]]:
        """Revoke a key of the caller's; says which methods have too few approvals by that.

        Raises
        ------
        NotFoundError
            If it is no key of the caller's.
        """
        before = self._site.registry.snapshot()
        self._site.catalog.keys.revoke(key_id, principal_id=principal.id)
        after = self._site.registry.snapshot()
        logger.info("key revoked", key=key_id)
        lost = tuple(" ".join(one) for one in sorted(before.methods.keys() - after.methods.keys()))
        return next(one for one in self.listed(principal) if one.id == key_id), lost

    def judge(self, principal: Principal, verdict: Verdict) -> MethodState:
        """Deprecate or revoke a method.

        1. The verdict is the caller's own, and says what can be said. 2. Its signature holds under a key that the root
        lists. 3. It is about a method that is published. 4. It is kept; every site that reads it heeds it at once, and
        the next list says so for good.

        Raises
        ------
        NotFoundError, NotAllowedError, ArgumentError, MethodNotTrustedError
            By the step that failed.
        """
        said, registry = verdict.statement, self._site.registry
        if said.reviewer != principal.name:
            raise NotAllowedError(f"you are {principal.name}, and {said.reviewer} signed this")
        if said.state not in (MethodState.DEPRECATED, MethodState.REVOKED):
            raise ArgumentError(f"a method cannot be judged {said.state[:40]!r}", remedy="say deprecated or revoked")
        check_remark(said.reason, "reason")
        snapshot = registry.snapshot()
        verify_verdict(verdict, snapshot.root)
        if verdict.key_id in self._site.catalog.keys.revoked():
            raise MethodNotTrustedError(f"the key {verdict.key_id[:16]} was revoked", remedy="sign with another one")
        known = snapshot.known.get((said.name, said.version))
        if known is None or known.verified.bundle.digest != said.bundle_digest:
            raise NotFoundError(f"there is no method {said.name} {said.version}", remedy="fomrepo method list")
        catalog = self._site.catalog
        catalog.methods.judge(verdict)
        with suppress(NotFoundError):  # it was published by the founder, without a submission
            catalog.reviews.retire(said.name, said.version, principal.id, SubmissionState(said.state), said.reason)
        logger.info("judged", method=said.name, version=said.version, state=said.state)
        return registry.snapshot().known[said.name, said.version].state

    def tainted(self, principal: Principal, method: str) -> list[TaintedOperation]:
        """Operations of the caller whose answers were computed by methods that were revoked since, newest first."""
        revoked = self._site.registry.snapshot().revoked
        names = {
            f"{one.verified.bundle.schema.name} {one.verified.bundle.schema.version}"
            for one in revoked.values()
            if method in ("", one.verified.bundle.schema.name)
        }
        found = []
        for one in self._site.catalog.operations.answered_by(principal.id, sorted(names)) if names else ():
            used = one.provenance
            if used is not None and used.method_digest in revoked:
                files = tuple(f"{record}/{name}" for record, name, _ in used.inputs)
                reason = revoked[used.method_digest].reason
                found.append(TaintedOperation(one.id, used.method, used.version, one.created, reason, files))
        return found


def key_entries(root: TrustRoot, published: tuple[PublishedKey, ...], *, owner: str | None = None) -> list[KeyEntry]:
    """Bring together what was published and what the root says.

    Parameters
    ----------
    root
        Signed.
    published
        Not signed: such a row takes trust away, and gives none.
    owner
        Leave out what others published and the root does not list; None: leave out nothing.
    """
    found: dict[str, KeyEntry] = {}
    for one in published:
        state = KeyState.REVOKED if one.revoked is not None else KeyState.PUBLISHED
        if owner in (None, one.owner) or one.id in root.reviewers:
            found[one.id] = KeyEntry(one.id, one.owner, one.label, state, "", one.replaces or "", one.created)
    for key in root.reviewers.values():
        if key.alone:
            continue  # thrown away after one publication
        known = found.get(key.id, KeyEntry(key.id, key.name, "", KeyState.ACCEPTED))
        if KeyState.REVOKED is known.state or key.revoked is not None:
            state = KeyState.REVOKED
        else:
            state = KeyState.ACCEPTED if key.retired is None else KeyState.RETIRED
        found[key.id] = KeyEntry(key.id, key.name, known.label, state, key.institution, known.replaces, known.created)
    return sorted(found.values(), key=lambda one: (one.owner, one.created, one.id))
