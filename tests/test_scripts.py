"""`scripts/run` and what it installs, with a Python that only notes what it is told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Stands for the interpreter on the PATH and for the one in .venv; notes what it is told in `log`.
FAKE_PYTHON = f"""#!/bin/bash
case "$*" in
  *fcntl*) exec {sys.executable} "$@" ;;
  "-c "*) exit 0 ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo venv >>log ;;
  "-m pip "*)
    echo "pip ${{*: -1}}" >>log
    sleep "$(cat slow 2>/dev/null || echo 0)"
    if [ -f break ]; then rm break; exit 1; fi
    if [ -f kill ]; then rm kill; kill -9 $PPID; fi
    echo noise ;;
  *) printf '%s\\n' "cwd=$PWD" "config=${{VOCERO_CONFIG:-}}" "$@" ;;
esac
"""
INSTALLED = ["venv", "pip requirements.lock", "pip ."]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The scripts in a folder with a space in its path, and a PATH of the test's own."""
    project = tmp_path / "a project"
    shutil.copytree(ROOT / "scripts", project / "scripts")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (project / name).write_text(f"{name}\n")
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "cat", "cksum", "cp", "dirname", "mkdir", "rm", "sleep", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    _python(tmp_path, "python3.12", FAKE_PYTHON)
    return project


def _python(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.write_text(script)
    path.chmod(0o755)


def start(project: Path, script: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    where = project.parent / "elsewhere"
    where.mkdir(exist_ok=True)
    return subprocess.Popen(
        [project / "scripts" / script, *arguments],
        cwd=where,
        env={"PATH": str(project.parent / "bin"), **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path, script: str, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = start(project, script, *arguments, **environ)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def log(project: Path) -> list[str]:
    """What was installed since the last look."""
    path = project / "log"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_the_first_start_installs_and_the_next_does_not(project: Path) -> None:
    """A venv, what is pinned, the project itself; then nothing more, and nothing is said."""
    assert run(project, "install", "run")[0] == 0
    assert log(project) == INSTALLED
    assert run(project, "install", "run") == (0, "", "")
    assert log(project) == []


def test_all_that_the_installer_says_is_on_standard_error(project: Path) -> None:
    """Standard output belongs to the command."""
    code, out, err = run(project, "run", "ask", "x", "--json")
    assert code == 0
    assert "noise" not in out
    assert "noise" in err


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_change_of_what_is_pinned_is_installed(project: Path, changed: str) -> None:
    """Into the venv that is there."""
    run(project, "install", "run")
    log(project)
    (project / changed).write_text("changed\n")
    assert run(project, "install", "run")[0] == 0
    assert log(project) == INSTALLED[1:]


def test_what_tests_contains_what_runs(project: Path) -> None:
    """After `scripts/test` the other start is installed too, not the other way round."""
    run(project, "install", "run")
    log(project)
    run(project, "install", "dev")
    assert log(project) == ["pip requirements-dev.lock", "pip ."]
    run(project, "install", "run")
    run(project, "install", "dev")
    assert log(project) == []


@pytest.mark.parametrize("how", ["break", "kill"])
@pytest.mark.parametrize("done_before", [0, 1])
def test_an_installation_cut_short_is_made_again(project: Path, how: str, done_before: int) -> None:
    """Failed or killed, at the first package or at the last: the next start begins with a new venv."""
    if done_before:
        run(project, "install", "run")
        (project / "pyproject.toml").write_text("changed\n")
        log(project)
    (project / how).touch()
    code, _, err = run(project, "run", "ask")
    assert code != 0
    assert how == "kill" or "run this again" in err
    log(project)
    assert run(project, "install", "run")[0] == 0
    assert log(project) == INSTALLED


def test_a_moved_project_is_installed_again(project: Path) -> None:
    """A venv knows its own path, so one from elsewhere is made anew."""
    run(project, "install", "run")
    log(project)
    moved = project.rename(project.with_name("moved project"))
    assert run(moved, "install", "run")[0] == 0
    assert log(moved) == INSTALLED


def test_two_first_starts_at_once_install_once(project: Path) -> None:
    """The second waits for the first and then has nothing to do."""
    (project / "slow").write_text("0.3")
    processes = [start(project, "run", "status") for _ in range(3)]
    assert [process.communicate(timeout=60)[0].splitlines()[-1] for process in processes] == ["status"] * 3
    assert log(project) == INSTALLED


def test_no_python_is_one_sentence(project: Path) -> None:
    """It says which versions serve."""
    _python(project.parent, "python3.12", "#!/bin/bash\nexit 1\n")
    code, out, err = run(project, "run")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in err


def test_a_python_without_venv_says_what_to_install(project: Path) -> None:
    """Debian keeps it in a package of its own."""
    _python(project.parent, "python3.12", '#!/bin/bash\ncase "$*" in *ensurepip*) exit 1 ;; esac\n')
    code, _, err = run(project, "run")
    assert code == 1
    assert "python3-venv" in err


def test_arguments_pass_through_from_any_folder(project: Path) -> None:
    """As they are, with their spaces, in the folder where they were typed."""
    out = run(project, "run", "ask", "¿dos  palabras?", "--json")[1].splitlines()
    assert out[0] == f"cwd={project.parent / 'elsewhere'}"
    assert out[2:] == ["-P", "-m", "bot", "ask", "¿dos  palabras?", "--json"]


def test_without_arguments_and_terminal_it_serves(project: Path) -> None:
    """A chat wants a terminal."""
    assert run(project, "run")[1].splitlines()[-1] == "serve"


def test_without_a_configuration_it_takes_the_demo_company(project: Path) -> None:
    """VOCERO_CONFIG and a vocero.toml where it is typed come first."""

    def config(**environ: str) -> str:
        return run(project, "run", "status", **environ)[1].splitlines()[1]

    assert config() == f"config={project}/examples/demo/vocero.toml"
    assert config(VOCERO_CONFIG="mine.toml") == "config=mine.toml"
    (project.parent / "elsewhere" / "vocero.toml").touch()
    assert config() == "config="


def test_the_scripts_are_executable() -> None:
    """They are called by their path."""
    for name in ("scripts/run", "scripts/test", "scripts/install", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), name
