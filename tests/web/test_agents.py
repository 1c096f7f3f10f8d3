"""Agents kept in Redis: written by an application, used by routes."""

from pathlib import Path

import httpx

from tests.drive.offhook import DESK, a_house, chosen, silence_after_speech
from tests.drive.web import address, http

NIGHT = {"model": "scripted/desk", "instructions": "It is night."}
KEPT = '[[route]]\ndid = "400"\nagent = "agent:night"\n'


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("error", {}).get("code")


async def test_an_agent_is_kept_changed_and_forgotten(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        made = await client.post("/v1/agents", json={"name": "night", "session": NIGHT})
        again = await client.post("/v1/agents", json={"name": "night", "session": NIGHT})
        read = await client.get("/v1/agents/night")
        body = {"session": NIGHT | {"instructions": "Be brief."}}
        changed = await client.put("/v1/agents/night", json=body, headers={"if-match": read.headers["etag"]})
        late = await client.put("/v1/agents/night", json=body, headers={"if-match": read.headers["etag"]})
        listed = (await client.get("/v1/agents")).json()["data"]
        gone = await client.delete("/v1/agents/night")
        missing = await client.get("/v1/agents/night")

    assert (made.status_code, made.json()["version"], told(again)) == (201, 1, (409, "agent_exists"))
    assert (changed.json()["version"], told(late)) == (2, (412, "version_conflict"))
    assert [(agent["name"], agent["source"]) for agent in listed] == [("desk", "dialplan"), ("night", "redis")]
    assert (gone.status_code, told(missing)) == (200, (404, "agent_not_found"))


async def test_an_agent_that_makes_no_sense_is_not_kept(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        answers = [
            await client.put("/v1/agents/night", json={"session": {"model": "scripted/nothing"}}),
            await client.put("/v1/agents/night", json={"session": {"instructons": "typo"}}),
            await client.put("/v1/agents/night", json={"session": {"tools": "all"}}),
            await client.put("/v1/agents/desk", json={"session": NIGHT}),
            await client.put("/v1/agents/a%20b", json={"session": NIGHT}),
            await client.put("/v1/agents/night", content=b"{"),
            await client.put("/v1/agents/night", content=b"[]"),
        ]
        kept = await client.get("/v1/agents/night")

    assert [told(answer) for answer in answers] == [
        (400, "invalid_value"),
        (400, "unknown_parameter"),
        (400, "invalid_value"),
        (409, "agent_in_dialplan"),
        (400, "invalid_value"),
        (400, "invalid_json"),
        (400, "invalid_value"),
    ]
    assert kept.status_code == 404


async def test_a_route_finds_its_agent_when_the_call_comes(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEPT + DESK)) as house, http(address(house)) as client:
        await client.put("/v1/agents/night", json={"session": NIGHT})
        call = await house.dial("400")
        await silence_after_speech(call)
        record = await house.record()

    assert (record.state, record.agent) == ("answered", "agent:night")
