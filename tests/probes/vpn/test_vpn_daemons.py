import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netguard.lab import namespaces
from probes.vpn import ike
from probes.vpn.sockets import datagrams, exchange
from tests.probes.vpn.place import Place, details, eventually, said

pytestmark = pytest.mark.packets

SOFTETHER = "/usr/libexec/softether/vpnserver/vpnserver"
SPI = b"\x11\x22\x33\x44\x55\x66\x77\x88"


@contextmanager
def openvpn(
    server: Place, folder: Path, identity: tuple[Path, Path], port: int, *options: str
) -> Iterator[None]:
    certificate, key = identity
    command = ["openvpn", "--dev", "tun", "--mode", "server", "--tls-server", "--dh", "none"]
    command += ["--ca", str(certificate), "--cert", str(certificate), "--key", str(key)]
    transport = "tcp" if "tcp-server" in options else "udp"
    log = folder / f"openvpn-{transport}-{port}.log"
    with server.daemon([*command, "--port", str(port), *options], (transport, port), log=log):
        yield


@contextmanager
def charon(
    server: Place, folder: Path, proposals: str = "default", version: int = 0
) -> Iterator[None]:
    control = folder / "vici"
    plugins = "random nonce aes sha1 sha2 hmac gmp kdf pem pkcs1 kernel-netlink socket-default vici"
    (folder / "strongswan.conf").write_text(
        f"charon-systemd {{\n load = {plugins}\n"
        f" plugins {{ vici {{ socket = unix://{control} }} }}\n}}\n"
    )
    (folder / "swanctl.conf").write_text(
        f"connections {{ any {{\n version = {version}\n proposals = {proposals}\n"
        " local { auth = psk }\n remote { auth = psk }\n children { c { } } } }\n"
        "secrets { ike-any { secret = nobody } }\n"
    )
    settings = {
        "STRONGSWAN_CONF": str(folder / "strongswan.conf"),
        "SWANCTL_DIR": str(folder),
    }
    log = folder / "charon.log"
    listening = (("udp", 500), ("udp", 4500))
    with server.daemon(["/usr/sbin/charon-systemd"], *listening, log=log, **settings):
        eventually(control.exists, log)
        server.run("swanctl", "--load-all", "--uri", f"unix://{control}", **settings)
        yield


@pytest.mark.parametrize(
    ("proposals", "version", "answer"),
    [
        ("default", 2, "IKEv2, accepts a proposal"),
        ("aes128-sha1-ecp256", 2, "IKEv2, INVALID_KE_PAYLOAD"),
        ("aes256-sha512-modp8192", 2, "IKEv2, NO_PROPOSAL_CHOSEN"),
        ("default", 1, "IKEv2, NO_PROPOSAL_CHOSEN"),
    ],
)
def test_strongswan_is_known_by_whatever_it_answers(
    server: Place, tmp_path: Path, proposals: str, version: int, answer: str
) -> None:
    with charon(server, tmp_path, proposals, version):
        tables = [server.ask(address=own) for own in ("127.0.0.1", "::1")]
    for table in tables:
        assert details(table) == {("ike", 500): answer, ("ike", 4500): answer}
        assert table.gaps == ()


@pytest.mark.parametrize(
    ("proposals", "answer"),
    [
        ("aes128-sha1-modp1024", "IKEv1, accepts a proposal"),
        ("aes256-sha512-modp8192", "IKEv1, NO_PROPOSAL_CHOSEN"),
    ],
)
def test_strongswan_understands_our_first_message_of_version_1(
    server: Place, tmp_path: Path, proposals: str, answer: str
) -> None:
    async def asked() -> str | None:
        with datagrams(IPv4Address("127.0.0.1"), 500) as link:
            read = partial(ike.parse, spi=SPI)
            return await exchange(link, (ike.first_message_v1(SPI),), read, timeout=2.0)

    with charon(server, tmp_path, proposals, 1), namespaces.entered(server.fd):
        assert asyncio.run(asked()) == answer


def test_openvpn_is_found_over_udp_and_over_tcp(
    server: Place, tmp_path: Path, identity: tuple[Path, Path]
) -> None:
    with (
        openvpn(server, tmp_path, identity, 1194),
        openvpn(server, tmp_path, identity, 1194, "--proto", "tcp-server"),
        openvpn(server, tmp_path, identity, 443, "--proto", "tcp-server"),
    ):
        table = server.ask()
    assert said(table) == {
        ("openvpn", "udp", 1194),
        ("openvpn", "tcp", 1194),
        ("openvpn", "tcp", 443),
    }


def test_openvpn_with_tls_auth_is_silent_which_is_no_gap(
    server: Place, tmp_path: Path, identity: tuple[Path, Path]
) -> None:
    key = tmp_path / "static.key"
    server.run("openvpn", "--genkey", "secret", str(key))
    with (
        openvpn(server, tmp_path, identity, 1194, "--tls-auth", str(key), "0"),
        openvpn(
            server, tmp_path, identity, 443, "--proto", "tcp-server", "--tls-auth", str(key), "0"
        ),
    ):
        table = server.ask(timeout=0.5)
    for log in tmp_path.glob("openvpn-*.log"):
        assert "cannot locate HMAC in incoming packet" in log.read_text()
    assert (table.rows, table.gaps) == ((), ())


def test_xl2tpd_is_found_and_told_to_forget_the_tunnel(server: Place, tmp_path: Path) -> None:
    config, log = tmp_path / "xl2tpd.conf", tmp_path / "xl2tpd.log"
    config.write_text("[global]\n[lns default]\nip range = 192.0.2.2-192.0.2.9\n")
    (tmp_path / "secrets").write_text("")
    files = ["-c", str(config), "-s", str(tmp_path / "secrets"), "-p", str(tmp_path / "pid")]
    command = ["xl2tpd", "-D", *files, "-C", str(tmp_path / "control")]
    with server.daemon(command, ("udp", 1701), log=log):
        table = server.ask()
        eventually(lambda: "Connection closed to 127.0.0.1" in log.read_text(), log)
    assert said(table) == {("l2tp", "udp", 1701)}


def test_pptpd_is_found(server: Place, tmp_path: Path) -> None:
    config, options = tmp_path / "pptpd.conf", tmp_path / "options"
    options.write_text("")
    config.write_text(f"option {options}\nlocalip 192.0.2.1\nremoteip 192.0.2.2-9\n")
    command = ["pptpd", "-f", "-c", str(config), "-p", str(tmp_path / "pid")]
    with server.daemon(command, ("tcp", 1723), log=tmp_path / "pptpd.log"):
        table = server.ask()
    assert details(table) == {("pptp", 1723): "linux local"}


def test_softether_is_found_by_its_own_protocol_and_by_openvpns(
    server: Place, tmp_path: Path
) -> None:
    # It writes to fixed places, so it gets empty ones of its own; and it ignores SIGTERM, so it
    # is the first process of its own namespace and ends with it.
    places = (
        "mount -t tmpfs none /var/lib && mount -t tmpfs none /var/log && mount -t tmpfs none /run"
    )
    folders = "mkdir /var/lib/softether /var/log/softether /run/softether"
    script = f"{places} && {folders} && exec {SOFTETHER} execsvc"
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    listening = [("tcp", port) for port in (443, 992, 1194, 5555)]
    with server.daemon(command, *listening, log=tmp_path / "softether.log"):
        table = server.ask()
    own = {("softether", "tcp", port) for port in (443, 992, 5555)}
    assert said(table) >= own | {("openvpn", "tcp", 1194), ("openvpn", "tcp", 443)}
    assert details(table)["softether", 443].startswith("SoftEther VPN Server")
