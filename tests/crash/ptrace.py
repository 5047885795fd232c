"""A child process that stops before and after its system calls, as ptrace(2) makes it.

strace can inject a signal too, but only when a call begins, and it counts for each thread by itself. Here all
threads count together, a call can be killed on either side, and nothing has to be installed. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from typing import NamedTuple, NoReturn

_TRACEME, _SYSCALL, _SETOPTIONS, _GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
# Tell system calls from signals, follow forks and threads, and let no tracee outlive us.
_OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000
_ALL_THREADS = 0x40000000
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_ENTRY = 1

# The calls that others can notice: they change a file or a lock, or reach a network. (Reading an opened file,
# or waiting, leaves nothing behind: a death there is a death after the last call of these.)
_CALLS = {
    "x86_64": {
        1: "write",
        18: "pwrite64",
        20: "writev",
        42: "connect",
        44: "sendto",
        45: "recvfrom",
        46: "sendmsg",
        47: "recvmsg",
        73: "flock",
        74: "fsync",
        75: "fdatasync",
        77: "ftruncate",
        82: "rename",
        83: "mkdir",
        87: "unlink",
        257: "openat",
        258: "mkdirat",
        263: "unlinkat",
        264: "renameat",
        316: "renameat2",
    },
    "aarch64": {
        32: "flock",
        34: "mkdirat",
        35: "unlinkat",
        38: "renameat",
        46: "ftruncate",
        56: "openat",
        64: "write",
        66: "writev",
        68: "pwrite64",
        82: "fsync",
        83: "fdatasync",
        203: "connect",
        206: "sendto",
        207: "recvfrom",
        211: "sendmsg",
        212: "recvmsg",
        276: "renameat2",
    },
}


class Stop(NamedTuple):
    """The child stands ``before`` or after ``call``."""

    call: str
    before: bool


class _Information(ctypes.Structure):
    """``struct ptrace_syscall_info``, as far as it is looked at."""

    _fields_ = (
        ("operation", ctypes.c_uint8),
        ("padding", ctypes.c_uint8 * 3),
        ("architecture", ctypes.c_uint32),
        ("instruction", ctypes.c_uint64),
        ("stack", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    )


def _ptrace(request: int, task: int, address: int = 0, data: object = None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long
    result: int = library.ptrace(request, task, address, data)
    return result


def available() -> bool:
    """Whether this machine lets a process trace its child."""
    if platform.system() != "Linux" or platform.machine() not in _CALLS:
        return False
    calls: list[Stop] = []
    status = traced(lambda: os.write(os.open(os.devnull, os.O_WRONLY), b"x") - 1, calls.append)
    return status == 0 and Stop("write", before=True) in calls


def traced(work: Callable[[], int], kill: Callable[[Stop], object]) -> int:
    """Do ``work`` in a child and ask ``kill`` at every stop whether it ends there, by SIGKILL.

    Args:
        work: returns the child's exit code.
        kill: called with each stop, in the order in which the kernel tells of them.

    Returns:
        The child's wait status.
    """
    child = os.fork()
    if not child:
        _work(work)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        return status  # tracing is not allowed here, and the work is done
    _ptrace(_SETOPTIONS, child, 0, _OPTIONS)
    _ptrace(_SYSCALL, child)
    inside: dict[int, str] = {}
    while True:
        task, status = os.waitpid(-1, _ALL_THREADS)
        if not os.WIFSTOPPED(status):
            if task == child:
                return status
            continue
        stop = _stop(task, inside) if os.WSTOPSIG(status) == _SYSCALL_STOP else None
        if stop and kill(stop):
            os.kill(child, signal.SIGKILL)
        else:
            _ptrace(_SYSCALL, task, 0, _signal(status))


def _work(work: Callable[[], int]) -> NoReturn:
    """The child's part. It ends without what an interpreter does at its end."""
    code = 125
    try:
        if _ptrace(_TRACEME, 0) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        code = work()
    finally:
        os._exit(code)


def _stop(task: int, inside: dict[int, str]) -> Stop | None:
    """What the task stands at; None where nobody could notice. Only the entry into a call names it."""
    information = _Information()
    _ptrace(_GET_SYSCALL_INFO, task, ctypes.sizeof(information), ctypes.byref(information))
    if information.operation != _ENTRY:
        call = inside.pop(task, None)
        return Stop(call, before=False) if call else None
    call = _CALLS[platform.machine()].get(information.number)
    if call is None or (call == "openat" and not information.arguments[2] & os.O_CREAT):
        return None
    inside[task] = call
    return Stop(call, before=True)


def _signal(status: int) -> int:
    """The signal to hand on; what tracing itself sends is kept back."""
    number, event = os.WSTOPSIG(status), status >> 16
    return 0 if event or number in {_SYSCALL_STOP, signal.SIGSTOP, signal.SIGTRAP} else number
