"""UDP sockets whose packets carry the kernel's arrival time on CLOCK_MONOTONIC. Rule: when we look does not matter.

The kernel stamps each packet as it enters the receiving socket (SO_TIMESTAMPNS), on CLOCK_REALTIME. Both clocks are
slewed alike, so they differ by an offset that only a step of the wall clock changes. The offset is read once per look
at the sockets, between two readings of the monotonic clock; a reading that took longer than 20 us was interrupted, and
the offset before it is kept. So sent times, arrival times and every other time of a measurement are on one clock, also
across processes, to about a microsecond. On loopback a packet is stamped inside the sender's own system call.
"""

import socket
import struct
import time

SO_TIMESTAMPNS = 35
SO_RXQ_OVFL = 40
INTERRUPTED_NS = 20_000
PACKET_BYTES = 2_048
ANCILLARY_BYTES = 128
EVEN_PORT_TRIES = 64


class WallOffset:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, kept fresh."""

    def __init__(self) -> None:
        self.ns = time.time_ns() - time.monotonic_ns()
        for _ in range(8):
            self.look()

    def look(self) -> None:
        """Read both clocks again."""
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if after_ns - before_ns <= INTERRUPTED_NS:
            self.ns = wall_ns - (before_ns + after_ns) // 2


def open_socket(host: str) -> socket.socket:
    """A non-blocking UDP socket on an even port (RFC 3550 section 11) with time stamps and a count of overflow."""
    for _ in range(EVEN_PORT_TRIES):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((host, 0))
        if opened.getsockname()[1] % 2 == 0:
            break
        opened.close()
    else:
        raise OSError(f"no even UDP port is free on {host}")
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
    return opened


def stamps(ancillary: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    """Arrival on CLOCK_REALTIME in ns (0 without a stamp), and packets this socket has dropped so far."""
    wall_ns, dropped = 0, 0
    for _, kind, told in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, rest_ns = struct.unpack("qq", told)
            wall_ns = seconds * 1_000_000_000 + rest_ns
        elif kind == SO_RXQ_OVFL:
            dropped = struct.unpack("I", told)[0]
    return wall_ns, dropped
