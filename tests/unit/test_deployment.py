"""docker-compose.yml and deploy/Dockerfile against the code: every path, command, port and name.

No container engine is needed, and so none is trusted to find a mistake.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from dotenv import dotenv_values

from bot.cli import _COMMANDS, app
from bot.config import Settings
from tests.servers import livekit, tools

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
OURS = ("migrate", "worker", "web")


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
LIVEKIT_CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "deploy/livekit.yaml").read_text())


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's instructions by stage, continuation lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def one(instruction: str, stage: int = -1) -> str:
    (value,) = [rest for name, rest in stages()[stage] if name == instruction]
    return value


# Compose: the files and the programs ----------------------------------------------------------


def run_compose(
    compose_command: list[str], *arguments: str, folder: Path = ROOT, **environment: str
) -> dict[str, Any]:
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    done = subprocess.run(
        [*compose_command, "-f", str(ROOT / "docker-compose.yml"), *arguments],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "is not set" not in done.stderr, "a variable without a default"
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_docker_compose_takes_the_file_without_any_env(compose_command: list[str]) -> None:
    resolved = run_compose(compose_command, "config", "--format", "json")
    assert set(resolved["services"]) == {"livekit", "redis", "postgres", *OURS}
    for service in resolved["services"].values():
        for volume in service.get("volumes", []):
            assert volume["type"] == "volume" or Path(volume["source"]).exists()


def test_hadolint_finds_nothing_in_the_dockerfile(hadolint: Path) -> None:
    done = subprocess.run(
        [hadolint, "--no-color", "--failure-threshold", "info", ROOT / "deploy/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_ci_installs_the_versions_that_the_tests_name() -> None:
    ci = (ROOT / ".ci/run").read_text()
    assert f"LIVEKIT_VERSION={livekit.VERSION}\n" in ci
    assert f"COMPOSE_VERSION={tools.COMPOSE_VERSION}\n" in ci
    assert f"HADOLINT_VERSION={tools.HADOLINT_VERSION}\n" in ci


# Compose: the services -------------------------------------------------------------------------


def test_every_image_is_pinned_by_a_tag() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += [rest.split()[0] for stage in stages() for name, rest in stage if name == "FROM"]
    assert images
    assert [i for i in images if ":" not in i or i.endswith(":latest")] == []
    assert SERVICES["livekit"]["image"] == f"livekit/livekit-server:v{livekit.VERSION}"


def test_livekit_takes_the_keys_of_the_example_file() -> None:
    values = dotenv_values(ROOT / ".env.example")
    keys = {values["LIVEKIT_API_KEY"]: values["LIVEKIT_API_SECRET"]}
    assert LIVEKIT_CONFIG["keys"] == keys
    assert len(values["LIVEKIT_API_SECRET"] or "") >= 32
    assert values["LIVEKIT_URL"] == f"ws://localhost:{LIVEKIT_CONFIG['port']}"
    assert LIVEKIT_CONFIG["webhook"]["api_key"] in keys


def test_ports_are_published_as_they_are_served_and_only_on_loopback() -> None:
    rtc = LIVEKIT_CONFIG["rtc"]
    assert SERVICES["livekit"]["ports"] == [
        f"127.0.0.1:{LIVEKIT_CONFIG['port']}:{LIVEKIT_CONFIG['port']}",
        f"127.0.0.1:{rtc['tcp_port']}:{rtc['tcp_port']}",
        f"127.0.0.1:{rtc['udp_port']}:{rtc['udp_port']}/udp",
    ]
    arguments = SERVICES["web"]["command"]
    port = arguments[arguments.index("--port") + 1]
    assert SERVICES["web"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_livekit_offers_an_address_to_the_worker_and_one_to_the_browser() -> None:
    rtc = LIVEKIT_CONFIG["rtc"]
    assert rtc["enable_loopback_candidate"] is True
    assert "node_ip" not in rtc, "it would replace the address that the worker can reach"


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_commands_that_exist(name: str) -> None:
    command, *rest = SERVICES[name]["command"]
    assert command in _COMMANDS
    # Click reads the line as it would be read in the container, up to the command's own work.
    click_command: Any = typer.main.get_command(app).get_command(None, command)  # type: ignore[attr-defined]
    context = click_command.make_context(command, list(rest), resilient_parsing=False)
    if hasattr(click_command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in click_command.commands
    context.close()


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_valid_settings(name: str) -> None:
    environment: dict[str, str] = SERVICES[name]["environment"]
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert environment.keys() <= known
    values: dict[str, Any] = {
        key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in environment.items()
    }
    settings = Settings(**values)
    url, key, secret = settings.require_livekit()
    assert url == f"ws://livekit:{LIVEKIT_CONFIG['port']}"
    assert {key: secret} == LIVEKIT_CONFIG["keys"]
    postgres = SERVICES["postgres"]["environment"]
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == (
        f"postgresql://{postgres['POSTGRES_USER']}:{postgres['POSTGRES_PASSWORD']}"
        f"@postgres:5432/{postgres['POSTGRES_DB']}"
    )
    assert settings.redis_url == "redis://redis:6379/0"
    data_dir = re.search(r"LEADLINE_DATA_DIR=(\S+)", one("ENV"))
    assert data_dir is not None
    assert str(settings.data_dir) == data_dir[1]


def test_the_page_is_open_and_its_livekit_is_the_one_that_is_published() -> None:
    environment = SERVICES["web"]["environment"]
    assert environment["LEADLINE_WEB_DEMO"] == "${LEADLINE_WEB_DEMO:-true}"
    assert environment["LEADLINE_LIVEKIT_PUBLIC_URL"] == (
        f"${{LEADLINE_LIVEKIT_PUBLIC_URL:-ws://localhost:{LIVEKIT_CONFIG['port']}}}"
    )


def test_keys_in_an_env_file_reach_the_worker_but_not_its_addresses(
    compose_command: list[str], tmp_path: Path
) -> None:
    for name in ("docker-compose.yml", "deploy"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".env").write_text("DEEPGRAM_API_KEY=dg-1\nLIVEKIT_URL=ws://localhost:7880\n")
    resolved = run_compose(
        compose_command, "--project-directory", str(tmp_path), "config", "--format", "json"
    )
    environment = resolved["services"]["worker"]["environment"]
    assert environment["DEEPGRAM_API_KEY"] == "dg-1"
    assert environment["LIVEKIT_URL"] == "ws://livekit:7880"


def test_each_service_waits_for_what_it_needs() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for {other}'s health"
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "no", f"{other} must end for {name}"
    for name in ("worker", "web"):
        assert set(SERVICES[name]["depends_on"]) == {"migrate", "livekit", "redis"}


def test_health_checks_ask_addresses_that_are_served() -> None:
    from bot.web.api import create_app

    settings: dict[str, Any] = {
        "LIVEKIT_URL": "ws://x",
        "LIVEKIT_API_KEY": "k",
        "LIVEKIT_API_SECRET": "s",
    }
    web = create_app(Settings(**settings))
    paths = set(web.openapi()["paths"])
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(healthcheck("web")))
    assert asked is not None
    assert asked[2] in paths
    assert f":{asked[1]}:" in SERVICES["web"]["ports"][0]
    compile(healthcheck("web")[-1], "healthcheck", "exec")
    worker = Settings(**SERVICES["worker"]["environment"])
    assert worker.worker_host == "127.0.0.1", "the check is made inside the container"
    assert f"http://127.0.0.1:{worker.worker_port}/'" in healthcheck("worker")[-1]
    compile(healthcheck("worker")[-1], "healthcheck", "exec")
    (hook,) = LIVEKIT_CONFIG["webhook"]["urls"]
    target = re.fullmatch(r"http://(\w+):(\d+)(/.*)", hook)
    assert target is not None
    assert target[1] in SERVICES
    assert target[2] == asked[1]
    assert target[3] in paths
    assert f"http://127.0.0.1:{LIVEKIT_CONFIG['port']}/" in healthcheck("livekit")


def test_every_service_that_stays_has_a_health_check() -> None:
    staying = {name for name, service in SERVICES.items() if service["restart"] != "no"}
    assert {name for name in SERVICES if "healthcheck" in SERVICES[name]} == staying


def healthcheck(name: str) -> list[str]:
    test: list[str] = SERVICES[name]["healthcheck"]["test"]
    assert test[0] == "CMD"
    return test[1:]


def test_all_of_our_services_run_the_one_image_that_is_built_here() -> None:
    for name in OURS:
        assert SERVICES[name]["image"] == "leadline:local"
        build = SERVICES[name]["build"]
        assert build["context"] == "."
        assert (ROOT / build["dockerfile"]).is_file()
        declared = {rest.partition("=")[0] for kind, rest in stages()[0] if kind == "ARG"}
        assert build["args"].keys() == declared


# The image -------------------------------------------------------------------------------------


def test_the_image_copies_what_is_there_and_not_ignored() -> None:
    kept = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [
        source for name, rest in stages()[0] if name == "COPY" for source in rest.split()[:-1]
    ]
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_and_the_launcher_use_the_same_uv() -> None:
    launcher = re.search(r"^UV_VERSION=(\S+)$", (ROOT / "leadline").read_text(), re.MULTILINE)
    image = re.search(r"\buv==(\S+)", DOCKERFILE)
    assert launcher is not None
    assert image is not None
    assert launcher[1] == image[1]


def test_the_image_is_locked_small_and_not_root() -> None:
    assert len(stages()) == 2
    build = " ".join(rest for name, rest in stages()[0] if name == "RUN")
    assert build.count("uv sync --frozen --no-dev") == 2
    assert "--require-hashes" in build, "a mirror serves the locked files only"
    assert one("USER") == "10001"
    assert f"--uid {one('USER')}" in one("RUN")
    (copied,) = [rest for name, rest in stages()[-1] if name == "COPY"]
    assert copied == "--from=build /app/.venv /app/.venv"


def test_the_image_runs_our_command() -> None:
    (program,) = json.loads(one("ENTRYPOINT"))
    scripts = (ROOT / "pyproject.toml").read_text()
    assert f"\n{program} = " in scripts
    assert "PATH=/app/.venv/bin:$PATH" in shlex.split(one("ENV"))
    python = re.search(r"^requires-python = \">=(3\.\d+),<(3\.\d+)\"", scripts, re.MULTILINE)
    image = re.fullmatch(r"python:(3\.\d+)-slim-bookworm", one("FROM"))
    assert python is not None
    assert image is not None

    def minor(version: str) -> int:
        return int(version.split(".")[1])

    assert minor(python[1]) <= minor(image[1]) < minor(python[2])
