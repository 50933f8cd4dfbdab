"""Whom we may ask: a list of hosts, addresses and networks, as an operator writes it.

A host on the internet needs its name on the list. Any other address (loopback, link-local, private, metadata …)
has to be on the list itself, whatever name leads to it:

    files.example.com       that host, on any port             files.example.com:8443   on that port
    *.example.com           every host below it                *                        every host on the internet
    10.1.2.3, [::1]:8080    that address, also when it is inside
    10.20.0.0/16            what lies in that network, for hosts that are on the list and for addresses in URLs
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from ..errors import AddressRefused, InputError
from .addresses import SPECIAL, Address, Network, block_of, literal, plain

_ENTRY = re.compile(r"(\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+))(:(?P<port>\d{1,5}))?")
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class _Host:
    name: str
    port: int | None

    def covers(self, host: str, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        if self.name == "*":
            address = literal(host)
            return address is None or block_of(address) is None
        return host.endswith(self.name[1:]) if self.name.startswith("*.") else host == self.name


@dataclass(frozen=True, slots=True)
class Allowed:
    """The list, understood. Empty, it allows nothing."""

    hosts: tuple[_Host, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Allowed":
        """The list that the entries make. InputError names every entry that is wrong."""
        return _understood(tuple(entries))

    def names(self, host: str, port: int) -> bool:
        """Whether a host, as an address on the web has it in canonical spelling, may be asked at all."""
        address = literal(host)
        if address is not None and any(_lies_in(address, network) for network in self.networks):
            return True
        return any(one.covers(host, port) for one in self.hosts)

    def check(self, host: str, port: int) -> None:
        """Raises AddressRefused when the host may not be asked."""
        if not self.names(host, port):
            raise AddressRefused(f"{host}:{port} is not on the list of hosts that may be asked")

    def reaches(self, address: Address, port: int) -> bool:
        """Whether a connection to an address may be made, once its host may be asked."""
        block = block_of(address)
        if block is None:
            return True
        text = str(plain(address))
        if any(one.covers(text, port) for one in self.hosts if literal(one.name) is not None):
            return True
        if block.kind == "metadata":
            return False  # only by its very address
        return any(_lies_in(address, network) for network in self.networks)


def _lies_in(address: Address, network: Network) -> bool:
    address = plain(address)
    return address.version == network.version and address in network


@lru_cache(maxsize=64)
def _understood(entries: tuple[str, ...]) -> Allowed:
    hosts: list[_Host] = []
    networks: list[Network] = []
    wrong: list[str] = []
    for entry in entries:
        text = entry.strip().lower()
        try:
            if "/" in text:
                networks.append(_network(text))
            else:
                hosts.append(_host(text))
        except ValueError as error:
            wrong.append(f"{entry!r}: {error}")
    if wrong:
        raise InputError("; ".join(wrong))
    return Allowed(tuple(hosts), tuple(networks))


def _host(text: str) -> _Host:
    address = literal(text)
    if address is not None:
        return _Host(str(plain(address)), None)
    found = _ENTRY.fullmatch(text)
    name = (found["six"] or found["host"]) if found else ""
    address = literal(name)
    if not found or (address is None and (found["six"] or not _HOST.fullmatch(name))):
        raise ValueError("expected a host, host:port, *.domain, an address or a network such as 10.20.0.0/16")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return _Host(str(plain(address)) if address is not None else name, port)


def _network(text: str) -> Network:
    network = ip_network(text)
    if not any(_inside(network, block.network) for block in SPECIAL):
        raise ValueError(
            "a network here names inner addresses and must lie within one such block, as 10.20.0.0/16 does; "
            "hosts on the internet are named"
        )
    return network


def _inside(network: Network, block: Network) -> bool:
    return (
        network.version == block.version
        and network.network_address in block
        and network.broadcast_address in block
    )
