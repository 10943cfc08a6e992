"""Whether a Dask scheduler may be talked to, as far as that shows without one."""

import socket

import dask
import pytest

pytest.importorskip("distributed")

from gan_notebooks import scheduler
from gan_notebooks.errors import SweepError


def refused(address, **settings):
    """What the check says against an address, under settings of distributed.comm (str)."""
    names = {"required": "require-encryption", "ca": "tls.ca-file", "cert": "tls.client.cert"}
    config = {f"distributed.comm.{names[name]}": value for name, value in settings.items()}
    with dask.config.set(config), pytest.raises(SweepError) as error:
        scheduler.check(address)
    return str(error.value)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "tcp://127.0.0.1", "tcp:127.0.0.1", "tcp://127.0.0.1:1 8", "http://127.0.0.1:1"],
)
def test_what_is_no_address(address):
    message = refused(address)
    assert f"{address} is no address" in message and "tls://HOST:PORT" in message


def test_a_tls_address_needs_certificates():
    message = refused("tls://127.0.0.1:9")
    assert "asks for certificates" in message and "TLS__CLIENT__KEY" in message


def test_an_address_without_tls_where_encryption_is_required():
    for address in ("tcp://127.0.0.1:9", "127.0.0.1:9"):
        message = refused(address, required=True)
        assert "is not encrypted" in message and scheduler.REQUIRED in message


def test_a_certificate_that_is_missing_or_none(tmp_path):
    missing = str(tmp_path / "ca.pem")
    message = refused("tls://127.0.0.1:9", ca=missing)
    assert f"{missing} cannot be read" in message and "TLS__CA_FILE" in message
    (tmp_path / "ca.pem").write_text("no certificate")
    assert "PEM format" in refused("tls://127.0.0.1:9", ca=missing, cert=missing)


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        message = refused(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert "no scheduler answers" in message and "nothing within 0.3 seconds" in message
