"""Strangers read the API's own document and ask for all that it allows, and for much that it does not.

Rule: every operation of the document is asked, none is left out, and the same is asked in every run.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from telephony.control.openapi import document
from telephony.secret import AccessKey, Secret
from telephony.settings import ControlSettings, MediaSettings, ProviderSettings, Settings
from tests.drive.offhook import DESK, House, a_house, chosen
from tests.drive.web import KEY, SECRET, Application, address, an_application, http, until

Operation = APIOperation[Any, Any, Any, Any]

REQUESTS_EACH: Final = 12
AUTHORIZATION: Final = {"Authorization": f"Bearer {KEY}"}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    ignored_auth,
]
KEPT: Final = {"model": "scripted/desk", "instructions": "It is night."}
# What a request must name rightly to be carried out, and no schema can tell.
SENSE: Final[dict[str, Any]] = {
    "agent": "desk",
    "trunk": None,
    "session": KEPT,
    "version": None,
    "model": "scripted/desk",
    "target_uri": "sip:staff@127.0.0.1",
    "sip_headers": {"X-Order": "17"},
}
OPERATIONS: Final = sorted(
    (path, method) for path, operations in document(None)["paths"].items() for method in operations
)


@dataclass
class Town:
    """A house and an application, with calls in each state."""

    house: House
    application: Application
    client: httpx.AsyncClient

    async def live(self) -> str:
        placed = await self.client.post("/v1/calls", json={"to": self.house.phone.uri, "agent": "desk"})
        call_id: str = placed.json()["id"]
        await until(self.client, f"/v1/calls/{call_id}", lambda call: call["state"] == "answered")
        return call_id

    async def ringing(self) -> str:
        await self.house.phone.dial(self.house.uri("300"))
        return (await self.application.is_told()).data.call_id

    async def over(self) -> str:
        call_id = await self.live()
        await self.client.post(f"/v1/realtime/calls/{call_id}/hangup")
        await until(
            self.client, f"/v1/calls/{call_id}", lambda call: bool(call["state"] == "ended" and call["recorded"])
        )
        return call_id

    async def call_for(self, operation: Operation) -> str:
        """A call in the state that this operation is for."""
        match operation.path.rpartition("/")[2], operation.method:
            case "accept" | "reject", _:
                return await self.ringing()
            case "recording", "get":
                return await self.over()
        return await self.live()


def at_home(tmp_path: Path, application: Application) -> Settings:
    webhook = f'[[route]]\ndid = "300"\nwebhook = "{application.url}"\n'
    return chosen(
        tmp_path,
        webhook + DESK,
        control=ControlSettings(port=0, keys=(AccessKey(KEY),), webhook_secret=Secret(SECRET)),
        media=MediaSettings(recordings_dir=tmp_path / "recordings"),
        providers=ProviderSettings(llm="scripted/desk"),
    )


@contextlib.asynccontextmanager
async def a_town(tmp_path: Path) -> AsyncIterator[Town]:
    async with an_application() as application, a_house(at_home(tmp_path, application)) as house:

        async def answer() -> None:
            while True:
                (await house.phone.rings()).answer()

        answering = asyncio.create_task(answer())
        async with http(address(house)) as client:
            yield Town(house, application, client)
        answering.cancel()


def ask(operation: Operation, mode: GenerationMode, there: dict[str, str], to: str) -> list[int]:
    """Send what Hypothesis thinks of, in part about what is there; the status codes that came back."""
    statuses: list[int] = []
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @settings(max_examples=REQUESTS_EACH, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers_as_promised(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and len(statuses) % 2:
            case.path_parameters.update({name: there[name] for name in case.path_parameters})
            if isinstance(case.body, dict):
                sense = SENSE | {"to": to}
                case.body.update({name: sense[name] for name in case.body if name in sense})
        statuses.append(case.call_and_validate(headers=AUTHORIZATION, checks=checks, timeout=15).status_code)

    answers_as_promised()
    return statuses


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_promises(tmp_path: Path) -> None:
    asked: dict[tuple[str, str], list[int]] = {}
    async with a_town(tmp_path) as town:
        schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{address(town.house)}/openapi.json")
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation: Operation = found.ok()
            await town.client.put("/v1/agents/night", json={"session": KEPT})
            for mode in GenerationMode:
                there = {"call_id": await town.call_for(operation), "name": "night"}
                statuses = await asyncio.to_thread(ask, operation, mode, there, town.house.phone.uri)
                asked.setdefault((operation.path, operation.method), []).extend(statuses)
                await town.client.post(f"/v1/realtime/calls/{there['call_id']}/hangup")

    assert sorted(asked) == OPERATIONS
    carried_out = {where for where, statuses in asked.items() if any(status < 300 for status in statuses)}
    refused = {where for where, statuses in asked.items() if any(400 <= status < 500 for status in statuses)}
    assert (set(OPERATIONS) - carried_out, set(OPERATIONS) - refused) == (set(), set())


async def test_a_line_break_behind_a_name_is_no_part_of_it(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        call = f"/v1/calls/{await town.live()}"
        wish = {"to": town.house.phone.uri, "agent": "desk"}
        answers = [
            await town.client.post(f"{call}/digits", json={"digits": "12\n"}),
            await town.client.post("/v1/calls", json=wish | {"caller": "12\n"}),
            await town.client.post("/v1/agents", json={"name": "late\n", "session": KEPT}),
        ]

    assert [(answer.status_code, answer.json()["error"]["param"]) for answer in answers] == [
        (400, "digits"),
        (400, "caller"),
        (400, "name"),
    ]
