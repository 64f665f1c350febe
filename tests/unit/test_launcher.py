"""`./leadline`: from a fresh clone to a running command, with uv and Python replaced by fakes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Records its arguments and makes what `uv sync` makes: an environment with a leadline command.
FAKE_UV = """#!/bin/sh
if [ "$1" = --version ]; then echo "uv ${FAKE_UV_VERSION:-0.13.9}"; exit; fi
echo "$* env=$UV_PROJECT_ENVIRONMENT cache=${UV_CACHE_DIR:-} active=${VIRTUAL_ENV:-none}" >>"$CALLS"
[ -z "${FAKE_UV_FAILS:-}" ] || { echo "no route to the index" >&2; exit 2; }
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
cd "$UV_PROJECT_ENVIRONMENT/bin"
cat >leadline.$$ <<'SCRIPT'
#!/bin/sh
echo "cwd=$(pwd)"
for argument; do echo "arg=$argument"; done
exit "${FAKE_EXIT:-0}"
SCRIPT
for tool in ruff mypy; do
  printf '#!/bin/sh\\necho "%s $*"; case "$FAILING" in *%s*) exit 1;; esac\\n' $tool $tool >$tool.$$
done
printf '#!/bin/sh\\necho "python $*"; case "$FAILING" in *pytest*) exit 1;; esac\\n' >python.$$
# Whole, as uv puts files in place: another launcher may be starting one.
for program in leadline ruff mypy python; do
  chmod +x $program.$$
  mv -f $program.$$ $program
done
"""
# Answers as an interpreter of that version; pip puts a fake uv into its --target folder.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  --version) echo "Python {version}" ;;
  *sys.version_info*) exit {unsupported} ;;
  *sys.executable*) echo "$0" ;;
  "-m pip --version") exit {no_pip} ;;
  "-m venv "*) exit 1 ;;
  *"pip install --target "*) echo "$*" >>"$CALLS"; mkdir -p "$5/bin"; cp "$FAKE_UV" "$5/bin/uv" ;;
esac
"""


class Machine:
    """A folder with a clone, a PATH of fakes, and a record of what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "my clone"
        self.clone.mkdir()
        for name in ("leadline", "uv.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.clone / name)
        self.path = folder / "path"
        self.path.mkdir()
        for tool in (
            "sh",
            "cat",
            "cksum",
            "mkdir",
            "mv",
            "rm",
            "dirname",
            "readlink",
            "date",
            "cp",
        ):
            found = shutil.which(tool)
            assert found is not None
            (self.path / tool).symlink_to(found)
        (self.path / "chmod").symlink_to(shutil.which("chmod") or "")
        self.home = folder / "home"
        self.home.mkdir()
        self.calls_file = folder / "calls"
        self.uv_file = folder / "fake-uv"
        self._script(self.uv_file, FAKE_UV)

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def with_uv(self) -> Machine:
        self._script(self.path / "uv", FAKE_UV)
        return self

    def with_python(
        self, name: str = "python3", version: str = "3.12.1", *, pip: bool = True
    ) -> Machine:
        supported = version.split(".")[:2] in (["3", "11"], ["3", "12"], ["3", "13"])
        text = FAKE_PYTHON.format(
            version=version, unsupported=int(not supported), no_pip=int(not pip)
        )
        self._script(self.path / name, text)
        return self

    def run(
        self, *arguments: str, cwd: Path | None = None, launcher: Path | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.path),
            "HOME": str(self.home),
            "CALLS": str(self.calls_file),
            "FAKE_UV": str(self.uv_file),
            "FAILING": "",
        } | extra
        return subprocess.run(
            [launcher or self.clone / "leadline", *arguments],
            cwd=cwd or self.home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @staticmethod
    def _script(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A clone that was used before."""
    machine.with_uv().with_python()
    assert machine.run("--help").returncode == 0
    machine.calls_file.unlink()
    return machine


def test_it_is_a_valid_posix_script() -> None:
    assert (ROOT / "leadline").read_text().startswith("#!/bin/sh\n")
    assert os.access(ROOT / "leadline", os.X_OK)
    for shell in filter(None, map(shutil.which, ("sh", "dash", "bash"))):
        subprocess.run([shell, "-n", ROOT / "leadline"], check=True)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on PATH")
def test_shellcheck_has_nothing_to_say() -> None:
    scripts = [ROOT / "leadline", ROOT / ".ci" / "run"]
    subprocess.run(["shellcheck", *scripts], check=True)


def test_the_first_start_installs_from_the_lock_file_without_what_only_tests_need(
    machine: Machine,
) -> None:
    result = machine.with_uv().with_python().run("leads", "list")
    assert result.returncode == 0, result.stderr
    [call] = machine.calls
    assert "sync --project" in call
    assert "--frozen" in call
    assert "--no-dev --inexact" in call
    assert f"env={machine.clone}/.venv" in call
    assert "installing" in result.stderr


def test_the_command_gets_the_callers_folder_and_exact_arguments(
    machine: Machine, tmp_path: Path
) -> None:
    folder = tmp_path / "some where"
    folder.mkdir()
    result = machine.with_uv().with_python().run("chat", "two words", "", "$HOME *", cwd=folder)
    assert result.stdout.splitlines() == [
        f"cwd={folder}",
        "arg=chat",
        "arg=two words",
        "arg=",
        "arg=$HOME *",
    ]


def test_the_commands_exit_code_is_the_launchers(ready: Machine) -> None:
    assert ready.run("run", FAKE_EXIT="2").returncode == 2


def test_the_second_start_asks_nobody_and_says_nothing(ready: Machine) -> None:
    result = ready.run("--help")
    assert ready.calls == []
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_a_changed_lock_file_or_project_is_installed(ready: Machine, name: str) -> None:
    with (ready.clone / name).open("a") as file:
        file.write("# changed\n")
    assert ready.run("--help").returncode == 0
    assert len(ready.calls) == 1
    ready.run("--help")
    assert len(ready.calls) == 1


def test_an_interpreter_that_vanished_is_replaced(ready: Machine) -> None:
    (ready.clone / ".venv/bin/python").unlink()
    (ready.clone / ".venv/bin/python").symlink_to("/nonexistent/python3")
    ready.run("--help")
    assert "--python" in ready.calls[0]


def test_a_clone_that_was_moved_makes_its_environment_anew(ready: Machine, tmp_path: Path) -> None:
    (ready.clone / ".venv/stale").touch()
    ready.clone = ready.clone.rename(tmp_path / "moved")
    assert ready.run("--help").returncode == 0
    assert not (ready.clone / ".venv/stale").exists()
    assert f"env={ready.clone}/.venv" in ready.calls[0]


def test_it_works_through_a_symbolic_link(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(machine.clone / "leadline")
    result = machine.with_uv().with_python().run("doctor", launcher=link)
    assert "arg=doctor" in result.stdout
    assert f"env={machine.clone}/.venv" in machine.calls[0]


def test_another_active_environment_is_left_alone(machine: Machine) -> None:
    machine.with_uv().with_python().run("--help", VIRTUAL_ENV="/some/where/else")
    assert "active=none" in machine.calls[0]


def test_an_installation_that_fails_says_so_and_is_tried_again(machine: Machine) -> None:
    machine.with_uv().with_python()
    result = machine.run("--help", FAKE_UV_FAILS="1")
    assert result.returncode == 1
    assert "no route to the index" in result.stderr
    assert "check the network" in result.stderr.splitlines()[-1]
    assert machine.run("--help").returncode == 0


def test_without_uv_it_is_installed_into_the_clone(machine: Machine) -> None:
    machine.with_python()
    result = machine.run("--help")
    assert result.returncode == 0, result.stderr
    assert "pip install --target" in machine.calls[0]
    assert "uv==" in machine.calls[0]
    assert [path.name for path in (machine.clone / ".leadline").iterdir()] == ["uv-0.13.9"]


def test_a_uv_that_is_too_old_is_not_used(machine: Machine) -> None:
    machine.with_uv().with_python()
    assert machine.run("--help", FAKE_UV_VERSION="0.4.30").returncode == 0
    assert "pip install --target" in machine.calls[0]


def test_without_pip_and_venv_the_remedy_is_named(machine: Machine) -> None:
    result = machine.with_python(pip=False).run("--help")
    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.14.0"])
def test_an_unsupported_python_is_named(machine: Machine, version: str) -> None:
    result = machine.with_python(version=version).run("--help")
    assert result.returncode == 1
    assert f"needs Python 3.11, 3.12 or 3.13, found Python {version}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_any_python_it_says_what_it_needs(machine: Machine) -> None:
    result = machine.run("--help")
    assert result.returncode == 1
    assert "found no python3" in result.stderr


def test_a_newer_interpreter_beside_an_old_python3_is_taken(machine: Machine) -> None:
    machine.with_uv().with_python(version="3.9.2").with_python("python3.13", "3.13.0")
    machine.run("--help")
    assert f"--python {machine.path}/python3.13" in machine.calls[0]


def test_leadline_python_names_the_interpreter(machine: Machine) -> None:
    machine.with_uv().with_python().with_python("other", "3.11.2").with_python("old", "3.9.1")
    machine.run("--help", LEADLINE_PYTHON=str(machine.path / "other"))
    assert f"--python {machine.path}/other" in machine.calls[0]
    result = machine.run("--help", LEADLINE_PYTHON=str(machine.path / "old"))
    assert result.returncode == 1
    assert "LEADLINE_PYTHON" in result.stderr


def test_a_home_that_cannot_be_written_gets_its_cache_in_the_clone(machine: Machine) -> None:
    machine.with_uv().with_python()
    assert machine.run("--help", HOME="/dev/null", cwd=machine.clone).returncode == 0
    assert f"cache={machine.clone}/.leadline/uv-cache" in machine.calls[0]


def test_test_runs_every_stage_and_ends_with_pytest(ready: Machine) -> None:
    result = ready.run("test")
    assert result.returncode == 0
    stages = [line for line in result.stdout.splitlines() if not line.startswith(("==", " "))]
    assert [line for line in stages if line] == [
        "ruff check .",
        "ruff format --check .",
        "mypy ",
        "python -m pytest --numprocesses auto --maxprocesses 4 tests/unit tests/bench",
        "python -m pytest --ignore tests/unit --ignore tests/bench",
    ]
    [sync] = ready.calls
    assert "--no-dev" not in sync


@pytest.mark.parametrize("failing", ["ruff", "mypy", "pytest"])
def test_test_fails_when_any_stage_fails_and_runs_the_others(ready: Machine, failing: str) -> None:
    result = ready.run("test", FAILING=failing)
    assert result.returncode == 1
    assert "python -m pytest --ignore tests/unit --ignore tests/bench" in result.stdout
    assert "failed:" in result.stderr


def test_test_with_arguments_runs_only_pytest(ready: Machine) -> None:
    result = ready.run("test", "tests/unit", "-k", "two words")
    assert result.stdout.splitlines() == ["python -m pytest tests/unit -k two words"]


def test_another_command_after_test_keeps_what_tests_need(ready: Machine) -> None:
    ready.run("test", "-q")
    ready.run("--help")
    assert len(ready.calls) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX launcher")
def test_two_first_starts_at_once_both_succeed(machine: Machine) -> None:
    machine.with_python()
    command = [str(machine.clone / "leadline"), "--help"]
    environment = {
        "PATH": str(machine.path),
        "HOME": str(machine.home),
        "CALLS": str(machine.calls_file),
        "FAKE_UV": str(machine.uv_file),
    }
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
