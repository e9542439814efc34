"""The live race's page: race/page/ -> one HTML file, built by npm in the user's cache.

`python -m lambdameter.build.page` builds the page if its sources have changed; `check` and `test`
run npm's scripts of these names. The module imports only the standard library and errors.py,
because the wheel's build hook uses it, too.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lambdameter.errors import BadInputError, HostError, LambdameterError

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "race" / "page"
# The page in the wheel.
SHIPPED = Path(__file__).with_name("page.html")
# Folders that npm or an editor leaves in the sources.
_LEFT = {"node_modules", "dist"}
_LOCK = "package-lock.json"
_INSTALLED = Path("node_modules", f".{_LOCK}")
# `engines` of Vite 8: https://vite.dev/guide/#scaffolding-your-first-vite-project
_NODE_SINCE = {20: 19, 22: 12}


def find(sources: Path = SOURCES, shipped: Path = SHIPPED) -> Path:
    """The page as one HTML file: from the wheel, or built from these sources by `make setup`.

    Raises:
        HostError: the page was not built yet.
    """
    if shipped.is_file():
        return shipped
    if sources.is_dir() and (page := built(sources)).is_file():
        return page
    raise HostError(
        "The page of the live race is not built",
        place=str(sources),
        next_step="Install Node.js 20.19 or newer with npm, and run `make setup`.",
    )


def built(sources: Path = SOURCES) -> Path:
    """The file of the page that is built from these sources."""
    return _cache() / digest(sources) / "index.html"


def digest(sources: Path) -> str:
    """SHA-256 over the names and contents of all source files."""
    total = hashlib.sha256()
    for name, path in _files(sources):
        for part in (name.encode(), path.read_bytes()):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:16]


def build(sources: Path = SOURCES) -> Path:
    """Build the page of these sources, unless it exists.

    Raises:
        HostError: npm is missing or too old, or its packages cannot be downloaded.
        BadInputError: the sources do not compile.
    """
    page = built(sources)
    if not page.is_file():
        with _workshop(sources) as folder:
            try:
                _npm(folder, "run", "build")
            except BadInputError:
                # The installed packages may be broken: they are downloaded again next time.
                (folder / _INSTALLED).unlink(missing_ok=True)
                raise
            page.parent.mkdir(parents=True, exist_ok=True)
            part = page.with_suffix(".part")
            shutil.copyfile(folder / "dist" / "index.html", part)
            part.replace(page)
    return page


def run(script: str, sources: Path = SOURCES) -> None:
    """Run one of package.json's scripts on these sources. Raises the errors of `build`."""
    with _workshop(sources) as folder:
        _npm(folder, "run", script)


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "lambdameter" / "page"


def _files(sources: Path) -> list[tuple[str, Path]]:
    """Each source file with its path below the folder, in order."""
    inside = ((path.relative_to(sources), path) for path in sources.rglob("*"))
    wanted = (pair for pair in inside if not _LEFT & set(pair[0].parts) and pair[1].is_file())
    return sorted((name.as_posix(), path) for name, path in wanted)


@contextlib.contextmanager
def _workshop(sources: Path) -> Iterator[Path]:
    """A copy of the sources with their npm packages, for one process at a time.

    There is one for each package-lock.json, since installing packages takes long, and for each kind
    of machine, since some packages are compiled and several machines may share a home folder.
    """
    _check_tools()
    machine = f"{sys.platform} {platform.machine()}".encode()
    packages = hashlib.sha256(machine + (sources / _LOCK).read_bytes()).hexdigest()[:16]
    folder = _cache() / f"npm-{packages}"
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.iterdir():
            if leftover.name != "node_modules":
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        for name, path in _files(sources):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
        # npm writes this file last.
        if not (folder / _INSTALLED).is_file():
            _say("the page of the live race: npm ci")
            # The build needs development packages, whatever NODE_ENV and npm's settings are.
            _npm(folder, "ci", "--include=dev", "--no-audit", "--no-fund")
        yield folder


def _check_tools() -> None:
    wanted = "Install Node.js 20.19 or newer with npm: https://nodejs.org."
    for tool in ("npm", "node"):
        if shutil.which(tool) is None:
            raise HostError(
                f"The page of the live race is built with npm, and {tool} was not found",
                place=f"{tool}, on PATH",
                next_step=wanted,
            )
    output = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=False
    ).stdout
    version = re.match(r"v(\d+)\.(\d+)", output)
    if version is None or not _new_enough(int(version[1]), int(version[2])):
        raise HostError(
            "The page of the live race needs a newer Node.js than "
            f"{output.strip() or 'this version'}",
            place="node, on PATH",
            next_step=wanted,
        )


def _new_enough(major: int, minor: int) -> bool:
    return major > max(_NODE_SINCE) or minor >= _NODE_SINCE.get(major, minor + 1)


def _npm(folder: Path, *arguments: str) -> None:
    """Run npm; print its output only if it fails."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            ["npm", "--silent", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"NO_COLOR": "1", "CI": "true"},
            check=False,
        )
        output.seek(0)
        text = output.read().strip()
    if done.returncode == 0:
        return
    _say(text)
    if arguments[0] == "ci":
        raise HostError(
            "npm cannot download the packages that the page of the live race is built with",
            place=str(folder),
            next_step="Check the connection to https://registry.npmjs.org, and run `make setup`.",
        )
    raise BadInputError(
        f"npm {' '.join(arguments)} failed on the page of the live race",
        place=str(SOURCES),
        next_step="Correct the errors above.",
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


_WITHOUT = {
    "build": "`lambdameter live` will not work without its page.",
    "check": "The page of the live race was not checked.",
    "test": "The page of the live race was not tested.",
}


def main(arguments: list[str] | None = None) -> int:
    """Build the page, or run one of its scripts; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lambdameter.build.page",
        description="Build the page of the live race into the cache, or run one of its scripts.",
    )
    parser.add_argument("script", nargs="?", choices=("build", "check", "test"), default="build")
    parsed = parser.parse_args(arguments)
    try:
        if parsed.script == "build":
            build()
        else:
            run(parsed.script)
    except LambdameterError as error:
        # Only the live race needs the page, so `make` continues; in CI it must not.
        if isinstance(error, HostError) and not os.environ.get("CI"):
            _say(f"{_WITHOUT[parsed.script]} {error}")
            return 0
        _say(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
