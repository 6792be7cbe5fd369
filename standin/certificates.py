"""The certificate authority of one run and the server certificate it signs.

Clients verify the stand-in the way they verify Redshift (sslmode=verify-full), with `ca.pem` in
place of the Amazon bundle: https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")


class Certificates:
    """A fresh CA, written to `ca_file` in `folder`; the private keys stay in memory."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA(organization_name="stand-in for Amazon Redshift")
        self._server = authority.issue_cert(*SERVER_NAMES)
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)

    def server_context(self) -> ssl.SSLContext:
        """The TLS side of the front end; below TLS 1.2 is refused, as Redshift does since 2026."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server.configure_cert(context)
        return context
