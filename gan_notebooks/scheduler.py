"""Is there a Dask scheduler at an address, and may we talk to it? Where not, the error says why.

Certificates come from Dask's own configuration, whose environment variables stand in VARIABLES.
Only `cluster` imports this module: it looks first whether dask.distributed is there.
"""

import asyncio
import ssl

import dask
import distributed

from gan_notebooks.errors import SweepError

PATIENCE = 20  # seconds in which a scheduler has to answer
PREFIX = "DASK_DISTRIBUTED__COMM__"
REQUIRED = f"{PREFIX}REQUIRE_ENCRYPTION"
VARIABLES = {
    "ca-file": f"{PREFIX}TLS__CA_FILE",
    "client.cert": f"{PREFIX}TLS__CLIENT__CERT",
    "client.key": f"{PREFIX}TLS__CLIENT__KEY",
}
LINES = "docs/instructors.md has the lines"


def check(address):
    """Raise SweepError, with cause and cure, where no scheduler at `address` takes our runs.

    A Client would wait for ever for another kind of server at that port, and for a wrong
    certificate its end takes a while and prints a traceback: so this looks before one is made.
    """
    _check_address(address)
    _check_files()
    try:
        arguments = distributed.Security().get_connection_args("client")
        _check_encryption(address, arguments)
        identity = asyncio.run(asyncio.wait_for(_identity(address, arguments), PATIENCE))
    except ssl.SSLError as error:
        raise SweepError(
            f"the certificates of {', '.join(VARIABLES.values())} cannot be used ({error}): each "
            f"must be in PEM format, and the key that of the certificate; {LINES}"
        ) from None
    except (distributed.comm.CommClosedError, ValueError) as error:
        # A ValueError: who answers spoke before TLS was agreed on.
        raise SweepError(_why_closed(address, error)) from None
    except OSError as error:
        cause = str(error) or f"nothing within {PATIENCE} seconds"
        raise SweepError(
            f"no scheduler answers at {address} ({cause}): start one by `dask scheduler --host "
            "127.0.0.1 --dashboard-address 127.0.0.1:0`, which prints its address, for several "
            f"machines with TLS; {LINES}"
        ) from None
    if identity["type"] != "Scheduler":
        raise SweepError(
            f"at {address} a Dask {identity['type']} answers, and no scheduler: give the address "
            "that `dask scheduler` prints"
        )


async def _identity(address, arguments):
    """What the Dask server at `address` says of itself (dict), "type" for one."""
    async with distributed.rpc(address, timeout=PATIENCE, connection_args=arguments) as server:
        return await server.identity()


def _check_address(address):
    """Raise SweepError where `address` is none of a host and a port."""
    try:
        distributed.comm.get_address_host_port(address)
    except (ValueError, NotImplementedError) as error:  # of Dask's inproc://
        raise SweepError(
            f"{address or 'an empty text'} is no address of a scheduler ({error}): give it as "
            "`dask scheduler` prints it, tcp://HOST:PORT or tls://HOST:PORT"
        ) from None


def _check_files():
    """Raise SweepError where a file of a certificate cannot be read; Dask does not say which."""
    for name, variable in VARIABLES.items():
        path = dask.config.get(f"distributed.comm.tls.{name}")
        # Dask also takes the text of a certificate in place of its file.
        if path is None or "\n" in str(path):
            continue
        try:
            open(str(path)).close()
        except OSError as error:
            raise SweepError(
                f"{path} cannot be read ({error.strerror}): set {variable} to the right file; "
                f"{LINES}"
            ) from None


def _check_encryption(address, arguments):
    """Raise SweepError where `address` is a TLS one without certificates, or not though it must."""
    is_encrypted = address.startswith(("tls://", "wss://"))
    if is_encrypted and arguments["ssl_context"] is None:
        raise SweepError(
            f"{address} asks for certificates: set {', '.join(VARIABLES.values())} to their "
            f"files; {LINES}"
        )
    if arguments["require_encryption"] and not is_encrypted:
        raise SweepError(
            f"{address} is not encrypted, and Dask is told to require that ({REQUIRED}): give "
            f"the address as a scheduler with TLS prints it, tls://HOST:PORT; {LINES}"
        )


def _why_closed(address, error):
    """Cause and cure (str) where a server at `address` took the connection and closed it."""
    cause = error.__cause__ or error
    if address.startswith("tls://"):
        return (
            f"the server at {address} and this command found no encrypted way to talk ({cause}): "
            "the scheduler must have been started with TLS, and both certificates must be of the "
            f"same authority and not expired; {LINES}"
        )
    return (
        f"the server at {address} closed the connection ({cause}): where the scheduler was started "
        "with TLS, its address begins with tls://; give it as the scheduler prints it, and "
        f"{', '.join(VARIABLES.values())}; {LINES}"
    )
