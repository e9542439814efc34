"""`make test-cgroup2`: the sandbox's tests on a kernel with cgroup v2, in a virtual machine.

An initramfs holds this host's own Python, the tests and what they need, under the host's paths.
QEMU emulates the processor: what a test sees is the kernel's behaviour, never its speed.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import os
import re
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = "tests/unit/emulator/sandbox"
BEHAVIOUR = str(ROOT / TESTS / "test_on_this_host.py")
ENCLOSED = str(ROOT / TESTS / "test_enclosed_on_this_host.py")
WITHOUT_CPU = str(Path(__file__).with_name("test_without_cpu.py"))
DISTRIBUTIONS = ("msgspec", "platformdirs", "psutil", "pytest", "pytest-asyncio", "pytest-timeout")
NOT_NEEDED = {"test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "site-packages"}
FOLDERS = ("proc", "sys", "dev", "tmp", "run", "var", "opt")
_LIBRARY = re.compile(r"(/\S+) \(0x")
_NAME = re.compile(r"[\w.-]+")
_LIMIT_S = 600
_STARTS = 2
_HUNG = 124  # timeout(1)


class Archive:
    """A cpio archive in the format "newc": the kernel's, for an initramfs.

    https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._names: set[str] = set()

    def add(self, path: Path) -> None:
        """A file, link or folder of the host, and the folders and links that lead to it."""
        for parent in reversed(path.parents):
            if parent.is_symlink():
                self.add(parent)
                self.add(parent.resolve() / path.relative_to(parent))
                return
            if parent != Path("/"):
                self.put(str(parent), stat.S_IFDIR | 0o755)
        if path.is_symlink():
            target = path.readlink()
            self.put(str(path), stat.S_IFLNK | 0o777, str(target).encode())
            self.add(Path(os.path.normpath(path.parent / target)))
        elif path.is_file():
            mode = stat.S_IFREG | (0o755 if os.access(path, os.X_OK) else 0o644)
            # With its time: Python compares it with that in the compiled file.
            self.put(str(path), mode, path.read_bytes(), int(path.stat().st_mtime))

    def put(self, name: str, mode: int, content: bytes = b"", changed_s: int = 0) -> None:
        """One entry; the first of a name stays."""
        if name in self._names:
            return
        self._names.add(name)
        inode = len(self._names)
        encoded = name.lstrip("/").encode() + b"\0"
        numbers = (inode, mode, 0, 0, 1, changed_s, len(content), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % number for number in numbers) + encoded
        self.parts += [_padded(head), _padded(content)]

    def close(self) -> bytes:
        """The whole archive."""
        self.put("TRAILER!!!", 0)
        return b"".join(self.parts)


def _padded(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 4)


def _requirements(names: tuple[str, ...]) -> set[str]:
    """These distributions and all that they need here."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:  # for another system, or an extra
            continue
        found.add(name)
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                waiting += _NAME.findall(requirement)[:1]
    return found


def _files() -> Iterator[Path]:
    """All that the guest is given, but for shared libraries."""
    version = f"python{sysconfig.get_python_version()}"
    base = Path(sys.base_prefix)
    yield base / "bin" / version
    for folder, names, files in os.walk(base / "lib" / version):
        names[:] = [
            name for name in names if name not in NOT_NEEDED and not name.startswith("config-")
        ]
        yield from (Path(folder) / file for file in files if not file.startswith("_tkinter"))
    venv = Path(sys.prefix)
    yield from (venv / "pyvenv.cfg", venv / "bin" / "python")
    yield from (venv / "bin" / name for name in ("lambdameter-launch", "lambdameter-slow-core"))
    for name in _requirements(DISTRIBUTIONS):
        distribution = importlib.metadata.distribution(name)
        yield from (Path(str(distribution.locate_file(file))) for file in distribution.files or ())
    for folder in ("src", TESTS):
        yield from (ROOT / folder).rglob("*.*")
    yield from (ROOT / "tests" / "conftest.py", Path(WITHOUT_CPU), ROOT / "pyproject.toml")


def _libraries(files: list[Path]) -> set[Path]:
    """What the programs and extension modules are linked with."""
    linked = [path for path in files if path.is_file() and path.open("rb").read(4) == b"\x7fELF"]
    told = subprocess.run(("ldd", *linked), capture_output=True, text=True, check=False)
    return {Path(name) for name in _LIBRARY.findall(told.stdout)}


def _told() -> bytes:
    """What the guest is to run."""
    python = str(Path(sys.prefix, "bin", "python"))
    pytest = (
        python,
        *["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"],
        "-k",
        "not duty-cycle",
    )
    told = {
        "root": (*pytest, BEHAVIOUR, ENCLOSED),
        # The last -k counts. A user has no real-time threads, which keep Lambda's rule.
        "user": (*pytest, "-k", "not duty-cycle and not rule", BEHAVIOUR),
        "user_without_cpu": (*pytest, WITHOUT_CPU),
        "environment": {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CI": "true",
            "LANG": "C.UTF-8",
        },
    }
    return json.dumps(told).encode()


def _initramfs() -> bytes:
    archive = Archive()
    for name in FOLDERS:
        archive.put(f"/{name}", stat.S_IFDIR | 0o755)
    files = [path for path in _files() if path.exists()]
    for path in (*files, *sorted(_libraries(files))):
        archive.add(path)
    python = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}")
    init = Path(__file__).with_name("init.py").read_text()
    archive.put("/init", stat.S_IFREG | 0o755, f"#!{python} -I\n{init}".encode())
    archive.put("/told.json", stat.S_IFREG | 0o644, _told())
    return archive.close()


def main() -> int:
    """Pack, start, show what the machine tells; 0 if no run of tests failed."""
    cache = Path(sys.argv[1])
    image = cache / f"initramfs-{os.getpid()}.gz"
    image.write_bytes(gzip.compress(_initramfs(), compresslevel=1))
    command = (
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"),
        *("-m", "1536", "-nographic", "-no-reboot", "-nic", "none"),
        *("-kernel", str(cache / "vmlinuz"), "-initrd", str(image)),
        *("-append", "console=ttyS0 quiet loglevel=3 panic=-1"),
    )
    try:
        # An emulated machine may hang, CPUs spinning and its clock still: no test said that.
        for _ in range(_STARTS):
            passed, ended = _told_by(command)
            if ended != _HUNG:
                return 0 if passed else 1
            print(f"The machine has not ended in {_LIMIT_S} s: it hangs.", flush=True)
    finally:
        image.unlink()
    return 1


def _told_by(command: tuple[str, ...]) -> tuple[bool, int]:
    """Run the machine and show what it tells: whether all passed, and how `timeout` ended."""
    passed = False
    with subprocess.Popen(
        ("timeout", str(_LIMIT_S), *command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as machine:
        assert machine.stdout is not None  # noqa: S101  for mypy: it is a pipe
        for line in machine.stdout:
            print(line, end="", flush=True)
            passed |= line.strip() == "lambdameter: 0 failed"
    return passed, machine.returncode


if __name__ == "__main__":
    sys.exit(main())
