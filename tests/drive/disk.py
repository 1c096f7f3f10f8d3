"""A disk that is full, and what is open on it. Rule: real limits, and the kernel's own word."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files grow no larger than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def is_open(path: Path) -> bool:
    """Whether this process has the file open."""
    for opened in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if opened.readlink() == path:
                return True
    return False
