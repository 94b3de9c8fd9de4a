"""Whom a federation trusts, and what it lists: the contents of the signed root and of the signed list of methods.

Who signs these documents, how often, and how a site convinces itself of them: fomrepo/site/trusted_list.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from fomrepo.errors import NotFoundError
from fomrepo.model.canonical import is_digest, sha256_hex
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import MethodState

#: File of a bundle that brings its own environment: a lock, which its reviewers approve with it.
ENVIRONMENT_LOCK = "environment.lock"

#: Most approvals that a policy may ask for: a federation has tens of reviewers, not hundreds.
LARGEST_POLICY = 20

_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ReviewerKey:
    """A key whose owner may approve methods."""

    #: Ed25519, 32 bytes.
    public: bytes
    #: User who owns it.
    name: str
    #: Where they work; empty if nobody said.
    institution: str = ""
    #: Whether its approval suffices alone: keys that the root's holders drew for one publication, and threw away.
    alone: bool = False
    #: Seconds since 1970: what it signed later does not count. None: it is in use.
    retired: int | None = None
    #: Seconds since 1970: nothing that it ever signed counts any more. None: it was not revoked.
    revoked: int | None = None

    @property
    def id(self) -> str:
        """Id of the key."""
        return key_id(self.public)

    def vouches_at(self, signed: int) -> bool:
        """Whether a signature of that time counts."""
        return self.revoked is None and (self.retired is None or signed <= self.retired)


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What a method needs before it runs."""

    #: Approvals by different reviewers, the author not among them.
    approvals: int = 1
    #: Whether one of them must come from another institution than the author.
    other_institution: bool = False


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """Whom the holders of the root keys trust."""

    #: Counts up from 1.
    version: int
    #: By id of the key.
    reviewers: Mapping[str, ReviewerKey]
    policy: TrustPolicy = field(default_factory=TrustPolicy)

    def to_document(self) -> dict[str, Any]:
        """Spell it as it stands in the signed root."""
        return {
            "reviewers": [asdict(one) | {"public": one.public.hex()} for one in self.reviewers.values()],
            "policy": asdict(self.policy),
        }

    @classmethod
    def from_document(cls, version: int, document: Mapping[str, Any]) -> TrustRoot:
        """Read what :meth:`to_document` wrote.

        Raises
        ------
        ValueError
            If it is anything else.
        """
        found = [
            ReviewerKey(**{**entry, "public": bytes.fromhex(_matching(_PUBLIC_KEY, entry["public"]))})
            for entry in document["reviewers"]
        ]
        policy = TrustPolicy(**document["policy"])
        if type(policy.approvals) is not int or not 1 <= policy.approvals <= LARGEST_POLICY:
            raise ValueError(f"a policy of {policy.approvals!r} approvals")
        return cls(version, {one.id: one for one in found}, policy)


@dataclass(frozen=True, slots=True)
class ListedMethod:
    """A method as the signed list has it."""

    name: str
    version: str
    #: SHA-256 and size of the packed bundle, in bytes.
    sha256: str
    size: int
    #: SHA-256 of the lock file of the environment that it was approved for.
    environment_digest: str
    state: MethodState = MethodState.PUBLISHED
    #: Why it is deprecated or revoked; empty otherwise.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ListedEnvironment:
    """A guest environment as the signed list has it."""

    name: str
    #: SHA-256 of its lock file.
    lock_digest: str
    #: Whether operators added it; others came with a method that reviewers approved.
    official: bool


@dataclass(frozen=True, slots=True)
class MethodList:
    """What a federation lists as published."""

    #: Counts up from 1.
    version: int
    #: By name and version.
    methods: Mapping[tuple[str, str], ListedMethod]
    #: Later ones of a name replace earlier ones for drafts; methods keep the one that they were approved for.
    environments: tuple[ListedEnvironment, ...] = ()

    def environment(self, name: str) -> ListedEnvironment | None:
        """Environment that a draft gets under a name: the official one that was added last."""
        return next((one for one in reversed(self.environments) if one.name == name and one.official), None)


class HowNew(NamedTuple):
    """How new what a site knows of the registry is; the greater one is the newer one."""

    #: Versions of the root, and of the list, which begins anew under a new root.
    root: int
    listed: int
    #: Changes of the registry that it has heard of, not all of them listed yet; not signed.
    changes: int


def key_id(public: bytes) -> str:
    """Id of a public key: its SHA-256."""
    return sha256_hex(public)


def environment_of(listed: MethodList, bundle: Bundle) -> ListedEnvironment:
    """Environment that a bundle gets when it is approved: the one that it brings, else the official one of its name.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    name, lock = bundle.schema.environment, bundle.files.get(ENVIRONMENT_LOCK)
    found = listed.environment(name) if lock is None else ListedEnvironment(name, sha256_hex(lock), official=False)
    if found is None:
        official = sorted({one.name for one in listed.environments if one.official})
        raise NotFoundError(
            f"there is no guest environment {name!r}, which {bundle.schema.name} needs",
            remedy=f"name one of {', '.join(official)} in method.toml, or bring its lock along as {ENVIRONMENT_LOCK}",
        )
    return found


def environments_to_document(environments: Sequence[ListedEnvironment]) -> list[dict[str, Any]]:
    """Spell environments as they stand in the signed list."""
    return [asdict(one) for one in environments]


def environments_from_document(document: Sequence[Mapping[str, Any]]) -> tuple[ListedEnvironment, ...]:
    """Read what :func:`environments_to_document` wrote.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    found = tuple(ListedEnvironment(**entry) for entry in document)
    if not all(is_digest(one.lock_digest) for one in found):
        raise ValueError("an environment without a digest")
    return found


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no public key")
    return text
