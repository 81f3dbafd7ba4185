"""A place for servers, and a throwaway certificate for them."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.probes.vpn.place import Place, place


@pytest.fixture
def server() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subject = ["-subj", "/CN=server.example", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", *curve, *files, *subject],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def tls(identity: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity)
    return context
