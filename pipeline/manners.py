"""How an agent behaves towards its caller, as a route may wish. Rule: values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manners:
    """How an agent on a call takes turns with its caller.

    When both speak: with `two_step` it waits until it is clear what the caller means, `verdict_ms` at most, and yields
    or goes on; otherwise it yields at once. `backchannels` are phrases of a listener beside those that every language
    has. With `protect_greeting` speech does not interrupt what it says first.

    `speculation` is the largest share of a call's tokens that may be wasted on answers begun before it is certain that
    they are wanted; 0 begins none. With `echo_guard` its own voice, which a speakerphone sends back, does not
    interrupt it.
    """

    two_step: bool = True
    verdict_ms: int = 600
    backchannels: tuple[str, ...] = ()
    protect_greeting: bool = False
    speculation: float = 0.5
    echo_guard: bool = True
