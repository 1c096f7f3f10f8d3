"""What the vendors' SDKs of one make (OpenAI's and Anthropic's) have in common. Rule: their errors become ours here.

Both raise exceptions of the same names over the same HTTP client, and check little of what servers send.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from pipeline.providers import Delta, ProviderError, Reason
from pipeline.providers.socket import failed
from pipeline.providers.statuses import reason_of

KEPT_WARM_S: Final = 300.0
MOST_CONNECTIONS: Final = 10_000
REFUSED_REQUEST: Final = (400, 422)
STATUSES: Final = {"rate_limit_error": 429, "invalid_request_error": 400, "authentication_error": 401}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait: for the connection, for the first piece of a reply, and from each piece to the next."""

    connect_s: float = 3.0
    first_s: float = 10.0
    next_s: float = 8.0


class OptionRefusedError(Exception):
    """The server does not take this option of a request."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


@dataclass(frozen=True, slots=True)
class Asked:
    """Waits for one model's server, and tells what goes wrong in our words. `sdk` is the SDK's module."""

    sdk: Any
    provider: str
    model: str

    async def within(self, limit_s: float, answer: Awaitable[Any], options: Collection[str] = ()) -> Any:
        """Wait; raises ProviderError, and OptionRefusedError when one of these options is refused by name."""
        import httpx2

        sdk = self.sdk
        try:
            async with asyncio.timeout(limit_s):
                return await answer
        except TimeoutError:
            raise self.failed("stalled", "timeout", retryable=True) from None
        except sdk.APIStatusError as error:
            raise self._refused(error, options) from None
        except (sdk.APIConnectionError, httpx2.TransportError) as error:
            cause = error.__cause__ or error
            stalled = isinstance(cause, httpx2.ReadTimeout | httpx2.WriteTimeout | httpx2.PoolTimeout)
            reason: Reason = "stalled" if stalled else "unreachable"
            raise self.failed(reason, type(cause).__name__, retryable=True) from None
        except (sdk.APIResponseValidationError, httpx2.DecodingError, UnicodeDecodeError, json.JSONDecodeError):
            raise self.malformed() from None
        except sdk.APIError as error:
            raise self._broken_off(error) from None

    def read(self, take: Callable[[Any], list[Delta]], piece: Any) -> list[Delta]:
        """What a piece of a reply says; raises ProviderError when it is not what the protocol says."""
        try:
            return take(piece)
        except (AttributeError, TypeError, KeyError, ValueError):
            raise self.malformed() from None

    def malformed(self) -> ProviderError:
        """The server does not speak the protocol."""
        return self.failed("malformed", "not_what_the_protocol_says")

    def failed(self, reason: Reason, problem: str, *, retryable: bool = False) -> ProviderError:
        """The error to raise; the log names the server's own code, never its text."""
        structlog.get_logger().warning("language_model_failed", model=self.model, reason=reason, problem=problem)
        return ProviderError(self.provider, reason, retryable=retryable)

    def _refused(self, error: Any, options: Collection[str]) -> Exception:
        status, code = error.status_code, code_of(error.body)
        if status in REFUSED_REQUEST:
            words = json.dumps(error.body, default=str)
            for option in options:
                if option in words:
                    return OptionRefusedError(option)
        # An error in mid-stream comes under the status with which the stream began.
        status = status if status >= 400 else STATUSES.get(code, 500)
        reason, retryable = reason_of(status, code)
        return self.failed(reason, f"{status} {code}".strip(), retryable=retryable)

    def _broken_off(self, error: Any) -> ProviderError:
        """An error in mid-stream; gateways put the status there that the response itself can no longer have."""
        code = code_of(error.body)
        reason, retryable = reason_of(int(code), None) if code.isdecimal() else ("internal", True)
        return self.failed(reason, f"in mid-stream {code}".strip(), retryable=retryable)


@contextmanager
def openai_errors(provider: str) -> Iterator[None]:
    """Whatever goes wrong with OpenAI's SDK in it becomes a ProviderError."""
    import httpx2
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        reason, retryable = reason_of(error.status_code, error.code)
        raise failed(provider, reason, str(error.status_code), retryable=retryable) from None
    except (openai.APIConnectionError, httpx2.TransportError) as error:
        cause = error.__cause__ or error
        stalled = isinstance(cause, httpx2.TimeoutException)
        raise failed(provider, "stalled" if stalled else "unreachable", type(cause).__name__, retryable=True) from None
    except (openai.APIResponseValidationError, httpx2.DecodingError) as error:
        raise failed(provider, "malformed", type(error).__name__) from None
    except openai.OpenAIError as error:
        raise failed(provider, "internal", type(error).__name__, retryable=True) from None


def code_of(body: Any) -> str:
    """The server's own word for an error, when it is one word."""
    body = body.get("error", body) if isinstance(body, dict) else {}
    code = (body.get("code") or body.get("type") or "") if isinstance(body, dict) else ""
    return str(code) if str(code).replace("_", "").replace("-", "").isalnum() and len(str(code)) <= 64 else ""


async def touched(client: Any, url: str, limit_s: float) -> None:
    """Have a connection to this address open and idle in the client's pool, if that can be had; never raises."""
    import httpx2

    # A group holds what the attempts for each of a name's addresses ended in.
    with suppress(TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ExceptionGroup):
        async with asyncio.timeout(limit_s):
            # Any answer will do. The key stays at home: an address that moved would be given it.
            await client.head(url)


def http_limits(timeouts: Timeouts) -> tuple[Any, Any]:
    """How many connections are kept for how long, and the HTTP client's own limits of time."""
    import httpx2

    # Between two turns of a conversation lie more than httpx2's five idle seconds.
    limits = httpx2.Limits(
        max_connections=MOST_CONNECTIONS, max_keepalive_connections=100, keepalive_expiry=KEPT_WARM_S
    )
    return limits, httpx2.Timeout(timeouts.first_s + timeouts.next_s, connect=timeouts.connect_s)
