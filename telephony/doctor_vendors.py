"""The vendors that agents and settings name, for `offhook doctor`: are their keys there, and do their servers answer?

Rule: nothing is asked that costs money, and a key goes to nobody but its vendor.
"""

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.realtime.config import SessionConfig
from telephony.finding import Finding, ok
from telephony.provider_table import WHAT, ProviderTable
from telephony.settings import Settings
from telephony.vendor_table import Layer, Vendor, key_remedy, lacks_key

ANSWER_S: Final = 5.0
REFUSED: Final = (401, 403)
NOT_FOUND: Final = 404


async def findings(settings: Settings, agents: Sequence[SessionConfig]) -> list[Finding]:
    """One finding for each address of each vendor that is used, or that the settings say something of."""
    used = dict.fromkeys(_used(settings, agents))
    return list(await asyncio.gather(*[_finding(settings, name, layer, vendor) for name, layer, vendor in used]))


def _used(settings: Settings, agents: Sequence[SessionConfig]) -> Iterator[tuple[str, Layer, Vendor]]:
    """Each vendor once for each of its addresses."""
    table, asked = ProviderTable(settings.providers, known=settings.known), set()
    configs = [*agents, SessionConfig()]
    for layer in WHAT:
        named = {each.entry.maker for config in configs for each in table.choices(layer, config)}
        named |= {name for name, told in settings.vendors.items() if told.url(layer)}
        for name in sorted(named & settings.known.vendors.keys()):
            vendor = settings.known.vendors[name]
            if vendor.protocol(layer) and (name, vendor.url(layer)) not in asked:
                asked.add((name, vendor.url(layer)))
                yield name, layer, vendor


async def _finding(settings: Settings, name: str, layer: Layer, vendor: Vendor) -> Finding:
    if lacks_key(name, vendor):
        default = any(each.partition("/")[0] == name for _, each in settings.providers.of(layer))
        return Finding(name, "fail" if default else "note", "there is no key", key_remedy(name))
    url = vendor.url(layer)
    speaks_chat = layer == "llm" and vendor.llm != "anthropic"
    key = vendor.api_key.reveal() if vendor.api_key and speaks_chat else None
    place = f"{url.rstrip('/')}/models" if speaks_chat else url
    code = await asyncio.to_thread(_status, place.replace("ws", "http", 1) if place.startswith("ws") else place, key)
    told = f"correct {_place(settings, name, layer)}"
    if code is None:
        return Finding(name, "fail", f"{url} cannot be reached", f"{told} or the network")
    if code in REFUSED and key:
        return Finding(name, "fail", f"{url} refuses the key ({code})", f"correct {_place(settings, name, 'api_key')}")
    if code == NOT_FOUND and speaks_chat:
        return Finding(name, "note", f"{place} is not there ({code})", f"{told}, unless chat works: most end in /v1")
    return ok(name, f"{url} answers ({code})")


def _place(settings: Settings, name: str, what: str) -> str:
    """Where a vendor's address or key is said: its line or variable when it is written down."""
    keys = [what] if what == "api_key" else [f"{what}_base_url", "base_url"]
    for key in keys:
        if settings.written.says(("vendor", name, key)):
            return settings.written.fault(("vendor", name, key), "").place
    return f"vendor.{name}.{keys[-1]}"


def _status(url: str, key: str | None) -> int | None:
    """The HTTP status of a GET; None when nobody answers. Redirects are not followed: they would take the key along."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as answer:
        return answer.code
    except (OSError, http.client.HTTPException):
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Leave the redirect as the answer."""
