"""What a shell offers after a dot, a bracket and a question mark, by the library's own means."""

from __future__ import annotations

import pydoc
import rlcompleter
from itertools import count, takewhile

import fomrepo
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository


def completions(text: str, **names: object) -> set[str]:
    """What the Tab key offers in Python's own shell."""
    completer = rlcompleter.Completer(names)
    return set(takewhile(bool, (completer.complete(text, number) for number in count())))


def test_methods_are_offered_after_a_dot(traj: RemoteFile) -> None:
    assert completions("traj.rms", traj=traj) == {"traj.rmsd(", "traj.rmsd_between("}
    assert completions("traj.submit.rms", traj=traj) == {"traj.submit.rmsd(", "traj.submit.rmsd_between("}
    assert completions("traj.uni", traj=traj) == {"traj.universe("}


def test_fields_of_a_result_are_offered(traj: RemoteFile) -> None:
    assert {"r.rmsd", "r.times", "r.to_pandas("} <= completions("r.", r=traj.rmsd())


def test_names_are_offered_in_brackets(repo: Repository, traj: RemoteFile) -> None:
    assert traj.record._ipython_key_completions_() == ["adk.psf", "adk_dims.dcd"]
    assert "rmsd" in traj.methods._ipython_key_completions_()


def test_help_shows_what_a_method_takes_and_gives(traj: RemoteFile) -> None:
    text = pydoc.plain(pydoc.render_doc(traj.rmsd))
    assert "rmsd(*, select: str = 'backbone', cutoff: float = 3.5, kind: str = 'plain'" in text
    assert "Root mean square deviation" in text
    assert "``rmsd`` : float64 (frame), angstrom" in text


def test_help_shows_how_data_is_got_out() -> None:
    for one in (fomrepo.fetch, RemoteFile.universe, RemoteFile.download):
        text = pydoc.plain(pydoc.render_doc(one))
        assert "Returns" in text
        assert "Raises" in text
