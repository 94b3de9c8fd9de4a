"""The compiled filters say what their lists say."""

import errno
import random

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation import filters, syscalls
from fomrepo.isolation.seccomp import (
    Allow,
    AllowValues,
    AllowWithoutBits,
    Answer,
    compile_filter,
)
from fomrepo.isolation.syscalls import ARCHITECTURES, SYSCALLS, this_architecture
from tests.unit.isolation.bpf_machine import ALLOW, ERROR, KILL, decide, run_program

LISTS = {
    "base": filters.BASE_FILTER,
    "second": filters.SECOND_FILTER,
    "holder base": filters.HOLDER_BASE_FILTER,
    "holder": filters.HOLDER_FILTER,
}


def _values(rule):
    match rule:
        case AllowValues(values=values):
            return values
        case AllowWithoutBits(bits=bits, not_together=several):
            return (bits, *several, sum(several))
        case _:
            return (0,)


X86_64, AARCH64 = ARCHITECTURES["x86_64"], ARCHITECTURES["aarch64"]
#: Values on which rules may turn, and their neighbours.
TELLING = sorted(
    {
        near
        for rules in LISTS.values()
        for rule in rules
        for value in _values(rule)
        for near in (value, value + 1, value | 1 << 32, value | 1 << 63)
    }
)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
@pytest.mark.parametrize("name", LISTS)
def test_the_program_agrees_with_the_rules_on_random_calls(name, architecture):
    rules, draw = LISTS[name], random.Random(20260101)
    program = compile_filter(rules, architecture)
    for _ in range(20_000):
        number = draw.choice([draw.randrange(480), draw.randrange(2**32), 0x40000000 + draw.randrange(480)])
        token = draw.choice([architecture.audit_token] * 8 + [0x40000003, draw.randrange(2**32)])
        arguments = tuple(draw.choice([draw.choice(TELLING), draw.randrange(2**64)]) % 2**64 for _ in range(6))
        assert run_program(program, number, token, arguments) == decide(rules, architecture, number, token, arguments)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
@pytest.mark.parametrize("name", LISTS)
def test_the_program_agrees_with_the_rules_on_every_named_call(name, architecture):
    rules = LISTS[name]
    program, token = compile_filter(rules, architecture), architecture.audit_token
    for number in {architecture.number(each) for each in SYSCALLS} - {None}:
        for value in TELLING:
            arguments = (value % 2**64,) * 6
            assert run_program(program, number, token, arguments) == decide(
                rules, architecture, number, token, arguments
            )


@pytest.mark.parametrize("name", LISTS)
def test_the_foreign_conventions_of_x86_64_kill(name):
    program = compile_filter(LISTS[name], X86_64)
    thirty_two_bit, x32_getpid = 0x40000003, 0x40000000 + 39
    assert run_program(program, 20, thirty_two_bit, (0,) * 6) == KILL
    assert run_program(program, x32_getpid, X86_64.audit_token, (0,) * 6) == KILL


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("clone", (0x003D0F00,), ALLOW),
        ("clone", (17,), ERROR | errno.EPERM),
        ("clone", (0x003D0F00 | 0x10000000,), ERROR | errno.EPERM),
        ("clone3", (), ERROR | errno.ENOSYS),
        ("execve", (), ERROR | errno.EPERM),
        ("openat", (0, 0, 0o2000000), ALLOW),
        ("openat", (0, 0, 1), ERROR | errno.EPERM),
        ("openat", (0, 0, 0o100), ERROR | errno.EPERM),
        ("openat", (0, 0, 0o20200000), ERROR | errno.EPERM),
        ("ioctl", (0, 0x5412), ERROR | errno.EPERM),
        ("ioctl", (0, 0x1_0000_5412), ERROR | errno.EPERM),
        ("ioctl", (0, 0x1_0000_5401), ALLOW),
        ("mmap", (0, 4096, 3, 0x22), ALLOW),
        ("mmap", (0, 4096, 1, 0x01), ALLOW),
        ("mmap", (0, 4096, 3, 0x21), ERROR | errno.EPERM),
        ("mmap", (0, 4096, 3, 0x4023), ERROR | errno.EPERM),
        ("mmap", (0, 4096, 3, 0x40022), ERROR | errno.EPERM),
        ("futex", (0, 128), ALLOW),
        ("futex", (0, 9 | 128 | 256), ALLOW),
        ("futex", (0, 9 | 256), ERROR | errno.EAGAIN),
        ("futex", (0, 6 | 128), ERROR | errno.EAGAIN),
        ("getsockopt", (3, 1, 77), ERROR | errno.EPERM),
        ("sendto", (3, 0, 1, 1), ERROR | errno.EPERM),
        ("fcntl", (0, 6), ERROR | errno.EPERM),
        ("prctl", (4,), ERROR | errno.EPERM),
        ("tgkill", (1, 1), ALLOW),
        ("tgkill", (2, 2), ERROR | errno.EPERM),
        ("prlimit64", (7,), ERROR | errno.EPERM),
        ("seccomp", (1,), ERROR | errno.EPERM),
    ],
)
def test_what_method_code_may_ask(call, arguments, expected):
    program = compile_filter(filters.SECOND_FILTER, X86_64)
    number = X86_64.number(call)
    assert number is not None
    assert run_program(program, number, X86_64.audit_token, (*arguments, *(0,) * (6 - len(arguments)))) == expected


@pytest.mark.parametrize(("lower", "upper"), [("base", "second"), ("holder base", "holder"), ("holder", "second")])
def test_a_list_allows_nothing_that_the_one_below_it_refuses(lower, upper):
    base, second = (compile_filter(LISTS[name], X86_64) for name in (lower, upper))
    for number in range(480):
        for value in (0, 1, *TELLING):
            arguments = (value % 2**64,) * 6
            if run_program(second, number, X86_64.audit_token, arguments) == ALLOW:
                assert run_program(base, number, X86_64.audit_token, arguments) == ALLOW, number


def test_a_small_list_compiles_to_known_instructions():
    bits = (AllowWithoutBits("openat", 2, 3), AllowWithoutBits("mmap", 3, 64, (1, 32)))
    bits = (*bits, AllowValues("futex", 1, (128,), otherwise=11))
    rules = (Allow("read"), AllowValues("ioctl", 1, (5,)), *bits, Answer("flock", 38))
    program = compile_filter(rules, AARCH64)
    assert len(program) % 8 == 0
    assert [program[at : at + 8].hex() for at in range(0, len(program), 8)] == [
        "2000000004000000", "15000100b70000c0", "0600000000000080", "2000000000000000",
        "150000013f000000", "060000000000ff7f",
        "150000041d000000", "2000000018000000", "1500000105000000", "060000000000ff7f", "0600000001000500",
        "1500000438000000", "2000000020000000", "4500010003000000", "060000000000ff7f", "0600000001000500",
        "15000007de000000", "2000000028000000", "4500040040000000",
        "4500010001000000", "060000000000ff7f", "4500010020000000", "060000000000ff7f", "0600000001000500",
        "1500000462000000", "2000000018000000", "1500000180000000", "060000000000ff7f", "060000000b000500",
        "1500000120000000", "0600000026000500",
        "35000001d4010000", "0600000026000500", "0600000001000500",
    ]  # fmt: skip


def test_two_rules_for_one_call_are_refused():
    with pytest.raises(ValueError, match="two rules"):
        compile_filter((Allow("read"), Allow("read")), X86_64)


def test_a_program_beyond_the_kernels_limit_is_refused():
    with pytest.raises(ValueError, match="the kernel takes 4096"):
        compile_filter((AllowValues("ioctl", 1, tuple(range(3000))),), X86_64)


def test_an_unknown_architecture_is_refused(monkeypatch):
    monkeypatch.setattr(syscalls.platform, "machine", lambda: "riscv64")
    with pytest.raises(SandboxUnavailableError, match="riscv64"):
        this_architecture()
