from __future__ import annotations

import ssl
from pathlib import Path

from botocore.httpsession import DEFAULT_CA_BUNDLE

from lambdameter.emulator.services.trust import write_bundle


def names(bundle: Path) -> set[str]:
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted.load_verify_locations(bundle)
    return {str(one["subject"]) for one in trusted.get_ca_certs()}


def test_a_function_trusts_those_that_boto3_trusts_and_the_local_authority(tmp_path: Path) -> None:
    public = Path(DEFAULT_CA_BUNDLE)
    own = tmp_path / "own.pem"
    # Any authority will do for the local one; the last of the public ones is left out beside it.
    begin = "-----BEGIN CERTIFICATE-----"
    own.write_text(begin + public.read_text().rsplit(begin, 1)[1])
    bundle = write_bundle(str(own), tmp_path / "ca")
    assert names(own) < names(bundle) == names(public)
    assert bundle.read_text().index(own.read_text().strip()) == 0
    assert len(names(bundle)) > 100


def test_everybody_may_read_it(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("-----BEGIN CERTIFICATE-----\n")
    folder = tmp_path / "ca"
    assert write_bundle(str(own), folder) == folder / "ca.pem"
    assert folder.stat().st_mode & 0o755 == 0o755
    assert [file.name for file in folder.iterdir()] == ["ca.pem"]
