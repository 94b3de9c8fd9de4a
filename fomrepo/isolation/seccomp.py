"""Rules about system calls, compiled to the kernel's filter programs.

A filter is an allow-list: what no rule names is refused with EPERM. The program is a plain chain of comparisons, which
anybody can follow beside the rules; the kernel remembers which calls are allowed whatever their arguments, so the chain
costs nothing at run time. Arguments are compared by their low 32 bits, because that is all that the kernel itself looks
at for the arguments named here (flags, commands, options).
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fomrepo.isolation.syscalls import NEWEST_CONSIDERED, Architecture

__all__ = ["Allow", "AllowValues", "AllowWithoutBits", "Answer", "Rule", "compile_filter"]


@dataclass(frozen=True, slots=True)
class Allow:
    """The call is allowed."""

    syscall: str


@dataclass(frozen=True, slots=True)
class AllowValues:
    """The call is allowed if one argument has one of these values."""

    syscall: str
    #: Position of the argument, from 0.
    argument: int
    #: Values of its low 32 bits.
    values: tuple[int, ...]
    #: What it answers otherwise, such as ``errno.EAGAIN``, on which a caller tries again.
    otherwise: int = errno.EPERM


@dataclass(frozen=True, slots=True)
class AllowWithoutBits:
    """The call is allowed if none of these bits is set in one argument, nor some others all at once."""

    syscall: str
    #: Position of the argument, from 0.
    argument: int
    #: Bits within the low 32.
    bits: int
    #: Single bits within the low 32, each of which may be set, but not all.
    not_together: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The call is not made and answers this error number."""

    syscall: str
    #: Such as ``errno.ENOSYS``, on which a caller falls back to an older call.
    error: int


Rule = Allow | AllowValues | AllowWithoutBits | Answer

# linux/seccomp.h: what a filter program returns.
KILL_PROCESS = 0x80000000
ERROR = 0x00050000
ALLOW = 0x7FFF0000

# linux/bpf_common.h: the five instructions that are needed.
LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
JUMP_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# struct seccomp_data: number, architecture, instruction pointer, six arguments. Both architectures are little-endian.
NUMBER_OFFSET = 0
ARCHITECTURE_OFFSET = 4
ARGUMENTS_OFFSET = 16

#: The kernel's BPF_MAXINSNS.
MAX_INSTRUCTIONS = 4096

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def compile_filter(rules: tuple[Rule, ...], architecture: Architecture) -> bytes:
    """Compile rules to an array of ``struct sock_filter``.

    Parameters
    ----------
    rules
        At most one rule a call. A call that the architecture lacks is left out.
    architecture
        Calls in any other convention kill the process.

    Returns
    -------
    bytes
        8 bytes an instruction, as ``bwrap --seccomp`` and ``seccomp(2)`` take them.

    Raises
    ------
    ValueError
        Two rules name one call, or the program is longer than the kernel takes.
    """
    named = [rule.syscall for rule in rules]
    if len(set(named)) != len(named):
        raise ValueError("two rules name one system call")
    program = list(_instructions(rules, architecture))
    if len(program) > MAX_INSTRUCTIONS:
        raise ValueError(f"the filter has {len(program)} instructions; the kernel takes {MAX_INSTRUCTIONS}")
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def _instructions(rules: tuple[Rule, ...], architecture: Architecture) -> Iterator[Instruction]:
    yield LOAD, 0, 0, ARCHITECTURE_OFFSET
    yield JUMP_IF_EQUAL, 1, 0, architecture.audit_token
    yield RETURN, 0, 0, KILL_PROCESS
    yield LOAD, 0, 0, NUMBER_OFFSET
    if architecture.foreign_from is not None:
        yield JUMP_IF_AT_LEAST, 0, 1, architecture.foreign_from
        yield RETURN, 0, 0, KILL_PROCESS
    for rule in rules:
        number = architecture.number(rule.syscall)
        if number is not None:
            body = list(_body(rule))
            yield JUMP_IF_EQUAL, 0, len(body), number
            yield from body
    yield JUMP_IF_AT_LEAST, 0, 1, NEWEST_CONSIDERED + 1
    yield RETURN, 0, 0, ERROR | errno.ENOSYS
    yield RETURN, 0, 0, ERROR | errno.EPERM


def _body(rule: Rule) -> Iterator[Instruction]:
    """Instructions for one call; each path through them ends in a return."""
    match rule:
        case Allow():
            yield RETURN, 0, 0, ALLOW
        case Answer(error=error):
            yield RETURN, 0, 0, ERROR | error
        case AllowWithoutBits(argument=argument, bits=bits, not_together=not_together):
            yield LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * argument
            allow = (RETURN, 0, 0, ALLOW)
            ways = [each for bit in not_together for each in ((JUMP_IF_ANY_BIT, 1, 0, bit), allow)] or [allow]
            yield JUMP_IF_ANY_BIT, len(ways), 0, bits
            yield from ways
            yield RETURN, 0, 0, ERROR | errno.EPERM
        case AllowValues(argument=argument, values=values, otherwise=otherwise):
            yield LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * argument
            for value in values:
                yield JUMP_IF_EQUAL, 0, 1, value
                yield RETURN, 0, 0, ALLOW
            yield RETURN, 0, 0, ERROR | otherwise
