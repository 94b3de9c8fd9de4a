"""What a holder sees and may ask of the kernel: what a guest does, and what it takes to fork children."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.isolation import bwrap, filters
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import CHILDREN_AT_ONCE, RunLimits, holder_limits, holder_resource_limits
from fomrepo.isolation.orders import HoldOrder, InputFile, RunOrder
from fomrepo.isolation.policy import guest_policy, holder_policy
from fomrepo.isolation.seccomp import AllowValues


@pytest.fixture
def order(tmp_path: Path) -> HoldOrder:
    for name in ("library", "packages"):
        (tmp_path / name).mkdir()
    for name in ("python", "libc.so.6", "data.psf"):
        (tmp_path / name).write_bytes(b"")
    environment = GuestEnvironment(
        "mdanalysis",
        "00",
        tmp_path / "python",
        (tmp_path / "library",),
        (tmp_path / "libc.so.6",),
        tmp_path / "packages",
    )
    inputs = (InputFile(tmp_path / "data.psf", "universe.topology.psf"),)
    return HoldOrder("1", environment, inputs, b"{}", RunLimits(), holder_memory_bytes=1 << 30)


def test_a_holder_sees_what_a_method_sees_but_no_method(order, tmp_path):
    (tmp_path / "bundle").mkdir()
    run = RunOrder("1", "method", order.environment, tmp_path / "bundle", order.inputs, order.limits, b"{}")
    cold, held = guest_policy(run), holder_policy(order)
    assert held.binds == tuple(bind for bind in cold.binds if bind.inside != "/method")
    assert replace(held, binds=cold.binds, kind="guest") == cold


def test_the_harness_is_all_of_ours_that_a_holder_sees(order):
    assert [bind.source for bind in holder_policy(order).binds if bind.inside.startswith("/harness")] == [
        installed_folder("sandbox")
    ]


def test_an_input_of_a_holder_that_is_a_link_is_refused(order, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="not a regular file"):
        holder_policy(replace(order, inputs=(InputFile(tmp_path / "link", "x"),)))


def test_only_a_holder_may_make_user_namespaces_and_has_its_filter(order):
    held = holder_policy(order)
    arguments = bwrap.bwrap_arguments(held, "/usr/bin/bwrap")
    as_guest = bwrap.bwrap_arguments(replace(held, kind="guest"), "/usr/bin/bwrap")
    assert "--disable-userns" in as_guest
    assert "--disable-userns" not in arguments
    assert " ".join(("--perms", "0444", "--file", "8", "/harness/holder-filter.bpf")) in " ".join(arguments)
    assert "/harness/holder-filter.bpf" not in as_guest


def test_a_spare_sees_no_data_and_has_room_for_some(order):
    held, spare = holder_policy(order), holder_policy(replace(order, inputs=(), room_bytes=1 << 20))
    assert replace(spare, room_bytes=0) == replace(held, binds=held.binds[:-1])
    arguments = " ".join(bwrap.bwrap_arguments(spare, "/usr/bin/bwrap"))
    assert "--size 1048576 --perms 0755 --tmpfs /in " in arguments
    assert arguments.index("--tmpfs /in ") < arguments.index("--remount-ro / ")
    assert "--tmpfs /in " not in " ".join(bwrap.bwrap_arguments(held, "/usr/bin/bwrap"))


@pytest.mark.parametrize("room_bytes", [0, 1 << 20])
def test_an_order_survives_the_way_to_the_warden(order, room_bytes):
    order = replace(order, room_bytes=room_bytes)
    assert HoldOrder.from_plain(order.to_plain()) == replace(order, request=b"")


def test_a_holder_may_clone_children_and_threads_and_nothing_else():
    allowed = 0x7C020011, filters.CLONE_OF_A_THREAD
    for rules in (filters.HOLDER_BASE_FILTER, filters.HOLDER_FILTER):
        (clone,) = (rule for rule in rules if rule.syscall == "clone")
        assert clone == AllowValues("clone", 0, allowed)


def test_what_a_holder_may_beyond_a_guest_is_named():
    more = {rule.syscall for rule in filters.HOLDER_FILTER} - {rule.syscall for rule in filters.SECOND_FILTER}
    assert more == {
        *("recvmsg", "dup2", "dup3", "close_range", "setsid", "capset", "wait4", "pidfd_open", "ftruncate"),
        *("seccomp", "sched_setscheduler"),
    }
    first = {rule.syscall for rule in filters.HOLDER_BASE_FILTER} - {rule.syscall for rule in filters.BASE_FILTER}
    assert first == {"recvmsg", "close_range", "setsid", "capset", "pidfd_open", "sched_setscheduler", "memfd_create"}


def test_whatever_the_second_filter_allows_the_ones_below_it_allow_too():
    """Filters add up: a child of a holder has all three, and must be no less than a cold guest."""
    below = {rule.syscall: rule for rule in filters.HOLDER_FILTER}
    for rule in filters.SECOND_FILTER:
        held = below[rule.syscall]
        same = held == rule
        wider = isinstance(rule, AllowValues) and isinstance(held, AllowValues) and set(rule.values) <= set(held.values)
        assert same or wider, rule
    assert {rule.syscall for rule in filters.HOLDER_FILTER} <= {rule.syscall for rule in filters.HOLDER_BASE_FILTER}


def test_the_limits_of_a_holder_leave_room_for_those_of_its_children():
    child = RunLimits(memory_bytes=1 << 28, processes=5, open_files=6)
    limits = holder_limits(1 << 30, child)
    assert (limits.memory_bytes, limits.processes) == (1 << 30, CHILDREN_AT_ONCE * 6)
    kernel = dict(holder_resource_limits(1 << 30, child))
    assert kernel[resource.RLIMIT_AS] == (1 << 30) + (1 << 28) + (2 << 30)
    assert kernel[resource.RLIMIT_FSIZE] == 1 << 30, "the memory file with the frames"
    assert kernel[resource.RLIMIT_NPROC] == CHILDREN_AT_ONCE * 6
    assert kernel[resource.RLIMIT_CORE] == 0
