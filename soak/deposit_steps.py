"""The steps of a deposit at which it can be killed: between each of them and the next something is on a disk, or told.

A step is the moment just before or just after a function of fomrepo; in a process that was told to die there, that
function is replaced by one that kills the process with SIGKILL, as a power cut would.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fomrepo.client.deposit
import fomrepo.client.deposit_in_place
import fomrepo.site.examine
import fomrepo.site.single_pass
import fomrepo.vault.objects
from fomrepo.catalog.deposits import Deposits
from fomrepo.client.deposit_folder import FolderDeposit
from fomrepo.client.deposit_memory import MEMORY_NAME, DepositMemory, Remembered
from fomrepo.site.deposit import DepositDesk
from fomrepo.site.single_pass import SinglePass
from fomrepo.vault.objects import ObjectStore
from fomrepo.vault.receive import IncomingFile


def _always(*_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a deposit."""

    #: ``before`` or ``after`` the function.
    when: str
    #: Class or module that has the function, and its name there.
    owner: Any
    function: str
    #: Which calls of the function are meant, by their positional arguments.
    matches: Callable[..., bool] = _always


def _of_folder(_: Path, flags: int) -> bool:
    return bool(flags & os.O_DIRECTORY)


def _of_file(_: Path, flags: int) -> bool:
    return not flags & os.O_DIRECTORY


def _of_report(_: Path, target: Path) -> bool:
    return target.suffix == ".report"


def _of_place(_: Path, target: Path) -> bool:
    return target.suffix == ".place"


def _of_path(_: Any, message: Mapping[str, Any]) -> bool:
    return "path" in message


def _of_memory(_: Path, target: Path) -> bool:
    return target.name == MEMORY_NAME


def _of_nothing(_: DepositMemory, remembered: Remembered) -> bool:
    return not remembered.deposit


def _of_record(_: DepositMemory, remembered: Remembered) -> bool:
    return bool(remembered.accession)


#: At the site, of files that it copies, in their order. Who deposits in one command or by folders meets the same ones,
#: but for the revision.
SITE_STEPS: Mapping[str, Step] = {
    "draft opened, not told": Step("after", Deposits, "begin"),
    "draft revised, not told": Step("after", Deposits, "revise"),
    "part opened": Step("after", IncomingFile, "__enter__"),
    "bytes written": Step("after", IncomingFile, "write"),
    "all bytes there, not safe": Step("before", IncomingFile, "finish"),
    "bytes safe, not noted": Step("before", Deposits, "received"),
    "bytes noted, not told": Step("after", Deposits, "received"),
    "about to look": Step("before", fomrepo.site.examine, "run_probe"),
    "looked, report not kept": Step("before", Path, "rename", _of_report),
    "report kept": Step("after", Path, "rename", _of_report),
    "checked, not told": Step("after", DepositDesk, "_check"),
    "handed over": Step("after", Deposits, "probing"),
    "about to store": Step("before", ObjectStore, "keep"),
    "safe, not renamed": Step("after", fomrepo.vault.objects, "_sync", _of_file),
    "renamed, not safe": Step("before", fomrepo.vault.objects, "_sync", _of_folder),
    "one stored, others not": Step("after", ObjectStore, "keep"),
    "stored, not accepted": Step("before", Deposits, "accept"),
    "accepted, not yet announced": Step("after", Deposits, "accept"),
    "all done, not told": Step("after", DepositDesk, "_delete_parts"),
}

#: At the site, of files that stay where they lie, in their order.
PLACE_STEPS: Mapping[str, Step] = {
    "draft opened, not told": SITE_STEPS["draft opened, not told"],
    "handed over open": Step("before", SinglePass, "look"),
    "read, not looked at": Step("before", fomrepo.site.single_pass, "run_probe"),
    "looked, report not kept": SITE_STEPS["looked, report not kept"],
    "report kept": SITE_STEPS["report kept"],
    "place kept, bytes not noted": Step("after", Path, "rename", _of_place),
    "bytes noted, not told": SITE_STEPS["bytes noted, not told"],
    "checked, not told": SITE_STEPS["checked, not told"],
    "handed over": SITE_STEPS["handed over"],
    "stored, not accepted": SITE_STEPS["stored, not accepted"],
    "accepted, not yet announced": SITE_STEPS["accepted, not yet announced"],
    "all done, not told": SITE_STEPS["all done, not told"],
}

#: At the site, of a draft that is given up, and of a deposit that is refused, in their order.
ABANDON_STEPS: Mapping[str, Step] = {
    "about to give up": Step("before", Deposits, "abandon"),
    "given up, bytes there": Step("after", Deposits, "abandon"),
    "given up, not told": Step("after", DepositDesk, "abandon"),
}
REFUSAL_STEPS: Mapping[str, Step] = {
    "refused, not noted": Step("before", Deposits, "quarantine"),
    "refusal noted, bytes there": Step("after", Deposits, "quarantine"),
    "refused, not told": Step("after", DepositDesk, "_accept"),
}

#: Of a client that deposits a folder, in their order; ``amid a file`` is told by its progress.
FOLDER_STEPS: Mapping[str, Step | None] = {
    "draft opened, not remembered": Step("before", DepositMemory, "write"),
    "memory beside its place": Step("before", Path, "replace", _of_memory),
    "draft remembered": Step("after", DepositMemory, "write"),
    "handed over open": Step("after", fomrepo.client.deposit_in_place, "send_message", _of_path),
    "amid a file": None,
    "sent, not remembered": Step("before", DepositMemory, "note"),
    "one sent, others not": Step("after", DepositMemory, "note"),
    "pushed": Step("after", FolderDeposit, "push"),
    "checked": Step("after", FolderDeposit, "check"),
    "accepted, not remembered": Step("before", DepositMemory, "write", _of_record),
    "accepted, not told": Step("after", FolderDeposit, "submit"),
}

#: Of a client that deposits by one command.
COMMAND_STEPS: Mapping[str, Step | None] = {
    "draft opened": Step("after", fomrepo.client.deposit, "_site_of"),
    "handed over open": Step("after", fomrepo.client.deposit_in_place, "send_message", _of_path),
    "amid a file": None,
    "all sent": Step("after", fomrepo.client.deposit, "_upload_all"),
    "all registered": Step("after", fomrepo.client.deposit, "register_in_place"),
    "accepted, not told": Step("after", fomrepo.client.deposit, "_accepted"),
}

#: Of a client that gives a draft up.
GIVING_UP_STEPS: Mapping[str, Step | None] = {
    "given up, not forgotten": Step("before", DepositMemory, "write", _of_nothing),
    "given up, not told": Step("after", FolderDeposit, "abandon"),
}

#: To some steps clients come only where files stay in place; to others only where they are copied.
ONLY_IN_PLACE, ONLY_COPIED = frozenset({"handed over open", "all registered"}), frozenset({"amid a file", "all sent"})


def site_steps(form: str, *, in_place: bool) -> Mapping[str, Step]:
    """Steps of the site, in their order, of a deposit in one of the forms of ``soak.deposit_client``."""
    if form == "abandon":
        return ABANDON_STEPS
    return PLACE_STEPS if in_place else SITE_STEPS


def client_steps(form: str, *, in_place: bool) -> Mapping[str, Step | None]:
    """Steps of the client, in their order, of a deposit in one of the forms of ``soak.deposit_client``."""
    found = {"folder": FOLDER_STEPS, "command": COMMAND_STEPS, "abandon": GIVING_UP_STEPS}[form]
    absent = ONLY_COPIED if in_place else ONLY_IN_PLACE
    return {name: step for name, step in found.items() if name not in absent}


def die_at(steps: Mapping[str, Step | None], is_due: Callable[[str], bool]) -> None:
    """Let this process kill itself at the first of these steps for which ``is_due`` says so."""
    for name, step in steps.items():
        if step is not None:
            function = getattr(step.owner, step.function)
            setattr(step.owner, step.function, _mortal(function, step, functools.partial(is_due, name)))


def die() -> None:
    """Die without another word."""
    os.kill(os.getpid(), signal.SIGKILL)


def _mortal(function: Callable[..., Any], step: Step, is_due: Callable[[], bool]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        due = step.matches(*arguments) and is_due()
        if due and step.when == "before":
            die()
        answer = function(*arguments, **named)
        if due:
            die()
        return answer

    return called
