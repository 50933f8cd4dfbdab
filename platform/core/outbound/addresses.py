"""Which addresses lie inside: what IANA's special-purpose registries say, and the clouds' metadata servers.

`ipaddress.is_global` would not do: on Python 3.11 it is true of multicast, 6to4 and NAT64 addresses.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Block:
    """Addresses that are not out on the internet, and what they are called."""

    network: Network
    kind: str


def _blocks(kind: str, *networks: str) -> list[Block]:
    return [Block(ip_network(network), kind) for network in networks]


SPECIAL: tuple[Block, ...] = (
    *_blocks(
        "metadata", "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32"
    ),  # AWS, Azure, Google; ECS; EKS
    *_blocks(
        "metadata", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"
    ),  # Alibaba, Oracle, Azure's wire
    *_blocks("metadata", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128"),  # AWS, EKS, Google
    *_blocks("unspecified", "0.0.0.0/8", "::/128"),
    *_blocks("loopback", "127.0.0.0/8", "::1/128"),
    *_blocks("link-local", "169.254.0.0/16", "fe80::/10"),
    *_blocks(
        "private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"
    ),
    *_blocks("private", "64:ff9b:1::/48"),  # a NAT64 of one's own
    *_blocks("multicast", "224.0.0.0/4", "ff00::/8"),
    *_blocks(
        "documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"
    ),
    *_blocks("reserved", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
    *_blocks(
        "tunnel", "2001::/32", "2002::/16"
    ),  # Teredo, 6to4: an IPv4 address of the sender's choice inside
    *_blocks("reserved", "2001::/23", "5f00::/16"),
)
_OUTSIDE_V6 = IPv6Network("2000::/3")
_REST_OF_V6 = Block(IPv6Network("::/0"), "reserved")
_MAPPED, _NAT64 = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only wraps (`::ffff:127.0.0.1`, NAT64's `64:ff9b::7f00:1`), or itself."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def block_of(address: Address) -> Block | None:
    """The special block that an address lies in; None when it is out on the internet."""
    address = plain(address)
    for block in SPECIAL:
        if address.version == block.network.version and address in block.network:
            return block
    if isinstance(address, IPv6Address) and address not in _OUTSIDE_V6:
        return _REST_OF_V6
    return None


def literal(host: str) -> Address | None:
    """The address that a host is written as, in the one usual spelling; None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
