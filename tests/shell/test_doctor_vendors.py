"""`offhook doctor` asks vendors' servers what can be asked for nothing; each story has a real server."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.realtime.config import SessionConfig
from telephony import doctor_vendors
from telephony.dialplan import Dialplan, parse
from telephony.finding import Finding
from telephony.settings import ProviderSettings, Secret, Settings, read
from telephony.vendor_table import Vendor
from tests.web.test_listeners import a_certificate

LLAMAS = ["llama-3.3-70b-versatile", "llama-3.1-8b-instant", "qwen3-32b"]


@dataclass
class Shelf:
    """A server of models: those that it lists, and those that it only knows when asked. `asked` has what was sent."""

    listed: list[str]
    unlisted: list[str] = field(default_factory=list)
    root: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1].partition("?")[0]
        self.asked.append((path, head))
        body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in self.listed]})
        known = path == "/v1/models" or path.removeprefix("/v1/models/") in self.unlisted
        _answer(writer, "200 OK" if known else "404 Not Found", body if known else "{}")


def _answer(writer: asyncio.StreamWriter, status: str, body: str = "") -> None:
    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
    writer.close()


@asynccontextmanager
async def a_shelf(*listed: str, unlisted: tuple[str, ...] = ()) -> AsyncIterator[Shelf]:
    shelf = Shelf(list(listed), list(unlisted))
    async with await asyncio.start_server(shelf.serve, "127.0.0.1", 0) as server:
        shelf.root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield shelf


@asynccontextmanager
async def a_web_server(answer: str, body: str = "", tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4_096)
        _answer(writer, answer, body)

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def about_vendors(agent: SessionConfig, settings: Settings) -> list[Finding]:
    return await doctor_vendors.findings(settings, Dialplan(agents={"one": agent}))


async def about_file(folder: Path, text: str, agents: str = "", environ: dict[str, str] | None = None) -> list[Finding]:
    """What is found by a settings file and a dialplan; places are told without the folder."""
    file = folder / "offhook.toml"
    file.write_text(text)
    found = await doctor_vendors.findings(read(file, environ or {}), parse(agents or "[agents.one]\n", "plan.toml"))
    return [Finding(each.subject, each.state, each.found, each.remedy.replace(f"{folder}/", "")) for each in found]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("200 OK", "note"),
        ("404 Not Found", "note"),
        ("302 Found\r\nlocation: http://127.0.0.1:1/", "ok"),
        ("401 Unauthorized", "fail"),
        ("503 Service Unavailable", "note"),
    ],
)
async def test_a_language_models_server_is_asked(answer: str, state: str) -> None:
    async with a_web_server(answer) as url:
        settings = Settings(vendors={"openai": Vendor(base_url=url, api_key=Secret("planted"))})
        (finding,) = await about_vendors(SessionConfig(model="openai/m"), settings)

    assert (finding.state, "planted" in str(finding)) == (state, False)


async def test_a_model_that_is_there_is_well() -> None:
    async with a_shelf(*LLAMAS) as shelf:
        settings = Settings(vendors={"groq": Vendor(base_url=shelf.url, api_key=Secret("gsk"))})
        found = await about_vendors(SessionConfig(model=f"groq/{LLAMAS[1]}"), settings)

    assert found == [Finding("groq", "ok", f"{shelf.url} answers (200)")]
    assert [(path, "Bearer gsk" in head) for path, head in shelf.asked] == [("/v1/models", True)]


async def test_a_model_that_is_not_there_is_named_with_its_lines_and_with_what_comes_close(tmp_path: Path) -> None:
    agents = '[agents.one]\nmodel = "hall/qwen"\n[agents.two]\nmodel = "hall/nothing-like-it"\n'
    async with a_shelf(*LLAMAS) as shelf:
        text = f"""[providers]
llm = ["hall/lama-3.3-70b-versatile", "scripted/reception"]
[aliases]
gpt-realtime = "hall/qwen"
[vendor.hall]
llm = "openai"
base_url = "{shelf.url}"
"""
        found = await about_file(tmp_path, text, agents)

    has_no = f"{shelf.url}/models has no model"
    assert found == [
        Finding("hall", "ok", f"{shelf.url} answers (200)"),
        Finding(
            "hall",
            "fail",
            f"{has_no} 'lama-3.3-70b-versatile'",
            "correct offhook.toml:2: providers.llm[1]: did you mean 'llama-3.3-70b-versatile' "
            "or 'llama-3.1-8b-instant'?",
        ),
        Finding(
            "hall",
            "note",
            f"{has_no} 'qwen'",
            "correct plan.toml:2: agents.one.model, offhook.toml:4: aliases.gpt-realtime: did you mean 'qwen3-32b'?",
        ),
        Finding(
            "hall",
            "note",
            f"{has_no} 'nothing-like-it'",
            f"correct plan.toml:4: agents.two.model: it has {', '.join(LLAMAS)}",
        ),
    ]


async def test_a_model_that_is_only_known_when_asked_for_is_well() -> None:
    async with a_shelf("llama3:latest", unlisted=("llama3",)) as shelf:
        settings = Settings(vendors={"ollama": Vendor(base_url=shelf.url)})
        found = await about_vendors(SessionConfig(model="ollama/llama3"), settings)

    assert [finding.state for finding in found] == ["ok"]
    assert [path for path, _ in shelf.asked] == ["/v1/models", "/v1/models/llama3"]


async def test_each_protocol_is_asked_in_its_own_way() -> None:
    async with a_shelf("claude-haiku-4-5-20251001", "models/gemini-3-flash") as shelf:
        vendors = {
            "anthropic": Vendor(base_url=shelf.root, api_key=Secret("sk-ant")),
            "google": Vendor(base_url=shelf.url, api_key=Secret("g-1")),
        }
        settings = Settings(
            vendors=vendors,
            providers=ProviderSettings(llm=("anthropic/claude-haiku-4-5-20251001", "google/gemini-3-flash")),
        )
        found = await about_vendors(SessionConfig(), settings)
        heads = [head.lower() for _, head in shelf.asked]

    assert [(finding.subject, finding.state) for finding in found] == [("anthropic", "ok"), ("google", "ok")]
    assert sorted(("x-api-key: sk-ant" in head, "bearer g-1" in head) for head in heads) == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("layer", ["stt", "tts"])
async def test_a_server_of_speech_without_a_list_of_models_is_not_blamed(layer: str, tmp_path: Path) -> None:
    protocol = {"stt": "openai-files", "tts": "openai"}[layer]
    async with a_web_server("404 Not Found") as url:
        text = f'[providers]\n{layer} = "hall/m"\n[vendor.hall]\n{layer} = "{protocol}"\nbase_url = "{url}"\n'
        (finding,) = await about_file(tmp_path, text)

    assert finding == Finding("hall", "ok", f"{url} answers (404)")


async def test_a_page_for_people_is_no_list_of_models(tmp_path: Path) -> None:
    async with a_web_server("200 OK", "<html>Welcome</html>") as url:
        (finding,) = await about_file(tmp_path, f'[vendor.hall]\nllm = "openai"\nbase_url = "{url}"\n')

    assert finding == Finding(
        "hall",
        "note",
        f"{url}/models is no list of models",
        "correct offhook.toml:3: vendor.hall.base_url, unless chat works",
    )


async def test_a_vendor_that_is_not_there_is_a_fault_at_the_line_of_its_address(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as holder:
        holder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{holder.getsockname()[1]}/v1"
        (finding,) = await about_file(tmp_path, f'[vendor.hall]\nllm = "openai"\nbase_url = "{url}"\n')

    assert finding == Finding(
        "hall",
        "fail",
        f"{url} cannot be reached: nobody listens there",
        "correct offhook.toml:3: vendor.hall.base_url or the network",
    )


async def test_an_address_that_a_variable_says_is_told_as_the_variables(tmp_path: Path) -> None:
    environ = {"OPENAI_BASE_URL": "http://nowhere.invalid/v1", "OPENAI_API_KEY": "sk"}

    (finding,) = await about_file(tmp_path, '[providers]\nllm = "openai/m"\n', environ=environ)

    assert finding.remedy == "correct environment: OPENAI_BASE_URL or the network"


async def test_the_scheme_of_an_address_is_told_when_it_is_the_other_one(tmp_path: Path) -> None:
    certificate, key = await a_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with a_web_server("200 OK") as plain, a_web_server("200 OK", tls=tls) as secure:
        told = []
        for url in (plain.replace("http", "https"), secure, secure.replace("http", "https")):
            (finding,) = await about_file(tmp_path, f'[vendor.hall]\nllm = "openai"\nbase_url = "{url}"\n')
            told.append((finding.state, finding.found.partition("reached: ")[2]))

    assert told == [
        ("fail", "it does not speak TLS: http:// instead of https://?"),
        ("fail", "it does not speak plain HTTP: https:// instead of http://?"),
        ("fail", "its certificate is not trusted: self-signed certificate"),
    ]


async def test_an_address_without_the_vendors_api_is_noted_with_its_line(tmp_path: Path) -> None:
    async with a_web_server("404 Not Found") as url:
        (finding,) = await about_file(tmp_path, f'[vendor.hall]\nllm = "openai"\nbase_url = "{url}"\n')

    assert finding == Finding(
        "hall",
        "note",
        f"{url}/models is not there (404)",
        "correct offhook.toml:3: vendor.hall.base_url, unless chat works: most end in /v1",
    )


async def test_a_vendor_without_a_key_is_noted_or_a_fault_when_all_agents_need_it() -> None:
    noted = await about_vendors(SessionConfig(model="openai/m"), Settings())
    fault = await about_vendors(SessionConfig(), Settings(providers=ProviderSettings(llm="openai/m")))
    scripted = await about_vendors(SessionConfig(model="scripted/reception"), Settings())

    assert ([finding.state for finding in (*noted, *fault)], scripted) == (["note", "fail"], [])


async def test_a_missing_key_is_told_with_the_lines_that_need_it(tmp_path: Path) -> None:
    agent = '[agents.one]\nmodel = "groq/x"\n'

    (finding,) = await about_file(tmp_path, '[aliases]\ngpt-4o = "groq/y"\n', agent)

    assert finding == Finding(
        "groq",
        "note",
        "there is no key",
        "set GROQ_API_KEY, or api_key under [vendor.groq]; "
        "named at plan.toml:2: agents.one.model, offhook.toml:2: aliases.gpt-4o",
    )


async def test_a_known_server_that_is_not_there_is_told_with_the_lines_that_need_it(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    vendor = {"ollama": Vendor(base_url=url)}
    settings = Settings(providers=ProviderSettings(llm="ollama/x"), vendors=vendor)

    (finding,) = await about_vendors(SessionConfig(), settings)

    assert finding.remedy == "correct vendor.ollama.base_url or the network; named at settings: providers.llm"


async def test_a_key_goes_to_nobody_whose_way_of_taking_it_is_another() -> None:
    async with a_web_server("401 Unauthorized") as url:
        settings = Settings(vendors={"elevenlabs": Vendor(base_url=url, api_key=Secret("planted"))})
        (finding,) = await about_vendors(SessionConfig(), settings)

    assert finding == Finding("elevenlabs", "ok", f"{url} answers (401)")
