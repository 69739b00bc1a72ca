"""The program `git`, run so that a repository can make nothing happen here."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from knowledge.errors import SourceError, UnreadableError
from knowledge.fetching import shown
from knowledge.reading import check_size

_SECONDS = 1_800
_SETTINGS = {
    # What a repository, or who wrote to it, could make run here.
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "http.followRedirects": "initial",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
}


class Repository:
    """A bare copy, in `path`, of the repository at a URL; `source` is named in errors."""

    def __init__(self, source: str, url: str, path: Path, user: str, token: str | None) -> None:
        self.path = path
        self.url = url
        self._source = source
        self._environment = environment(url, user, token)
        self._secrets = [token] if token else []
        self._reader: subprocess.Popen[bytes] | None = None

    @property
    def shown(self) -> str:
        """The address as an error may show it."""
        return shown(self.url)

    def trouble(self, what: str) -> SourceError:
        """An error of the whole source, in one sentence."""
        return SourceError(f"Source `{self._source}`: {what}.")

    def _command(self, *arguments: str, inside: bool = True) -> list[str]:
        git = shutil.which("git")
        if git is None:
            raise self.trouble("there is no program `git` here; install it")
        return [git, *(("--git-dir", str(self.path)) if inside else ()), *arguments]

    def run(self, *arguments: str, inside: bool = True) -> bytes:
        """What git says; raises `SourceError` with its own last words."""
        if inside and not self.path.is_dir():
            raise self.trouble(f"there is no copy of {self.shown} yet")
        try:
            done = subprocess.run(  # noqa: S603 - arguments of our own, after `--` where they are not
                self._command(*arguments, inside=inside),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self.trouble(f"{self.shown} takes longer than {_SECONDS // 60} minutes") from None
        if done.returncode:
            raise self.trouble(
                f"git cannot read {self.shown} ({self._words(done.stderr)}); check `url`, `branch`, and that "
                "the token or key may read it"
            )
        return done.stdout

    def _words(self, stderr: bytes) -> str:
        """The line of git's that says most, without secrets."""
        text = stderr.decode("utf-8", "replace").replace(self.url, self.shown)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        telling = [
            line for line in lines if re.match(r"fatal|error|remote: \w", line, re.IGNORECASE)
        ] or lines
        return telling[0][:200].rstrip(".") if telling else "it does not say why"

    def blob(self, name: str, blob: str) -> bytes:
        """A content by its hash, from one program for all of them; `name` is that of the document."""
        if self._reader is None or self._reader.poll() is not None:
            self.close()
            self._reader = subprocess.Popen(  # noqa: S603 - arguments of our own
                self._command("cat-file", "--batch"),
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        try:
            self._reader.stdin.write(f"{blob}\n".encode())
            self._reader.stdin.flush()
            head = self._reader.stdout.readline().split()
            if len(head) != 3:
                raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
            size = int(head[2])
            content = self._reader.stdout.read(size + 1)[:-1]
        except (OSError, ValueError) as error:
            raise self.trouble(f"the copy in `{self.path}` cannot be read") from error
        check_size(name, size)
        return content

    def close(self) -> None:
        """Ends the program that reads contents."""
        reader, self._reader = self._reader, None
        if reader is not None:
            assert reader.stdin is not None
            assert reader.stdout is not None
            reader.stdin.close()
            reader.stdout.close()
            reader.wait()


def environment(url: str = "", user: str = "", token: str | None = None) -> Mapping[str, str]:
    """What git sees of the environment: nothing that changes what it does, the token for this host alone."""
    settings = dict(_SETTINGS)
    if token:
        key = base64.b64encode(f"{user}:{token}".encode()).decode()
        parts = urlsplit(url)
        settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {key}"
    environment = {
        "PATH": os.defpath,
        "HOME": str(Path.home()),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "http:https:ssh:file",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (name, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environment
