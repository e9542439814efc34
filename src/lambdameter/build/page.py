"""The live race's page: race/page/ -> one HTML file, built by npm in the user's cache.

`python -m lambdameter.build.page` builds the page unless these sources were built before; `check`,
`test` and `format` run the npm scripts of the same names. The module imports only the standard
library and can be loaded without its package, because the wheel's build hook loads it that way.
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
from collections.abc import Iterator
from pathlib import Path

from lambdameter.errors import BadInputError, HostError, LambdameterError

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "race" / "page"
# The page inside an installed wheel.
SHIPPED = Path(__file__).with_name("page.html")
# Folders that npm or Vite creates when a developer runs them beside the sources.
_NOT_SOURCES = {"node_modules", "dist"}
_LOCK = "package-lock.json"
_INSTALLED = Path("node_modules", f".{_LOCK}")
# `engines` of Vite 8: https://vite.dev/guide/#scaffolding-your-first-vite-project
_NODE_SINCE = {20: 19, 22: 12}


def find(sources: Path = SOURCES, shipped: Path = SHIPPED) -> Path:
    """The page, as one HTML file: from the wheel, or built from these sources by `make setup`.

    Raises:
        HostError: the page of these sources was never built.
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
    """The file that `build` writes the page of these sources to."""
    return _cache() / digest(sources) / "index.html"


def digest(sources: Path) -> str:
    """SHA-256 over the names and contents of all source files."""
    total = hashlib.sha256()
    for name, path in _files(sources):
        for part in (name.encode(), path.read_bytes()):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:16]


def build(sources: Path = SOURCES) -> Path:
    """The page of these sources; built only if that was not done before.

    Raises:
        HostError: npm is missing or too old, or its packages cannot be downloaded.
        BadInputError: the sources do not compile.
    """
    page = built(sources)
    if not page.is_file():
        with _working_copy(sources) as folder:
            try:
                _npm(folder, "run", "build")
            except BadInputError:
                # The installed packages may be broken, so the next build installs them again.
                (folder / _INSTALLED).unlink(missing_ok=True)
                raise
            page.parent.mkdir(parents=True, exist_ok=True)
            part = page.with_suffix(".part")
            shutil.copyfile(folder / "dist" / "index.html", part)
            part.replace(page)
    return page


def run(script: str, sources: Path = SOURCES) -> None:
    """Run a script of package.json on these sources. Raises the same errors as `build`."""
    with _working_copy(sources) as folder:
        _npm(folder, "run", script)


def reformat(sources: Path = SOURCES) -> None:
    """Let the formatter rewrite these sources. Raises the same errors as `build`."""
    with _working_copy(sources) as folder:
        _npm(folder, "run", "format")
        for name, path in _files(sources):
            if (folder / name).read_bytes() != path.read_bytes():
                shutil.copyfile(folder / name, path)


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "lambdameter" / "page"


def _files(sources: Path) -> list[tuple[str, Path]]:
    """Each source file with its path below the folder, in order."""
    inside = ((path.relative_to(sources), path) for path in sources.rglob("*"))
    return sorted(
        (name.as_posix(), path)
        for name, path in inside
        if not _NOT_SOURCES & set(name.parts) and path.is_file()
    )


@contextlib.contextmanager
def _working_copy(sources: Path) -> Iterator[Path]:
    """A copy of the sources with the npm packages installed; locked against other processes.

    There is one copy for each package-lock.json, because installing takes the longest, and for each
    kind of machine: some packages are compiled, and machines may share a home folder.
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
            _print("the page of the live race: npm ci")
            # All build tools are development dependencies: NODE_ENV=production must not omit them.
            _npm(folder, "ci", "--include=dev", "--no-audit", "--no-fund")
        yield folder


def _check_tools() -> None:
    next_step = "Install Node.js 20.19 or newer with npm: https://nodejs.org."
    for tool in ("npm", "node"):
        if shutil.which(tool) is None:
            raise HostError(
                f"The page of the live race is built with npm, and {tool} was not found",
                place=f"{tool}, on PATH",
                next_step=next_step,
            )
    output = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    version_text = output.stdout.strip()
    version = re.match(r"v(\d+)\.(\d+)", version_text)
    if version is None or not _new_enough(int(version[1]), int(version[2])):
        raise HostError(
            "The page of the live race needs a newer Node.js than "
            f"{version_text or 'this version'}",
            place="node, on PATH",
            next_step=next_step,
        )


def _new_enough(major: int, minor: int) -> bool:
    return major > max(_NODE_SINCE) or minor >= _NODE_SINCE.get(major, minor + 1)


def _npm(folder: Path, *arguments: str) -> None:
    """Run npm; show its output only if it fails."""
    done = subprocess.run(
        ["npm", "--silent", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"NO_COLOR": "1", "CI": "true"},
        check=False,
    )
    if done.returncode == 0:
        return
    _print(done.stdout.strip())
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


def _print(text: str) -> None:
    sys.stderr.write(f"{text}\n")


_CONSEQUENCES = {
    "build": "`lambdameter live` will not work without its page.",
    "check": "The page of the live race was not checked.",
    "test": "The page of the live race was not tested.",
    "format": "The page of the live race was not formatted.",
}


def main(arguments: list[str] | None = None) -> int:
    """Build the page, or run one of its scripts; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lambdameter.build.page",
        description="Build the page of the live race into the cache, or run one of its scripts.",
    )
    parser.add_argument("script", nargs="?", choices=_CONSEQUENCES, default="build")
    script = parser.parse_args(arguments).script
    try:
        if script == "build":
            build()
        elif script == "format":
            reformat()
        else:
            run(script)
    except LambdameterError as error:
        # Only `lambdameter live` needs the page, so make continues without npm; CI must not.
        if isinstance(error, HostError) and not os.environ.get("CI"):
            _print(f"{_CONSEQUENCES[script]} {error}")
            return 0
        _print(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
