"""Files are objects: call methods on trajectories where the data is.

Examples
--------
>>> import fomrepo
>>> repo = fomrepo.connect()                               # doctest: +SKIP
>>> traj = repo["FOM-402917"]["adk_dims.dcd"]              # doctest: +SKIP
>>> traj.rmsd(select="name CA", step=2).rmsd               # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo import errors
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import FomrepoError

if TYPE_CHECKING:
    from fomrepo.client.repository import Repository
    from fomrepo.client.results.result import Result

__all__ = ["FomrepoError", "connect", "errors", "fetch", "load"]

# Before grpc is loaded, which reads it once: its own log would write into the user's terminal what our errors say.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


@short_tracebacks
def connect(
    address: str | Sequence[str] | None = None,
    *,
    token: str | None = None,
    ca: str | Path | None = None,
    profile: str | None = None,
    methods: str | Path | None = None,
) -> Repository:
    """Connect to a federation through any of its sites.

    What is not given comes from the environment (``FOMREPO_ADDRESS``, ``FOMREPO_TOKEN``, ``FOMREPO_CA``), else from the
    profile that ``fomrepo login`` wrote. If a site does not answer, the next one is asked, also amid a call.

    Parameters
    ----------
    address
        ``host:port`` of a site, several with commas between them, or a list of them.
    token
        Access token, ``fom_...``.
    ca
        Certificate of the federation's authority: a path, or the PEM text itself.
    profile
        Name of the profile to use; ``default`` if None.
    methods
        Path of a lock file that pins the versions of methods, as :meth:`Repository.lock_methods` writes it.

    Returns
    -------
    Repository
        Usable as a context manager.

    Raises
    ------
    SettingsError
        If an address or a token is missing.
    NotAuthenticatedError
        If the token is not valid.
    SiteUnreachableError
        If no site answers.
    """
    from fomrepo.client.repository import open_repository  # grpc is loaded when it is needed, not on import

    return open_repository(address, token=token, ca=ca, profile=profile, methods=methods)


@short_tracebacks
def fetch(
    path: str, *files: str, repo: Repository | None = None, profile: str | None = None, verbose: bool = False
) -> tuple[Path, ...]:
    """Fetch files of a record, in the order in which ``MDAnalysis.Universe`` takes them: the topology first.

    They come once, by their content, into a cache that is shared by all programs of yours, and are verified; what was
    used least is dropped when it grows beyond 20 GiB (``FOMREPO_CACHE_GIB``). Read them; do not write into them.

    Parameters
    ----------
    path
        Accession or path of a record, ``FOM-402917``, or of a file in it, ``FOM-402917/adk_dims.dcd``.
    *files
        Files of it; without any, all its trajectories. The topology comes without being named.
    repo
        Where to ask; as :func:`connect` does without arguments if None.
    profile
        Profile to connect with, if ``repo`` is None.
    verbose
        Whether to show a progress bar.

    Returns
    -------
    tuple of pathlib.Path
        Of the topology and of the trajectories on it, or of the one file that tells its atoms itself.

    Raises
    ------
    ArgumentError
        If the files make no Universe, or several.
    DigestMismatchError
        If the bytes that came are not those of the record.

    Examples
    --------
    >>> MDAnalysis.Universe(*fomrepo.fetch("FOM-402917"))      # doctest: +SKIP
    """
    from fomrepo.client.fetch import fetch_paths  # grpc is loaded when it is needed, not on import

    if repo is not None:
        return fetch_paths(repo, path, files, verbose=verbose)
    with connect(profile=profile) as own:
        return fetch_paths(own, path, files, verbose=verbose)


@short_tracebacks
def load(path: str | Path) -> Result:
    """Read a result that :meth:`Result.save` wrote; no site is asked.

    Parameters
    ----------
    path
        Of a ``.safetensors`` or ``.nc`` file.

    Returns
    -------
    Result
        Of the type that it had: the same bytes in its arrays, the same units and provenance. Large files are mapped,
        not read.

    Raises
    ------
    FileRefusedError
        If the file is damaged, or its fields are not what its method declares. Not checked: whether the method that it
        names made it. Whoever can write a file can say so.

    Examples
    --------
    >>> traj.rmsd().save("rmsd.safetensors")                   # doctest: +SKIP
    >>> fomrepo.load("rmsd.safetensors").units["rmsd"]         # doctest: +SKIP
    'angstrom'
    """
    from fomrepo.client.results.loading import load as load_result  # numpy is loaded when it is needed, not on import

    return load_result(Path(path))
