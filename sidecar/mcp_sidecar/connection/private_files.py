"""Files in the state directory that are the user's alone: nobody else reads them, or puts anything there."""

import os
import stat
import sys
import tempfile
from pathlib import Path


def is_private(directory: Path) -> bool:
    """Whether nobody else can put anything into the directory. Windows has that by where it is."""
    if sys.platform == "win32":
        return directory.is_dir()
    try:
        about = directory.stat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o022


def write_privately(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file at once and for the user alone; its directory is made where it is missing.

    Args:
        path: of the file.
        content: all of it.
        replace: whether what stands there is replaced; else it stays.

    Raises:
        OSError: it could not be written; others may write to the directory, for one.
    """
    for directory in (path.parent.parent, path.parent):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(path.parent):
        raise PermissionError(0, "others may write to the directory")
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(path)
        else:
            _put_unless_there(Path(temporary), path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _put_unless_there(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        pass  # another sidecar was faster
    except OSError:  # a file system without links
        temporary.replace(target)
