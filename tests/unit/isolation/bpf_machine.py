"""Python models of what the kernel does with a filter: one runs the program, one reads the rules."""

import errno
import struct

from fomrepo.isolation.seccomp import Allow, AllowValues, AllowWithoutBits, Answer, Rule
from fomrepo.isolation.syscalls import NEWEST_CONSIDERED, Architecture

KILL, ALLOW, ERROR = 0x80000000, 0x7FFF0000, 0x00050000


def run_program(program: bytes, number: int, audit_token: int, arguments: tuple[int, ...]) -> int:
    """Interpret a filter program on one system call, as the kernel's BPF machine does."""
    data = struct.pack("<IIQ6Q", number, audit_token, 0x7F0000001234, *arguments)
    instructions = list(struct.iter_unpack("<HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, value = instructions[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x45:
                at += if_true if accumulator & value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(f"an instruction that the generator does not make: {code:#x}")


def decide(
    rules: tuple[Rule, ...], architecture: Architecture, number: int, token: int, arguments: tuple[int, ...]
) -> int:
    """Say what a list means, straight from the rules."""
    if token != architecture.audit_token:
        return KILL
    if architecture.foreign_from is not None and number >= architecture.foreign_from:
        return KILL
    for rule in rules:
        if architecture.number(rule.syscall) != number:
            continue
        match rule:
            case Allow():
                return ALLOW
            case Answer(error=error):
                return ERROR | error
            case AllowValues(argument=argument, values=values, otherwise=otherwise):
                return ALLOW if arguments[argument] % 2**32 in values else ERROR | otherwise
            case AllowWithoutBits(argument=argument, bits=bits, not_together=several):
                all_set = bool(several) and all(arguments[argument] & bit for bit in several)
                return ERROR | errno.EPERM if arguments[argument] & bits or all_set else ALLOW
    return ERROR | (errno.ENOSYS if number > NEWEST_CONSIDERED else errno.EPERM)
