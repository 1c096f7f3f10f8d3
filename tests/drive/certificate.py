"""A certificate for loopback that is its own authority. Rule: OpenSSL makes it; nothing of it outlives its folder."""

import subprocess
from pathlib import Path

NAME = "pbx.example"


def a_certificate(folder: Path, name: str = NAME) -> tuple[Path, Path]:
    """Files in a new folder: the certificate, and its key."""
    folder.mkdir(parents=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*new, *files, *names], check=True, capture_output=True)
    return certificate, key
