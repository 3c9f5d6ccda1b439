"""The disk: waiting until something is truly on it, so that a power cut cannot undo it, and how much room it has."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARGIN = 2**20  # bytes that must stay free beside what is written: folders and small files take room too
TROUBLES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})  # what no setting mends
_NO_FOLDERS = frozenset({errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOTSUP})  # file systems that flush files only


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's list of names, are on the disk."""
    is_folder = path.is_dir()
    try:
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
    except OSError as error:
        if not (is_folder and error.errno in _NO_FOLDERS):
            raise


def flush_all(folder: Path) -> None:
    """Flush every file in `folder`, then the folders from the innermost to `folder` itself."""
    for inner, _, files in os.walk(folder, topdown=False):
        for name in files:
            flush(Path(inner, name))
        flush(Path(inner))


def grant(folder: Path) -> None:
    """Let those read and write the files in `folder` who may use the folder: the umask decided on its mode, and some
    libraries give their files to the owner alone."""
    wanted = folder.stat().st_mode & 0o666
    for inner, _, files in os.walk(folder):
        for name in files:
            file = Path(inner, name)
            mode = stat.S_IMODE(file.stat().st_mode)
            if wanted & ~mode:
                with suppress(PermissionError):  # a file system without modes
                    file.chmod(mode | wanted)


def make(folder: Path) -> None:
    """Make a folder where there is none, and its parents, so that they stay."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(exist_ok=True)
        flush(folder.parent)


@contextmanager
def naming(place: Path) -> Iterator[None]:
    """Where `place` is written: a disk's trouble that does not say where it happened, as a full disk's, says it."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in TROUBLES:
            error.filename = str(place)
        raise


def lock(number: int) -> bool:
    """Lock an open file or folder until it is closed, or its process ends; False where the file system knows no locks.

    Raises:
        BlockingIOError: it is locked already.
    """
    import fcntl  # which Windows has not

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def refuse_full(folder: Path, needed: int) -> None:
    """Raise OSError (ENOSPC) where fewer than `needed` bytes and a margin are free."""
    if room(folder) < needed + MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def room(folder: Path) -> int:
    """Free bytes where `folder` lies, or will lie; 0 where nobody can tell."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def reason(error: Exception) -> str:
    """Why something could not be written, in the system's words."""
    return getattr(error, "strerror", None) or str(error)


def told(size: int) -> str:
    """Bytes for people: '1.3 GB', '0.2 MB'."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
