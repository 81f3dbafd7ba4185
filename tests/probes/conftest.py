"""A real net-snmp agent for the tests beside this file."""

from collections.abc import Iterator

import pytest

from tests.snmpd import snmpd

SNMP_AUTH = ("MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
SNMP_PRIV = ("DES", "AES", "AES192", "AES192C", "AES256", "AES256C")


@pytest.fixture(scope="session")
def snmp_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an snmpd with the community `public` and a user for every kind of protection.

    Users are named `auth-MD5`, `priv-AES` (with SHA) and so on, and `open` without any; their
    pass phrases are `authauth1` and `privpriv1`.
    """
    folder = tmp_path_factory.mktemp("snmpd")
    lines = ["rocommunity public", "rocommunity6 public", "sysName cat1", "createUser open"]
    lines += ["rouser open noauth"]
    for auth in SNMP_AUTH:
        lines += [f"createUser auth-{auth} {auth} authauth1", f"rouser auth-{auth} auth"]
    for priv in SNMP_PRIV:
        lines += [f"createUser priv-{priv} SHA authauth1 {priv} privpriv1"]
        lines += [f"rouser priv-{priv} priv"]
    with snmpd(folder, *lines) as port:
        yield port
