"""A certificate authority of the tests' own, and what it issues, as PEM files."""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

#: Protects the client's key.
KEY_PASSWORD = "key-secret-5e1f"


@dataclass(frozen=True)
class Certificates:
    """`ca` signed all others; `stranger` is an authority that signed none. `server` holds key and certificate."""

    ca: Path
    stranger: Path
    server: Path
    client: Path
    client_key: Path


def issue(folder: Path) -> Certificates:
    """Write them into the folder: a server's for localhost and 127.0.0.1, and a client's named `worker`."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, found = trustme.CA(), Certificates(*(folder / f"{name}.pem" for name in Certificates.__annotations__))
    ca.cert_pem.write_to_path(found.ca)
    trustme.CA().cert_pem.write_to_path(found.stranger)
    server = ca.issue_cert("localhost", "127.0.0.1")
    client = ca.issue_cert("worker@example.org", common_name="worker")
    found.server.write_bytes(_key(server) + server.cert_chain_pems[0].bytes())
    found.client.write_bytes(client.cert_chain_pems[0].bytes())
    found.client_key.write_bytes(_key(client, KEY_PASSWORD))
    return found


def _key(certificate: trustme.LeafCert, password: str = "") -> bytes:
    """The private key as Kafka takes it: PKCS #8."""
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
