"""Ordinary troubles of the commands that make calls, in one line. Rule: a fault of ours keeps its traceback."""

import errno
from pathlib import Path

from pipeline.providers import ProviderError
from telephony.doctor_network import ports_in_the_way
from telephony.leg import CallRefusedError
from telephony.settings import Settings
from telephony.state.private_redis import RedisServerError

ORDINARY = (RedisServerError, CallRefusedError, ProviderError, OSError)
NO_LISTENER = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)


def told(error: Exception, settings: Settings) -> str | None:
    """What is wrong, where, and what to do; None when this is no ordinary trouble."""
    match error:
        case RedisServerError():
            return f"no state can be kept: {error}"
        case CallRefusedError():
            return f"the call was not placed: {error}"
        case ProviderError(provider="silero"):
            file = settings.providers.models_dir / "silero_vad.onnx"
            return f"the speech model {file} cannot be used (run the set-up again, or correct providers.models_dir)"
        case ProviderError():
            return f"a provider does not start: {error} (`offhook doctor` says more)"
        case OSError(errno=code, filename=None) if code in NO_LISTENER:
            return _no_listener(error, settings)
        case _:
            return None


def _no_listener(error: OSError, settings: Settings) -> str:
    """The port and who holds it; by now all ports of our own are closed again."""
    for found in ports_in_the_way(settings.sip, Path("/proc")):
        return f"{found.subject}: {found.found} ({found.remedy})"
    return f"{error.strerror} (stop what holds it, or choose another address or port in the settings)"
