"""Who is let in, and as whose call: the Door (door.hpp) as settings and trunks have it. Rule: SIP thread only."""

import secrets
from typing import Any, Final

import pjsua2 as pj

from telephony.settings import SipSettings, Trunk
from telephony.sip.invite import bare_host_of
from telephony.trunk_settings import network_of

SILENCE: Final = 0
FORBIDDEN: Final = 403


class Doorkeeper:
    """Stands at the door from libInit on."""

    def __init__(self, settings: SipSettings, trunks: tuple[Trunk, ...]) -> None:
        self._settings = settings
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._lines = {trunk.name: secrets.token_hex(8) for trunk in trunks}
        self._accounts: dict[str, int] = {}
        self._heard: dict[str, dict[str, None]] = {trunk.name: {} for trunk in trunks}
        self._door: Any = pj.Door(secrets.token_hex(16))
        self._left = (0, 0)

    def stand(self) -> None:
        """Nobody but who is expected passes from now on."""
        settings = self._settings
        self._door.refuse_strangers(FORBIDDEN if settings.strangers == "forbid" else SILENCE)
        # A carrier that finds us again after an outage may fill all lines at once.
        burst = settings.max_calls + settings.new_calls_per_s
        self._door.limit(settings.new_calls_per_s, burst, settings.retry_after_s)
        if not self._door.stand():
            raise RuntimeError("the SIP library takes no door")
        self.tell_load(0, is_open=True)

    def line_of(self, trunk: str) -> str:
        """The secret that our Contact bears at this trunk's registrar."""
        return self._lines[trunk]

    def expect(self, trunk: str, account: int) -> None:
        """Requests of this trunk belong to this account."""
        self._accounts[trunk] = account
        if not self._trunks[trunk].challenge:
            self._door.expect_line(self._lines[trunk], account)
            for name in self._trunks[trunk].certificate_names:
                self._door.expect_certificate(name, account)
        self._tell_addresses()

    def expect_direct(self, account: int) -> None:
        """Whoever else may call, calls by this account."""
        self._accounts[""] = account
        self._tell_addresses()

    def heard_from(self, trunk: str, address: str) -> None:
        """The trunk has answered from there, so its calls may come from there."""
        heard = self._heard[trunk]
        if address and address not in heard:
            heard[address] = None
            self._tell_addresses()

    def tell_load(self, calls: int, *, is_open: bool) -> None:
        """What OPTIONS are told from now on."""
        self._door.tell_load(calls, self._settings.max_calls, is_open)

    def leave(self) -> None:
        """The endpoint closes."""
        self._left = self.turned_away
        self._door = None

    @property
    def turned_away(self) -> tuple[int, int]:
        """Requests of strangers, and calls above a source's rate, since the start."""
        return (self._door.strangers(), self._door.throttled()) if self._door else self._left

    def _tell_addresses(self) -> None:
        """Trunks in their order, then everybody else: the first that fits counts."""
        for account in self._accounts.values():
            self._door.forget_addresses(account)
        for name, account in self._accounts.items():
            if name:
                self._tell_trunk(self._trunks[name], account)
        for word in self._settings.allow if "" in self._accounts else ():
            self._door.expect_address(*_parts(word), "", self._accounts[""])

    def _tell_trunk(self, trunk: Trunk, account: int) -> None:
        if trunk.challenge and trunk.password is not None:
            for network in trunk.allow or ("0.0.0.0/0",):
                self._door.expect_password(*_parts(network), trunk.username, trunk.password.reveal(), account)
            return
        addresses = [bare_host_of(uri) for uri in (*trunk.servers, trunk.proxy or "")]
        words = dict.fromkeys((*map(str, trunk.networks), *filter(network_of, addresses), *self._heard[trunk.name]))
        for word in words:
            self._door.expect_address(*_parts(word), trunk.username, account)


def _parts(word: str) -> tuple[str, int]:
    network: Any = network_of(word)
    return str(network.network_address), network.prefixlen
