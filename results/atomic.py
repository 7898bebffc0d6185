"""Files that are either whole or not there, and what is said where there is no room for one."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from results.errors import BadInput

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How a system says that a disk, a quota or a limit on a file's size is used up."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path`` to write to, and rename it to ``path`` when the block ends well.

    A process killed inside the block leaves ``path`` as it was; the temporary file is overwritten by the next attempt.
    Writers of one path must exclude each other with a lock. Makes the folder.

    Raises
    ------
    BadInput
        Where there is no room; ``path`` is as it was, and the temporary file is gone.
    OSError
        As the block does, for any other reason.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with roomy(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)


@contextmanager
def roomy(path: Path, temporary: Path) -> Iterator[None]:
    """Around what writes ``temporary`` and renames it to ``path``: where it fails, the temporary file does not stay.

    Raises
    ------
    BadInput
        Where there is no room.
    """
    try:
        yield
    except Exception as error:
        temporary.unlink(missing_ok=True)
        if isinstance(cause := _system_error(error), OSError) and cause.errno in NO_ROOM:
            raise BadInput(no_room(path, cause)) from error
        raise


def no_room(path: Path | str, error: OSError) -> str:
    """What is said where ``path`` could not be written for want of room."""
    return (
        f"no room to write {path} ({error.strerror}): nothing that was written is lost; free some space and give the "
        "same command again"
    )


def _system_error(error: BaseException | None) -> OSError | None:
    """The OSError behind an error: writers in C raise one of their own after Python's."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole. Raises as ``replacing``."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
