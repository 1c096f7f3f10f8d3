"""Settings come from a file and the environment, and everything wrong is told at once."""

from pathlib import Path

import pytest

from telephony.secret import AccessKey, Secret, digest_of
from telephony.settings import Settings, SettingsError, read


def written(folder: Path, text: str) -> Path:
    path = folder / "offhook.toml"
    path.write_text(text)
    return path


def faults_of(path: Path | None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read(path, environ or {})
    return [str(fault).replace(f"{path}:", "") for fault in error.value.faults]


def test_the_service_needs_no_file() -> None:
    assert read(None, {}) == Settings()


def test_the_default_dialplan_lies_beside_the_code() -> None:
    assert read(None, {}).dialplan.parent.name == "dialplans"


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        dialplan = "my.toml"
        node = "berlin-1"
        [sip]
        tcp_port = "off"
        codecs = ["PCMA"]
        [media]
        recordings_dir = "/var/lib/offhook"
        [[trunk]]
        name = "carrier"
        registrar = "sip:sip.example.com"
        username = "1000"
        password = "env:CARRIER_PASSWORD"
        """,
    )

    settings = read(path, {"CARRIER_PASSWORD": "s3cret"})

    (trunk,) = settings.trunks
    assert (
        settings.dialplan,
        settings.node,
        settings.sip.tcp_port,
        settings.sip.codecs,
        settings.media.recordings_dir,
        trunk.password,
    ) == (tmp_path / "my.toml", "berlin-1", None, ("PCMA",), Path("/var/lib/offhook"), Secret("s3cret"))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[sip]\nudp_port = 5070\n[redis]\nurl = "redis://one"\n[log]\nredact = true\n')

    settings = read(
        path,
        {
            "OFFHOOK_SIP_UDP_PORT": "0",
            "OFFHOOK_SIP_CODECS": "PCMA, PCMU",
            "OFFHOOK_SIP_TCP_PORT": "off",
            "OFFHOOK_REDIS_URL": "unix:///run/redis.sock",
            "OFFHOOK_LOG_REDACT": "false",
            "OFFHOOK_NODE": "",
            "HOME": "/nowhere",
        },
    )

    sip = settings.sip
    assert (sip.udp_port, sip.tcp_port, sip.codecs, settings.redis.url, settings.log.redact) == (
        0,
        None,
        ("PCMA", "PCMU"),
        Secret("unix:///run/redis.sock"),
        False,
    )


def test_variables_that_every_program_reads_stand_in_for_defaults() -> None:
    environ = {
        "OPENAI_API_KEY": "sk-1",
        "OPENAI_BASE_URL": "http://localhost:1/v1",
        "GEMINI_API_KEY": "g-1",
        "XDG_CACHE_HOME": "/c",
    }
    settings = read(None, environ)

    vendors = settings.known.vendors
    assert (vendors["openai"].api_key, vendors["openai"].url("stt"), vendors["google"].api_key) == (
        Secret("sk-1"),
        "http://localhost:1/v1",
        Secret("g-1"),
    )
    assert settings.providers.models_dir == Path("/c/offhook/models")


VENDORS = """
[providers]
stt = ["deepgram/nova-3", "embedded"]
llm = "hall/qwen"
[aliases]
gpt-realtime = "hall/qwen"
[vendor.hall]
base_url = "http://10.0.0.1:8000/v1"
llm = "openai"
[vendor.openai]
api_key = "env:OTHER_KEY"
"""


def test_a_vendor_is_configuration(tmp_path: Path) -> None:
    settings = read(written(tmp_path, VENDORS), {"OTHER_KEY": "sk-2", "OPENAI_API_KEY": "sk-1"})

    vendors = settings.known.vendors
    assert (vendors["hall"].llm, vendors["hall"].url("llm"), vendors["hall"].stt) == (
        "openai",
        "http://10.0.0.1:8000/v1",
        "",
    )
    assert (vendors["openai"].api_key, vendors["openai"].url("llm")) == (Secret("sk-2"), "https://api.openai.com/v1")
    assert (settings.providers.stt, settings.aliases) == (
        ("deepgram/nova-3", "embedded"),
        {"gpt-realtime": "hall/qwen"},
    )


def test_the_order_of_providers_can_stand_in_a_variable() -> None:
    assert read(None, {"OFFHOOK_PROVIDERS_STT": "deepgram/nova-3, embedded"}).providers.stt == (
        "deepgram/nova-3",
        "embedded",
    )


def test_everything_wrong_with_vendors_is_told_where_it_stands(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """[providers]
stt = ["deepgram/nova-3", "embeded"]
llm = "hal/qwen"
tts = []
[vendor.hall]
base_url = "10.0.0.1"
llm = "opnai"
[vendor.attic]
llm = "openai"
[vendor.cellar]
base_url = "http://10.0.0.2/v1"
[vendor.embedded]
base_url = "http://10.0.0.3/v1"
tts = "openai"
[vendor.groq]
api_key = "env:UNSET"
base_ulr = "http://10.0.0.4/v1"
[aliases]
gpt-realtime = "groq"
"gpt-4o-realtime" = 7
""",
    )

    assert faults_of(path) == [
        "2: providers.stt[2]: no recogniser is called 'embeded' (did you mean 'embedded'?)",
        "3: providers.llm: no language model is called 'hal/qwen' (did you mean 'hall/MODEL'?)",
        "4: providers.tts: is empty (a name, or several in the order to try them)",
        "6: vendor.hall.base_url: is no web address (https://HOST/v1)",
        "7: vendor.hall.llm: no protocol is called 'opnai' (did you mean 'openai'?)",
        "8: vendor.attic.base_url: is missing (where the vendor is: https://HOST/v1)",
        '10: vendor.cellar: speaks no protocol (llm = "openai" for a server of chat completions)',
        "12: vendor.embedded: is no name for a vendor (a word of its own, without a slash)",
        "16: vendor.groq.api_key: names the environment variable UNSET, which is not set",
        "17: vendor.groq.base_ulr: unknown key 'base_ulr' (did you mean 'base_url'?)",
        "19: aliases.gpt-realtime: nobody is called 'groq' (VENDOR/MODEL)",
        "20: aliases.gpt-4o-realtime: expected a string, got a whole number",
    ]


def test_an_address_in_a_variable_is_looked_at_too() -> None:
    assert faults_of(None, {"OPENAI_BASE_URL": "localhost"}) == [
        "environment: OPENAI_BASE_URL: is no web address (https://HOST/v1)"
    ]


@pytest.mark.parametrize("key", ["", "sk-1\n", "sk 1", "ключ"])
def test_a_key_that_no_header_can_hold_is_a_fault_where_it_stands(key: str, tmp_path: Path) -> None:
    path = written(tmp_path, '[vendor.hall]\nllm = "openai"\nbase_url = "http://h/v1"\napi_key = "env:HALL_KEY"\n')

    assert faults_of(path, {"HALL_KEY": key}) == [
        "4: vendor.hall.api_key: is no key (letters, digits and signs, without blanks or a line's end)"
    ]


def test_a_key_in_a_usual_variable_is_looked_at_unless_the_settings_have_their_own(tmp_path: Path) -> None:
    path = written(tmp_path, '[vendor.groq]\napi_key = "sk"\n')

    assert faults_of(path, {"GROQ_API_KEY": "sk\n", "OPENAI_API_KEY": "sk\n", "XAI_API_KEY": ""}) == [
        "environment: OPENAI_API_KEY: is no key (letters, digits and signs, without blanks or a line's end)"
    ]


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """dialpan = "x.toml"
node = "a b"
[sip]
bind_address = "localhost"
udp_port = 70000
tcp_port = 20002
rtp_first_port = 20001
codecs = ["PCMU", "PCMX"]
[[trunk]]
name = "a"
registrar = "sip.example.com"
password = "env:UNSET"
[[trunk]]
name = "a"
registrar = "sip:ok.example.com"
password = "pw"
[redis]
url = "localhost:6379"
call_ttl_s = 60
[providers]
llm = "opnai/m"
""",
    )

    assert faults_of(path) == [
        "1: dialpan: unknown key 'dialpan' (did you mean 'dialplan'?)",
        "2: node: is no name (letters, digits, dots, dashes and underscores)",
        "4: sip.bind_address: is no IPv4 address (four numbers, e.g. 192.0.2.10)",
        "5: sip.udp_port: expected a whole number <= 65535",
        "6: sip.tcp_port: lies in the RTP range",
        "7: sip.rtp_first_port: is odd (RTP takes even ports: 20002)",
        "8: sip.codecs[2]: invalid enum value 'PCMX' (did you mean 'PCMU'?)",
        "10: trunk[1].name: 'a' is the name of 2 trunks",
        "11: trunk[1].registrar: is no SIP address (sip:HOST or sip:HOST:PORT;transport=tcp)",
        "12: trunk[1].password: names the environment variable UNSET, which is not set",
        "13: trunk[2].username: is missing, but there is a password",
        "14: trunk[2].name: 'a' is the name of 2 trunks",
        "18: redis.url: is no Redis URL (redis://HOST:PORT/0 or unix:///PATH)",
        "19: redis.call_ttl_s: is shorter than a call may last",
        "21: providers.llm: no language model is called 'opnai/m' (did you mean 'openai/MODEL'?)",
    ]


def test_a_trunk_without_a_registrar_is_one_fault_at_its_line(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, '[sip]\n[[trunk]]\nname = "a"\n')) == ["2: trunk[1].registrar: is missing"]


def test_too_few_ports_for_the_calls_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "[sip]\nmax_calls = 10\nrtp_first_port = 30000\nrtp_last_port = 30018\n")

    assert faults_of(path) == [
        "4: sip.rtp_last_port: leaves 9 pairs of RTP ports for 10 calls (rtp_last_port = 30019 or more)"
    ]


def test_faults_in_the_environment_name_the_variable() -> None:
    environ = {
        "OFFHOOK_SIP_UDP_PRT": "5060",
        "OFFHOOK_SIP_TCP_PORT": "sip",
        "OFFHOOK_LOG_REDACT": "perhaps",
        "OFFHOOK_REDIS_URL": "localhost",
    }

    assert faults_of(None, environ) == [
        "environment: OFFHOOK_LOG_REDACT: expected true or false, got a string",
        "environment: OFFHOOK_REDIS_URL: is no Redis URL (redis://HOST:PORT/0 or unix:///PATH)",
        "environment: OFFHOOK_SIP_TCP_PORT: 'sip' is not a whole number",
        "environment: OFFHOOK_SIP_UDP_PRT: unknown variable (did you mean 'OFFHOOK_SIP_UDP_PORT'?)",
    ]


def test_a_file_may_name_a_variable_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, '[vendor.openai]\napi_key = "env:OFFHOOK_VAULT_KEY"\n')

    key = read(path, {"OFFHOOK_VAULT_KEY": "sk-2"}).known.vendors["openai"].api_key

    assert key == Secret("sk-2")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[sip\n", "1: not TOML: Expected ']' at the end of a table declaration"),
        (b"\xff\xfe", " is not UTF-8 text"),
        (None, " cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "offhook.toml"
    if content is not None:
        path.write_bytes(content)

    assert faults_of(path) == [fault]


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [redis]
        url = "redis://:planted-pw@db/0"
        [vendor.openai]
        api_key = "planted-key"
        [[trunk]]
        name = "carrier"
        registrar = "sip:sip.example.com"
        username = "1000"
        password = "planted-pw"
        """,
    )
    settings = read(path, {})
    bad = written(tmp_path, '[redis]\nurl = "planted://:planted@db"\n[vendor.openai]\napi_key = ["planted"]\n')

    shown = f"{settings!r} {settings} {faults_of(bad)}"

    assert "planted" not in shown.replace(str(tmp_path), "")


CONTROL = """
[control]
bind_address = "0.0.0.0"
port = 0
tls_port = 8443
tls_certificate = "certificate.pem"
tls_key = "key.pem"
keys = ["env:APP_KEY", "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"]
webhook_secret = "env:HOOK"
public_url = "https://phone.example.com"
"""


def test_the_control_api_is_configured_in_a_section_of_its_own(tmp_path: Path) -> None:
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / name).touch()

    control = read(written(tmp_path, CONTROL), {"APP_KEY": "open sesame", "HOOK": "whsec_c2VjcmV0"}).control

    assert (control.port, control.tls_port, control.tls_key, control.keys, control.webhook_secret) == (
        0,
        8_443,
        tmp_path / "key.pem",
        (AccessKey("open sesame"), AccessKey("secret")),
        Secret("whsec_c2VjcmV0"),
    )


def test_a_key_of_the_control_api_is_not_kept_itself(tmp_path: Path) -> None:
    (key,) = read(written(tmp_path, '[control]\nkeys = ["open sesame"]'), {}).control.keys

    shown = f"{key!r} {key._digest!r}"
    assert "sesame" not in shown
    assert key.opens_for(digest_of("open sesame"))


def test_what_goes_ill_together_in_the_control_section_is_named(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[control]\nbind_address = "here"\nport = 8443\ntls_port = 8443\npublic_url = "phone"\nkeys = [""]'
    )

    assert faults_of(path) == [
        "1: control.tls_certificate: is missing, but there is a TLS port (a PEM file)",
        "1: control.tls_key: is missing, but there is a TLS port (a PEM file)",
        "2: control.bind_address: is no IP address (127.0.0.1 for this machine alone, 0.0.0.0 for all)",
        "4: control.tls_port: is the port of plain HTTP too",
        "5: control.public_url: is no web address (https://HOST)",
        "6: control.keys[1]: is empty",
    ]


def test_the_control_api_can_be_off() -> None:
    assert not read(None, {"OFFHOOK_CONTROL_PORT": "off"}).control.is_on


def test_a_codec_nobody_knows_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "offhook.toml"
    path.write_text('[sip]\ncodecs = ["G729"]\n')

    for chosen, environ in ((path, {}), (None, {"OFFHOOK_SIP_CODECS": "G729"})):
        with pytest.raises(SettingsError) as raised:
            read(chosen, environ)

        assert len(raised.value.faults) == 1


def test_settings_nested_without_end_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "offhook.toml"
    path.write_text("node = " + "[" * 3_000)

    with pytest.raises(SettingsError, match="nested too deeply"):
        read(path, {})
