"""`offhook check` finds what a caller would have found."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.providers.smart_turn import FILE
from telephony import check
from telephony.dialplan import DialplanError
from telephony.settings import DEFAULT_DIALPLAN, read
from telephony.vendor_table import BUILT_IN

MODELS = ", ".join(f"{name}/MODEL" for name, vendor in BUILT_IN.items() if vendor.llm)
AGENT = """
[agents.reception]
model = "scripted/reception"
[flows.reception]
greeting = "Hello."
start = "open"
otherwise = ["Sorry?"]
[flows.reception.states.open]
ask = "How can I help?"
"""


def checked(folder: Path, settings: str, dialplan: str, environ: dict[str, str] | None = None) -> tuple[int, list[str]]:
    (folder / "plan.toml").write_text(dialplan)
    path = folder / "offhook.toml"
    path.write_text('dialplan = "plan.toml"\n' + settings)
    stream = io.StringIO()
    code = check.run(path, stream, environ or {})
    return code, stream.getvalue().replace(f"{folder}/", "").splitlines()


def test_a_service_without_any_file_has_no_faults() -> None:
    stream = io.StringIO()

    code = check.run(None, stream, {})

    lines = stream.getvalue().splitlines()
    assert (code, lines[:2], lines[-1]) == (
        0,
        ["settings: defaults and environment", f"dialplan: {DEFAULT_DIALPLAN}"],
        "no faults",
    )


@pytest.mark.parametrize("path", sorted(DEFAULT_DIALPLAN.parent.glob("*.toml")), ids=lambda path: path.stem)
def test_every_dialplan_that_comes_along_is_sound(path: Path, tmp_path: Path) -> None:
    stream = io.StringIO()
    assert (check.run(None, stream, {"OFFHOOK_DIALPLAN": str(path)}), stream.getvalue().splitlines()[-1]) == (
        0,
        "no faults",
    )


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ("", ' (messages are not kept: recordings_dir = "FOLDER" under [media] in the settings)'),
        ('[media]\nrecordings_dir = "recordings"\n', ""),
    ],
)
def test_messages_that_nobody_would_keep_are_told_of(tmp_path: Path, settings: str, note: str) -> None:
    route = '[[route]]\ndid = "1"\nagent = "reception"\nvoicemail_s = 60\n'

    _, lines = checked(tmp_path, settings, route + AGENT)

    assert f"  1 -> reception, may hang up, messages of 60 s{note}" in lines


def test_a_dialplan_that_is_to_be_drawn_and_has_faults_is_not(tmp_path: Path) -> None:
    chosen = replace(read(None, {}), dialplan=tmp_path / "plan.toml")
    (tmp_path / "plan.toml").write_text("route = 1\n")

    with pytest.raises(DialplanError, match=r"plan.toml:1: route"):
        check.draw(chosen, io.StringIO())


def test_a_sound_dialplan_is_summed_up(tmp_path: Path) -> None:
    routes = """
        [[route]]
        did = "1000"
        caller = "+49*"
        agent = "reception"
        allow = ["transfer"]
        transfer_targets = { desk = "sip:200@pbx.example.com" }
        [[route]]
        did = "*"
        reject = 603
        """

    code, lines = checked(tmp_path, "", routes + AGENT + '[agents.other]\nmodel = "ollama/m"\n')

    assert (code, lines) == (
        0,
        [
            "settings: offhook.toml and environment",
            "dialplan: plan.toml",
            "  1000 from +49* -> reception, may not hang up, transfer to desk",
            "  * -> rejected with 603",
            "  agent reception: scripted/reception",
            "  agent other: ollama/m, then scripted/reception",
            "no faults",
        ],
    )


def test_faults_of_the_dialplan_are_told_with_file_and_line(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, "", '[[route]]\ndid = "1000"\nagent = "recption"\nallwo = []\n' + AGENT)

    assert (code, lines[-3:]) == (
        1,
        [
            "plan.toml:3: route[1].agent: there is no agent 'recption' (did you mean 'reception'?)",
            "plan.toml:4: route[1].allwo: unknown key 'allwo' (did you mean 'allow'?)",
            "2 faults",
        ],
    )


def test_an_ambience_that_cannot_be_played_is_a_fault_of_its_route(tmp_path: Path) -> None:
    (tmp_path / "cafe.wav").write_bytes(b"no sound")
    route = '[[route]]\ndid = "{}"\nagent = "reception"\nambience = "{}"\n'

    code, lines = checked(tmp_path, "", route.format("1", "cafe.wav") + route.format("2", "bar.wav") + AGENT)

    assert (code, lines[-3:]) == (
        1,
        [
            "plan.toml:4: route[1].ambience: cafe.wav is no WAV file of whole-number samples (PCM): "
            "file does not start with RIFF id (a WAV file of 16-bit PCM)",
            "plan.toml:8: route[2].ambience: bar.wav cannot be read: No such file or directory "
            "(a WAV file of 16-bit PCM)",
            "2 faults",
        ],
    )


def test_faults_of_settings_environment_and_dialplan_are_told_in_one_go(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, "[sip]\nudp_prt = 5060\n", AGENT + "[agent]", {"OFFHOOK_SIP_MAX_CALLS": "many"})

    assert (code, lines[1], sorted(lines[2:])) == (
        1,
        "dialplan: plan.toml",
        [
            "3 faults",
            "environment: OFFHOOK_SIP_MAX_CALLS: 'many' is not a whole number",
            "offhook.toml:3: sip.udp_prt: unknown key 'udp_prt' (did you mean 'udp_port'?)",
            "plan.toml:10: agent: unknown key 'agent' (did you mean 'agents'?)",
        ],
    )


def test_keys_and_agents_are_looked_at_although_other_parts_are_faulty(tmp_path: Path) -> None:
    providers = '[sip]\nudp_prt = 5060\n[providers]\nllm = ["openai/m", "scripted/receptoin"]\n'
    routes = '[[route]]\ndid = "1000"\nagent = "recption"\n[[route]]\ndid = 7\nagent = "reception"\n'
    agent = '[agents.other]\nmodel = "anthropic/m"\naudio.output.voice = "stl"\n'

    code, lines = checked(tmp_path, providers, routes + AGENT + agent)

    assert (code, lines[2:]) == (
        1,
        [
            "  note: plan.toml:17: agents.other.model: there is no key for anthropic "
            "(set ANTHROPIC_API_KEY, or api_key under [vendor.anthropic])",
            "offhook.toml:3: sip.udp_prt: unknown key 'udp_prt' (did you mean 'udp_port'?)",
            "offhook.toml:5: providers.llm[1]: there is no key for openai "
            "(set OPENAI_API_KEY, or api_key under [vendor.openai])",
            "offhook.toml:5: providers.llm[2]: the dialplan has no flow 'receptoin' (did you mean 'reception'?)",
            "plan.toml:3: route[1].agent: there is no agent 'recption' (did you mean 'reception'?)",
            "plan.toml:5: route[2].did: expected a string, got a whole number",
            "plan.toml:18: agents.other.audio.output.voice: no voice is called 'stl' (did you mean 'slt'?)",
            "6 faults",
        ],
    )


def test_what_only_follows_from_another_fault_is_not_told(tmp_path: Path) -> None:
    settings = """[providers]
llm = ["hall/m", "opnai/m"]
stt = ["embedded", 7]
[vendor.hall]
base_url = "http://10.0.0.1/v1"
lm = "openai"
api_key = "env:UNSET"
"""
    agents = '[agents.a]\n[agents.b]\nmodel = "hall/n"\n[agents.c]\naudio.output = { model = 7, voice = "alloy" }\n'

    _, lines = checked(tmp_path, settings, agents)

    assert lines[2:] == [
        "offhook.toml:3: providers.llm[2]: no language model is called 'opnai/m' (did you mean 'openai/MODEL'?)",
        "offhook.toml:4: providers.stt[2]: expected a string, got a whole number",
        'offhook.toml:5: vendor.hall: speaks no protocol (llm = "openai" for a server of chat completions)',
        "offhook.toml:7: vendor.hall.lm: unknown key 'lm' (did you mean 'llm'?)",
        "offhook.toml:8: vendor.hall.api_key: names the environment variable UNSET, which is not set",
        "plan.toml:5: agents.c.audio.output.model: expected a string, got a whole number",
        "6 faults",
    ]


def test_a_fault_of_a_variable_is_told_as_the_variables(tmp_path: Path) -> None:
    _, lines = checked(tmp_path, "", AGENT, {"OFFHOOK_PROVIDERS_LLM": "openai/m, hal/m"})

    assert [line for line in lines if line.startswith("environment")] == [
        f"environment: OFFHOOK_PROVIDERS_LLM: no language model is called 'hal/m' (known here: {MODELS})",
        "environment: OFFHOOK_PROVIDERS_LLM: there is no key for openai "
        "(set OPENAI_API_KEY, or api_key under [vendor.openai])",
    ]


@pytest.mark.parametrize("alias", ["embedded", "scripted/reception"])
def test_an_alias_hides_no_engine_of_our_own(alias: str, tmp_path: Path) -> None:
    code, lines = checked(tmp_path, f'[aliases]\n"{alias}" = "ollama/m"\n', AGENT)

    assert (code, lines[-2:]) == (
        1,
        [f"offhook.toml:3: aliases.{alias}: is the name of an engine of our own (another name)", "1 fault"],
    )


def test_settings_that_do_not_say_where_the_dialplan_is_are_told_alone(tmp_path: Path) -> None:
    (tmp_path / "offhook.toml").write_text("dialplan = 7\n")
    stream = io.StringIO()

    code = check.run(tmp_path / "offhook.toml", stream, {})

    assert (code, stream.getvalue().splitlines()[1:]) == (
        1,
        [
            "dialplan: not read: the settings do not say where it is",
            f"{tmp_path}/offhook.toml:1: dialplan: expected a string",
            "1 fault",
        ],
    )


def test_names_that_no_provider_answers_to_are_faults_where_they_stand(tmp_path: Path) -> None:
    agents = """\
[agents.a]
model = "opnai/m"
audio.input.transcription.model = "embeded"
audio.output.voice = "stl"
[agents.b]
audio.output.model = "flite"
[agents.c]
audio.input.transcription.language = "de"
"""

    code, lines = checked(tmp_path, '[providers]\nllm = "scripted/reception"\n', agents)

    assert (code, lines[2:]) == (
        1,
        [
            "plan.toml:2: agents.a.model: no language model is called 'opnai/m' (did you mean 'openai/MODEL'?)",
            "plan.toml:3: agents.a.audio.input.transcription.model: no recogniser is called 'embeded' "
            "(did you mean 'embedded'?)",
            "plan.toml:4: agents.a.audio.output.voice: no voice is called 'stl' (did you mean 'slt'?)",
            f"plan.toml:5: agents.b.model: no language model is called 'scripted/reception' (known here: {MODELS})",
            "plan.toml:6: agents.b.audio.output.model: no voice provider is called 'flite' "
            "(known here: cartesia/MODEL, deepgram/MODEL, elevenlabs/MODEL, embedded, inworld/MODEL, openai/MODEL)",
            f"plan.toml:7: agents.c.model: no language model is called 'scripted/reception' (known here: {MODELS})",
            "plan.toml:8: agents.c.audio.input.transcription.language: the embedded recogniser knows no 'de' "
            "(known here: en)",
            "7 faults",
        ],
    )


def test_a_key_that_is_missing_is_a_fault_where_its_vendor_is_named(tmp_path: Path) -> None:
    providers = '[providers]\nllm = ["openai/m", "scripted/reception"]\n'
    dialplan = AGENT + '[agents.other]\nmodel = "anthropic/claude-haiku-4-5"\n'

    _, keyless = checked(tmp_path, providers, dialplan)
    code, _ = checked(tmp_path, providers, dialplan, {"OPENAI_API_KEY": "sk", "ANTHROPIC_API_KEY": "sk"})

    assert (keyless[2:], code) == (
        [
            "  agent reception: scripted/reception, then openai/m",
            "  agent other: anthropic/claude-haiku-4-5, then openai/m, then scripted/reception",
            "  note: plan.toml:11: agents.other.model: there is no key for anthropic "
            "(set ANTHROPIC_API_KEY, or api_key under [vendor.anthropic])",
            "offhook.toml:3: providers.llm[1]: there is no key for openai "
            "(set OPENAI_API_KEY, or api_key under [vendor.openai])",
            "1 fault",
        ],
        0,
    )


def test_a_flow_that_is_to_stand_in_and_is_not_there_is_a_fault(tmp_path: Path) -> None:
    providers = '[providers]\nllm = ["hall/m", "scripted/receptoin"]\n'
    hall = '[vendor.hall]\nllm = "openai"\nbase_url = "http://10.0.0.5/v1"\n'

    code, lines = checked(tmp_path, providers + hall, AGENT)

    assert (code, lines[-2:]) == (
        1,
        [
            "offhook.toml:3: providers.llm[2]: the dialplan has no flow 'receptoin' (did you mean 'reception'?)",
            "1 fault",
        ],
    )


def test_a_recording_needs_a_place(tmp_path: Path) -> None:
    routes = '[[route]]\ndid = "1000"\nagent = "reception"\nrecord = true\n'

    _, lines = checked(tmp_path, "", routes + AGENT)

    assert lines[-2:] == [
        "plan.toml:4: route[1].record: there is nowhere to record to "
        '(recordings_dir = "FOLDER" under [media] in the settings)',
        "1 fault",
    ]


def test_a_dialplan_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    stream = io.StringIO()

    code = check.run(None, stream, {"OFFHOOK_DIALPLAN": str(tmp_path / "none.toml")})

    assert (code, stream.getvalue().splitlines()[-2:]) == (
        1,
        [f"{tmp_path}/none.toml: cannot be read: No such file or directory", "1 fault"],
    )


def test_a_webhook_needs_a_secret_and_somewhere_to_answer(tmp_path: Path) -> None:
    routes = '[[route]]\ndid = "1000"\nwebhook = "http://127.0.0.1/"\n'

    _, silent = checked(tmp_path, '[control]\nport = "off"\n', routes)
    _, sound = checked(tmp_path, '[control]\nwebhook_secret = "whsec_c2VjcmV0"\n', routes)

    assert silent[-3:] == [
        "plan.toml:3: route[1].webhook: applications cannot answer: the control API is off "
        "(port = 8080 under [control] in the settings)",
        "plan.toml:3: route[1].webhook: there is nothing to sign it with "
        '(webhook_secret = "env:NAME" under [control] in the settings)',
        "2 faults",
    ]
    assert sound[2:] == [
        "  1000 -> http://127.0.0.1/ decides within 20 s, else rejected with 480",
        "no faults",
    ]


@pytest.mark.parametrize(
    ("dialplan", "fault"),
    [
        ("# nothing yet\n", "is empty: nobody would be answered (a [[route]] that names one of the [agents])"),
        ("route = " + "[" * 3_000, "is nested too deeply (is a bracket left open?)"),
        ("route = " + "[" * 3_000 + "]" * 3_000, "is nested too deeply (is a bracket left open?)"),
    ],
    ids=["empty", "open brackets", "closed brackets"],
)
def test_a_dialplan_by_which_nobody_can_be_answered_is_a_fault(dialplan: str, fault: str, tmp_path: Path) -> None:
    code, lines = checked(tmp_path, "", dialplan)

    assert (code, lines[-2:]) == (1, [f"plan.toml: {fault}", "1 fault"])


def test_an_agent_that_could_listen_to_how_callers_sound_is_told_what_it_lacks(tmp_path: Path) -> None:
    semantic = '[agents.reception.audio.input.turn_detection]\ntype = "semantic_vad"\n'
    settings = f'[providers]\nmodels_dir = "{tmp_path}/models"\n'

    code, lines = checked(tmp_path, settings, '[[route]]\ndid = "*"\nagent = "reception"\n' + AGENT + semantic)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / FILE).touch()
    _, with_model = checked(tmp_path, settings, '[[route]]\ndid = "*"\nagent = "reception"\n' + AGENT + semantic)

    lack = f"semantic_vad goes by words alone, for want of models/{FILE}: run the set-up again"
    assert (code, lines[3], with_model[3]) == (
        0,
        f"  agent reception: scripted/reception ({lack})",
        "  agent reception: scripted/reception",
    )


def test_a_state_with_a_key_that_nobody_knows_is_told(tmp_path: Path) -> None:
    code, lines = checked(tmp_path, "", '[[route]]\ndid = "*"\nagent = "reception"\n' + AGENT + "protectd = true\n")

    assert code == 1
    assert lines[-2].endswith(
        "flows.reception.states.open.protectd: unknown key 'protectd' (did you mean 'protected'?)"
    )
