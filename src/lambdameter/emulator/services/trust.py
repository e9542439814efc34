"""The certificate authorities that functions trust: those on Lambda, and the local services' own.

Reading them is a large part of an SDK's first request: boto3 reads all of them for every new
connection, and so does Rust's SDK with the system's. With only the local authority a first request
took two thirds of the CPU time of published ones (docs/fidelity.md).
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

_NAME = "ca.pem"


def write_bundle(own: str, folder: Path) -> Path:
    """Write the CA bundle for functions and other clients.

    Args:
        own: the file of the local services' authority.
        folder: the folder to make for the bundle only, readable for everybody.

    Returns:
        The bundle. Its public authorities are boto3's own, as on Lambda; Amazon Linux has about as
        many for other languages.
    """
    folder.mkdir(mode=0o755)
    public = resources.files("botocore") / "cacert.pem"
    bundle = folder / _NAME
    bundle.write_bytes(Path(own).read_bytes() + b"\n" + public.read_bytes())
    return bundle
