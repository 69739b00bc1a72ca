"""`vocero doctor`: each check uses what it checks, at the address that is configured."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.config import Settings, load_settings
from bot.doctor import Check, configuration_failure, examine, machine
from bot.errors import ConfigurationError
from tests.bot.company import give_readers
from tests.providers import PROVIDERS, Turn, fails, provider_server
from tests.providers import says as spoken

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[dict[str, Handler]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server on loopback with a handler for each path; returns its address."""
    servers: list[TestServer] = []

    async def start(handlers: dict[str, Handler]) -> str:
        app = web.Application()
        for path, handler in handlers.items():
            app.router.add_route("*", path, handler)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        servers.append(server)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        await server.close()


def says(
    body: Any, status: int = 200, *, expects: str | None = None, headers: dict[str, str] | None = None
) -> Handler:
    """Answers with JSON, 401 unless the authorization is the expected one."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if expects and request.headers.get("Authorization") != expects:
            return web.json_response({}, status=401)
        return web.json_response(body, status=status, headers=headers)

    return handler


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A configuration with one document and no embedder."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nTexto.")
    path = tmp_path / "vocero.toml"
    path.write_text('embedding = "none"\n[[sources]]\nname = "docs"\nkind = "folder"\npath = "docs"\n')
    return path


def configured(company: Path, top: str = "", bottom: str = "", **environ: str) -> Settings:
    """The settings of that configuration with more lines."""
    company.write_text(f"{top}\n{company.read_text()}\n{bottom}")
    return load_settings(company, environ=environ)


def empty(company: Path) -> Settings:
    """The settings of a configuration that says nothing."""
    company.write_text("")
    return load_settings(company, environ={})


async def check(settings: Settings, name: str) -> Check:
    """One check of all."""
    return next(check for check in await examine(settings) if check.name == name)


async def test_a_small_company_is_well(company: Path) -> None:
    """With nothing but documents everything is ok, and only what is configured is checked."""
    checks = await examine(configured(company))
    assert {found.status for found in checks} == {"ok"}
    assert [found.name for found in checks] == [
        "python", "configuration", "personas", "data", "database", "redis", "chroma", "embedding",
        "source docs",
    ]  # fmt: skip
    assert checks[-1].text == "1 documents"
    assert sorted(path.name for path in company.parent.iterdir()) == ["docs", "vocero.toml"]


async def test_a_wrong_configuration_is_a_failed_check() -> None:
    """The sentence of the error is the finding."""
    found = configuration_failure(ConfigurationError("Write it otherwise."))
    assert (found.status, found.text) == ("fail", "Write it otherwise.")


async def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a hole says which."""
    monkeypatch.setattr(machine, "_installed", lambda name: name != "tantivy")
    with pytest.raises(Exception, match="missing: tantivy"):
        await machine.python()


async def test_no_sources_are_told(company: Path) -> None:
    """Nothing to answer from: a warning."""
    found = await check(empty(company), "configuration")
    assert (found.status, "no sources" in found.text) == ("warn", True)


async def test_a_broken_persona_is_named(company: Path) -> None:
    """Also one that no channel names yet."""
    folder = company.parent / "personas"
    folder.mkdir()
    (folder / "rota.md").write_text("no front matter")
    found = await check(configured(company), "personas")
    assert (found.status, "rota.md" in found.text) == ("fail", True)


async def test_data_needs_a_place_and_room(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made, a disk that is nearly full, one that is full."""
    (company.parent / "file").touch()
    settings = configured(company, VOCERO_DATA=str(company.parent / "file" / "data"))
    assert (await check(settings, "data")).status == "fail"
    settings = configured(company)
    for free, status in ((10**9, "warn"), (10**6, "fail")):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert (await check(settings, "data")).status == status


async def test_a_source_that_is_not_there_or_empty(company: Path) -> None:
    """A missing folder fails by its name, an empty one warns."""
    (company.parent / "empty").mkdir()
    more = '[[sources]]\nname = "{0}"\nkind = "folder"\npath = "{0}"\n'
    settings = configured(company, bottom=more.format("gone") + more.format("empty"))
    checks = {found.name: found for found in await examine(settings)}
    assert (checks["source gone"].status, "gone" in checks["source gone"].text) == ("fail", True)
    assert checks["source empty"].status == "warn"
    assert checks["source docs"].status == "ok"


async def test_damaged_weights_are_found(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksum is of the file that is there."""
    settings = empty(company)
    assert (await check(settings, "embedding")).status == "ok"
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr("knowledge.embedding.model_directory", lambda: tmp_path)
    assert (await check(settings, "embedding")).status == "fail"


@pytest.mark.parametrize(
    ("name", "variable", "address"),
    [
        ("redis", "REDIS_URL", "redis://:hush@127.0.0.1:1/0"),
        ("chroma", "CHROMA_URL", "http://me:hush@127.0.0.1:1"),
        ("database", "DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/vocero?connect_timeout=1"),
    ],
)
async def test_a_server_that_is_away(company: Path, name: str, variable: str, address: str) -> None:
    """It fails within seconds and never shows the password."""
    found = await check(configured(company, **{variable: address}), name)
    assert found.status == "fail"
    assert "hush" not in f"{found.text} {found.remedy}"


async def test_chroma_answers(company: Path, serve: Serve) -> None:
    """Its heartbeat is asked for."""
    url = await serve({"/api/v2/heartbeat": says({"nanosecond heartbeat": 1})})
    assert (await check(configured(company, CHROMA_URL=url), "chroma")).status == "ok"
    url = await serve({})
    assert "HTTP 404" in (await check(configured(company, CHROMA_URL=url), "chroma")).text


MODELS = {"data": [{"id": "small"}, {"id": "large"}]}


@pytest.mark.parametrize(
    ("llm", "key", "status", "text"),
    [
        ("openai-like:small", "sk-right", "ok", "small"),
        ("openai-like:huge", "sk-right", "fail", "has no model 'huge'"),
        ("openai-like:small", "sk-wrong", "fail", "refuses the key"),
        ("openai:small", "sk-right", "ok", "small"),
        ("openai:small", "", "fail", "needs a key"),
    ],
)
async def test_the_model(company: Path, serve: Serve, *, llm: str, key: str, status: str, text: str) -> None:
    """The list of models is asked for with the key, at the address that is set."""
    url = await serve({"/v1/models": says(MODELS, expects="Bearer sk-right")})
    settings = configured(company, f'llm = "{llm}"', OPENAI_API_KEY=key, VOCERO_LLM_BASE_URL=f"{url}/v1/")
    found = await check(settings, "model")
    assert (found.status, text in found.text) == (status, True)
    assert "sk-" not in found.text


async def test_a_model_without_an_address(company: Path) -> None:
    """An OpenAI-compatible server has no address of its own."""
    found = await check(configured(company, 'llm = "openai-like:m"'), "model")
    assert (found.status, "base_url" in str(found.remedy)) == ("fail", True)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("turn", "status", "text"),
    [
        (spoken("ok"), "ok", "answers"),
        (spoken("ok", end="length"), "ok", "answers"),
        (fails(401), "fail", "refuses the key"),
        (fails(404), "fail", "no such model"),
        (fails(429), "fail", "rate limit"),
        (fails(500), "fail", "has a fault"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_model_answers_a_word(company: Path, *, provider: str, turn: Turn, status: str, text: str):
    """Each provider's own client asks at the address that is set; what fails comes with what to do."""
    async with provider_server(provider) as server:
        server.script = [turn]
        keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"), "sk-secret")
        settings = configured(company, f'llm = "{server.spec}"', VOCERO_LLM_BASE_URL=server.base_url, **keys)
        found = await check(settings, "model")
    assert (found.status, text in found.text) == (status, True), found
    assert found.remedy or status == "ok"
    assert "sk-" not in f"{found.text}{found.remedy}"


async def test_every_model_that_is_named_is_checked(company: Path) -> None:
    """Also those that step in, those for other tasks, and those of personas that channels have."""
    (company.parent / "personas").mkdir()
    (company.parent / "personas" / "otra.md").write_text("---\nlanguage: es\nmodel: ollama:c\n---\nHola.")
    settings = configured(
        company,
        'llm = ["openai-like:a", "ollama:b"]\ntasks.condense = "openai:d"\nbudget.model = "gemini:e"',
        '[[channels]]\nmatch = "*"\npersona = "otra"',
        VOCERO_LLM_BASE_URL="http://127.0.0.1:1",
    )
    names = [found.name for found in await examine(settings)]
    assert [name for name in names if name.startswith("model")] == [
        "model", "model ollama:b", "model openai:d", "model gemini:e", "model ollama:c",
    ]  # fmt: skip


async def test_a_limit_without_a_price_is_told(company: Path) -> None:
    """What costs money and has no price would never reach the limit."""
    limited = 'llm = "openai:m"\nbudget.day_usd = 1.0\n'
    found = await check(configured(company, limited), "budget")
    assert (found.status, "openai:m" in found.text) == ("warn", True)
    priced = '[prices]\n"openai:*" = { input = 1.0, output = 2.0 }'
    assert (await check(configured(company, bottom=priced), "budget")).status == "ok"


async def test_each_tool_is_opened(company: Path) -> None:
    """One that a server has is named with what is wrong when that cannot be reached, and what to do."""
    (company.parent / "office.py").write_text(
        'from bot.tools.python import tool\n\n\n@tool\nasync def stock() -> str:\n    """Units."""\n'
    )
    settings = configured(
        company,
        bottom="""
        [[tools]]
        name = "stock"
        kind = "python"
        file = "office.py"
        [[tools]]
        name = "search"
        kind = "documents"
        [[tools]]
        name = "crm"
        kind = "openapi"
        document = "http://127.0.0.1:1/openapi.json"
        operations = ["customer"]
        [fetch]
        allow = ["127.0.0.1:1"]
        """,
    )
    checks = {found.name: found for found in await examine(settings)}
    assert (checks["tool stock"].status, checks["tool stock"].text) == ("ok", "stock")
    assert checks["tool search"].status == "ok"
    crm = checks["tool crm"]
    assert (crm.status, "crm" in crm.text, "crm" in (crm.remedy or "")) == ("fail", True, True)
    assert checks["configuration"].status == "ok"


AUTH = {"ok": True, "user": "vocero", "team": "Regalba", "bot_id": "B1", "user_id": "U1"}
REFUSED = {"ok": False, "error": "invalid_auth"}
MANIFEST = Path(__file__).parents[2] / "connectors" / "slack" / "manifest.json"
ASKED: list[str] = json.loads(MANIFEST.read_text("utf-8"))["oauth_config"]["scopes"]["bot"]


@pytest.mark.parametrize(
    ("auth", "connection", "status", "text"),
    [
        (AUTH, {"ok": True, "url": "ws://127.0.0.1"}, "ok", "vocero in Regalba"),
        (REFUSED, {"ok": True}, "fail", "refuses SLACK_BOT_TOKEN: invalid_auth"),
        (AUTH, REFUSED, "fail", "refuses SLACK_APP_TOKEN: invalid_auth"),
    ],
)
async def test_slack(
    company: Path, serve: Serve, *, auth: dict[str, Any], connection: dict[str, Any], status: str, text: str
) -> None:
    """Both tokens are tried by the real client; which one is refused is told."""
    url = await serve(
        {
            "/api/auth.test": says(auth, expects="Bearer xoxb-1"),
            "/api/apps.connections.open": says(connection, expects="Bearer xapp-1"),
        }
    )
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "VOCERO_SLACK_API_URL": f"{url}/api/"}
    found = await check(configured(company, **tokens), "slack")
    assert (found.status, text in found.text) == (status, True)


@pytest.mark.parametrize(
    ("tokens", "bottom", "text"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "", "SLACK_APP_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "", "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, '[slack]\nmode = "http"', "SLACK_SIGNING_SECRET"),
    ],
)
async def test_half_of_slack(
    company: Path, serve: Serve, tokens: dict[str, str], bottom: str, text: str
) -> None:
    """What the mode needs and is not set is named."""
    url = await serve({"/api/auth.test": says(AUTH)})
    settings = configured(company, "", bottom, VOCERO_SLACK_API_URL=f"{url}/api/", **tokens)
    found = await check(settings, "slack")
    assert (found.status, text in found.text) == ("fail", True)


@pytest.mark.parametrize(
    ("granted", "status", "text"),
    [
        (ASKED, "ok", "vocero in Regalba"),
        (ASKED[1:], "fail", f"lacks {ASKED[0]}"),
        ([*ASKED, "admin"], "warn", "more than it needs: admin"),
    ],
)
async def test_what_the_slack_token_may_do(
    company: Path, serve: Serve, granted: list[str], status: str, text: str
) -> None:
    """It is compared with the manifest: what is missing, and what is too much."""
    answer = says(AUTH, headers={"X-OAuth-Scopes": ",".join(granted)})
    url = await serve({"/api/auth.test": answer, "/api/apps.connections.open": says({"ok": True})})
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "VOCERO_SLACK_API_URL": f"{url}/api/"}
    found = await check(configured(company, **tokens), "slack")
    assert (found.status, text in found.text) == (status, True)


@pytest.mark.parametrize(
    ("secret", "bottom", "status"),
    [("", "", "fail"), ("s", "", "warn"), ("s", '[slack]\nmode = "http"', "ok")],
)
async def test_slack_installed_by_oauth(company: Path, secret: str, bottom: str, status: str) -> None:
    """Both credentials, and the mode that serves the pages."""
    tokens = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": secret, "SLACK_SIGNING_SECRET": "s"}
    assert (await check(configured(company, "", bottom, **tokens), "slack")).status == status


async def test_slack_away(company: Path) -> None:
    """An address that nobody listens on is told."""
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "VOCERO_SLACK_API_URL": "http://127.0.0.1:1/api/"}
    found = await check(configured(company, **tokens), "slack")
    assert (found.status, "cannot be reached" in found.text) == ("fail", True)


@pytest.mark.parametrize(
    ("token", "status", "text"), [("d-1", "ok", "vocero"), ("d-2", "fail", "DISCORD_TOKEN")]
)
async def test_discord(company: Path, serve: Serve, token: str, status: str, text: str) -> None:
    """The token is tried at the address that is set."""
    url = await serve({"/api/v10/users/@me": says({"username": "vocero"}, expects="Bot d-1")})
    settings = configured(company, DISCORD_TOKEN=token, VOCERO_DISCORD_API_URL=f"{url}/api/v10")
    found = await check(settings, "discord")
    assert (found.status, text in found.text) == (status, True)
    assert token not in found.text


@pytest.mark.parametrize(
    ("told", "bottom", "status", "text"),
    [
        ({"approximate_guild_count": 0}, "", "warn", "client_id=77&"),
        ({"approximate_guild_count": 1, "bot_public": True}, "", "warn", "Public Bot"),
        ({"approximate_guild_count": 1, "bot_public": True}, '[discord]\nservers = ["1"]', "ok", "vocero"),
        ({"approximate_guild_count": 1, "bot_public": False}, "", "ok", "vocero"),
    ],
)
async def test_where_discord_lets_the_bot_answer(
    company: Path, serve: Serve, *, told: dict[str, Any], bottom: str, status: str, text: str
) -> None:
    """In no server there is an install link; where strangers can add it, there is a word about that."""
    url = await serve(
        {
            "/api/v10/users/@me": says({"username": "vocero"}),
            "/api/v10/applications/@me": says({"id": "77"} | told),
        }
    )
    settings = configured(company, "", bottom, DISCORD_TOKEN="d-1", VOCERO_DISCORD_API_URL=f"{url}/api/v10")
    found = await check(settings, "discord")
    assert (found.status, text in f"{found.text} {found.remedy}") == (status, True)


async def test_a_service_that_talks_nonsense_stops_no_other_check(company: Path, serve: Serve) -> None:
    """HTML instead of JSON, a list instead of an object: a finding, and all the others are there."""

    async def nonsense(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>[", content_type="text/html")

    url = await serve({"/{any:.*}": nonsense})
    settings = configured(
        company, 'llm = "openai-like:m"', DISCORD_TOKEN="d", SLACK_BOT_TOKEN="b", SLACK_APP_TOKEN="a",
        VOCERO_LLM_BASE_URL=url, VOCERO_DISCORD_API_URL=url, VOCERO_SLACK_API_URL=url,
    )  # fmt: skip
    checks = {found.name: found.status for found in await examine(settings)}
    assert checks["slack"] == "fail"
    assert checks["source docs"] == "ok"


async def test_groups_that_nobody_is_are_named(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many documents are not for everyone; the file of identities says who is in them."""
    give_readers(monkeypatch)["a.md"] = (frozenset({"group:rrhh", "mail:ana@x.example"}),)
    found = await check(configured(company), "source docs")
    assert (found.status, found.text) == (
        "warn",
        "1 documents, 1 of them not for everyone; nobody is group:rrhh.",
    )
    assert "identities" in str(found.remedy)
    (company.parent / "identities.toml").write_text('[people]\n"discord:role:RH" = ["group:rrhh"]\n')
    found = await check(configured(company, 'identities = "identities.toml"'), "source docs")
    assert (found.status, found.text) == ("ok", "1 documents, 1 of them not for everyone")


@pytest.mark.parametrize(("granted", "status"), [(ASKED, "warn"), ([*ASKED, "users:read.email"], "ok")])
async def test_addresses_are_asked_for_where_documents_have_readers(
    company: Path, serve: Serve, granted: list[str], status: str
) -> None:
    """Without the scope those documents are found by hardly anyone; elsewhere it is of no use."""
    scopes = says(AUTH, headers={"x-oauth-scopes": ",".join(granted)})
    url = await serve({"/api/auth.test": scopes, "/api/apps.connections.open": says({"ok": True})})
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "VOCERO_SLACK_API_URL": f"{url}/api/"}
    drive = '[[sources]]\nname = "drive"\nkind = "drive"\n'
    settings = configured(company, "", drive, GOOGLE_CREDENTIALS="{}", **tokens)
    assert (await check(settings, "slack")).status == status
    without = settings.model_copy(update={"sources": settings.sources[:1]})
    assert (await check(without, "slack")).status == "ok"
