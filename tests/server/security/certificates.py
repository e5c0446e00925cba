"""Certificates made on the spot, so that none is kept."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM files."""

    cert: Path
    key: Path


class Authority:
    """Signs for 127.0.0.1 and localhost. `cert` is what others trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        key, self.cert = folder / f"{name}.key", folder / f"{name}.pem"
        self._key = key
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", key, "-out", self.cert, "-subj", f"/CN={name}", "-days", "2")

    def issue(self, name: str) -> Pair:
        key, request, cert = (self._folder / f"{self._name}-{name}.{end}" for end in ("key", "csr", "pem"))
        _openssl("req", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        extensions = self._folder / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        signer = ("-CA", self.cert, "-CAkey", self._key, "-CAcreateserial", "-days", "2", "-extfile", extensions)
        _openssl("x509", "-req", "-in", request, "-out", cert, *signer)
        return Pair(cert, key)

    def encrypted(self, pair: Pair) -> Pair:
        key = pair.key.with_suffix(".encrypted")
        _openssl("ec", "-in", pair.key, "-out", key, "-aes256", "-passout", "pass:secret")
        return Pair(pair.cert, key)


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
