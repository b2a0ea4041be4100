"""Which addresses a request may go to.

A host's name proves nothing: it may spell 127.0.0.1 as `0x7f.1`, and its answer may change between two look-ups. So
it is the resolved address that is judged here, against lists of our own rather than `ipaddress.is_global`, whose
meaning changes between patch versions of Python.

Sources: IANA's IPv4 and IPv6 special-purpose address registries, RFC 6052 (NAT64), RFC 6598 (shared address space).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address

REFUSED_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT; also the metadata service of Alibaba Cloud
            "127.0.0.0/8",
            "168.63.129.16/32",  # looks global, but is Azure's wire server, which hands out secrets
            "169.254.0.0/16",  # link-local; the metadata service of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments; also the metadata service of Oracle Cloud
            "192.0.2.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)

GLOBAL_V6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out: mapped and compatible IPv4, fc00::/7, fe80::/10 and ff00::/8 lie outside."""

REFUSED_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them, which carries an IPv4 address inside
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries an IPv4 address inside
            "3fff::/20",
        ),
    )
)

NAT64 = IPv6Network("64:ff9b::/96")
"""On networks with IPv6 only, hosts that have IPv4 only are seen here. Its local sibling 64:ff9b:1::/48 is refused,
since where an address sits in it is up to each network."""


def is_public(address: Address) -> bool:
    """Whether the address belongs to the open internet; for NAT64 the IPv4 address inside is what counts."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in REFUSED_V4)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in GLOBAL_V6 and not any(address in network for network in REFUSED_V6)


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of `network: allow_private`: a name or a network, and the port if it is for one port only."""

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    def permits(self, host: str, port: int, address: Address) -> bool:
        if self.port not in {None, port}:
            return False
        return address in self.network if self.network else host == self.name


def allowed(entries: Sequence[str]) -> tuple[Allowed, ...]:
    """Reads hosts (`intranet.example`), hosts with a port (`127.0.0.1:8080`, `[::1]:8080`) and networks (`10.0.0.0/8`).

    Errors: ValueError, for an entry that is none of them.
    """
    return tuple(map(_allowed, entries))


def _allowed(entry: str) -> Allowed:
    if (network := _network(entry)) is not None:
        return Allowed(network=network)
    host, colon, digits = entry.rpartition(":") if ":" in entry else (entry, "", "")
    port = int(digits) if digits.isascii() and digits.isdigit() else None
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    network = _network(bare)
    if (
        not bare
        or (network is None and not set(bare).isdisjoint("/:[]"))
        or (colon and (port is None or not 0 < port < 65536))
    ):
        raise ValueError(f"allow_private: {entry!r} is neither a host nor a network")
    return Allowed(name="" if network else host_name(bare), network=network, port=port)


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def host_name(host: str) -> str:
    """The name as it is compared, and as certificates spell it."""
    return host.lower().rstrip(".")
