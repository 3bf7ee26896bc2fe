"""Template files: read with care, and included from their own folder alone."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound

from poku_batch.errors import Fault, PromptError

#: A prompt is a few pages; whatever is larger is some other file.
MAX_BYTES = 256 * 1024


def read_prompt(path: Path | str) -> str:
    """Read a template's text, with ``LF`` line ends.

    Raises ``PromptError`` if the file is missing, a folder, empty, not UTF-8 or over 256 KiB.
    """
    text = _read(Path(path))
    if not text.strip():
        raise _error(path, "the template is empty", "say who is calling, why, and what to say")
    return text


class FolderLoader(BaseLoader):
    """Finds the templates that others include: in one folder and below it, nowhere else."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder.resolve() if folder else None

    def get_source(
        self,
        environment: Environment,  # noqa: ARG002  # Jinja's signature
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Read a template by its path below the folder; as Jinja's loaders do."""
        if self.folder is None:
            raise TemplateNotFound(template, "only a template in a file can include others")
        try:
            path = (self.folder / template).resolve()
            inside = path.is_relative_to(self.folder)
        except (OSError, ValueError):
            inside = False
        if not inside:
            message = f"{template!r} is outside the template's folder, and cannot be included"
            raise TemplateNotFound(template, message)
        try:
            return _read(path), str(path), lambda: True
        except PromptError as error:
            fault = error.faults[0]
            message = f"{template}: {fault.message}" + (f" ({fault.hint})" if fault.hint else "")
            raise TemplateNotFound(template, message) from error


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise _error(path, "the template is a folder", "name the file in it")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _error(path, "there is no such template", _nearest_to(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise _error(path, f"the template cannot be read: {reason or 'not a path'}") from None
    if len(data) > MAX_BYTES:
        raise _error(path, "the template is larger than 256 KiB", "is it the right file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(
            file=str(path),
            line=line,
            message="the template is not UTF-8 text",
            hint="save it again as UTF-8",
        )
        raise PromptError([fault]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _error(path: Path | str, message: str, hint: str | None = None) -> PromptError:
    return PromptError([Fault(file=str(path), message=message, hint=hint)])


def _nearest_to(path: Path) -> str | None:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else None
