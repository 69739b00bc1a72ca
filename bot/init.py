"""What a new company begins with: a configuration, a persona, an env file to fill in, a first document."""

from importlib.resources import as_file, files
from pathlib import Path

from bot.errors import VoceroError

_RENAMED = {"env.example": ".env.example"}  # a hidden template is easily left out of a package


def write_scaffold(folder: Path) -> list[Path]:
    """Writes the templates into a folder and returns their paths; nothing at all if one is there already."""
    with as_file(files("bot") / "templates") as templates:
        contents = {
            folder / _RENAMED.get(path.name, path.relative_to(templates)): path.read_bytes()
            for path in sorted(templates.rglob("*"))
            if path.is_file()
        }
    existing = next((path for path in contents if path.exists()), None)
    if existing:
        raise VoceroError(
            f"{existing} is there already and stays as it is; move it, or choose another folder."
        )
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
    except OSError as error:
        raise VoceroError(f"{error.filename} cannot be written: {error.strerror}.") from None
    return list(contents)
