"""The key of a result: a pure function of everything that the answer depends on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.operations import FrameRange
from fomrepo.model.results import ResolvedCall


def result_key(
    secret: bytes,
    call: ResolvedCall,
    *,
    method_digest: str,
    schema: Mapping[str, Any],
    arguments: Mapping[str, Any],
    frames: FrameRange | None,
    environment_digest: str,
) -> str:
    """Key under which the answer to a call is kept.

    An HMAC under the federation's secret, so that nobody who knows the question can tell from a key whether it was
    asked. Data enters by the digests of its content: changed bytes are another question.

    Parameters
    ----------
    secret
        The federation's; the same at each site.
    call
        Resolved to exact bytes; gives the scope (``public`` or the projects) and the digests.
    method_digest
        Of the bundle.
    schema
        The parsed ``method.toml``, whose result section types the answer.
    arguments
        Canonical, defaults filled in.
    frames
        Canonical; None for methods without frames.
    environment_digest
        Of the guest environment, which covers the harness.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    question = canonical_json(
        {
            "scope": call.scope,
            "inputs": [[one.file.digest, one.topology.digest if one.topology else None] for one in call.inputs],
            "method": method_digest,
            "arguments": dict(arguments),
            "frames": frames.canonical() if frames else None,
            "environment": environment_digest,
            "result": sha256_hex(canonical_json(schema.get("result"))),
        }
    )
    return hmac.new(secret, question, hashlib.sha256).hexdigest()
