"""Whom a function trusts: the authorities that it trusts on Lambda, and the local services' own.

Reading them is a large part of an SDK's first request: boto3 reads all of its own for every new
connection, and Rust's SDK those of the system. With the local authority alone a first request took
two thirds of the CPU time that published ones took (docs/fidelity.md).
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

_NAME = "ca.pem"


def write_bundle(own: str, folder: Path) -> Path:
    """Write the file that functions and other clients are given.

    Args:
        own: the file of the local services' authority.
        folder: is made, readable for everybody; nothing else is in it.

    Returns:
        The bundle in it. The public authorities are those that boto3 brings along, as on Lambda;
        Amazon Linux, for other languages, has about as many.
    """
    folder.mkdir(mode=0o755)
    public = resources.files("botocore") / "cacert.pem"
    bundle = folder / _NAME
    bundle.write_bytes(Path(own).read_bytes() + b"\n" + public.read_bytes())
    return bundle
