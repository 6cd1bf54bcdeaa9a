"""Whom the clients trust: read once, and anew when it changes."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
import trustme

from calsync.tls import trust


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


def test_clients_share_what_was_read(ca: Path) -> None:
    assert trust(str(ca)) is trust(str(ca))
    assert trust(True) is trust(True)


def test_a_renewed_authority_is_read_anew(ca: Path) -> None:
    before = trust(str(ca)).get_ca_certs()
    trustme.CA().cert_pem.write_to_path(str(ca))
    os.utime(ca, (1, 1))
    assert trust(str(ca)).get_ca_certs() != before


def test_certificates_are_checked_unless_told_otherwise(ca: Path) -> None:
    assert trust(True).verify_mode is trust(str(ca)).verify_mode is ssl.CERT_REQUIRED
    assert trust(False).verify_mode is ssl.CERT_NONE


def test_a_missing_file_is_no_authority(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.pem"):
        trust(str(tmp_path / "none.pem"))
