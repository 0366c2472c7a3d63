"""Folders that cannot be used: which one, why, and the setting that names another."""

import errno
from pathlib import Path

_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


def refused(error: OSError) -> str | None:
    """One sentence about a file or folder that this user may not use; None when the error is about something else."""
    from groupvitals.settings import load_settings

    if error.errno not in _REFUSED or not isinstance(error.filename, str):
        return None
    path, settings = Path(error.filename).absolute(), load_settings()
    found = f"{path} cannot be used ({error.strerror})"
    for variable, folder in (("GROUPVITALS_CACHE", settings.cache), ("GROUPVITALS_HOME", settings.home)):
        ours = folder.absolute()
        if path.is_relative_to(ours) or ours.is_relative_to(path):
            return f"{found}: set {variable} to a folder that this user may write to (it is {ours} now)."
    return f"{found}: use another place, or give this user access to it."
