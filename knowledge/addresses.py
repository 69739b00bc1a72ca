"""Which network addresses may be reached: public ones, and what an allow-list names."""

import ipaddress
import re
from collections.abc import Sequence

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out to networks that anybody may reach."""
_SPECIAL = tuple(
    ipaddress.ip_network(one)
    # Of protocols, some clouds' metadata among them; relays of 6to4; documentation.
    for one in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")
)
"""Not public either, whatever the standard library's table of this version says."""
_ENTRY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\](?:/\d+)?|[^\s:@/?#]+(?:/\d+)?)(?::(?P<port>\d{1,5}))?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AllowList:
    """Private places that may be reached all the same: `host`, `10.0.0.0/8` or either with `:port`."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._names: set[tuple[str, int | None]] = set()
        self._networks: list[tuple[Network, int | None]] = []
        for entry in entries:
            host, port = _parsed(entry)
            if isinstance(host, str):
                self._names.add((host, port))
            else:
                self._networks.append((host, port))

    def name(self, host: str, port: int) -> bool:
        """Whether a host is allowed by its name."""
        host = host.rstrip(".").lower()
        return (host, port) in self._names or (host, None) in self._names

    def address(self, address: str, port: int) -> bool:
        """Whether an address is public, or allowed as it stands."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        forms = _forms(parsed)
        if all(map(_public, forms)):
            return True
        return any(
            port in (allowed, port if allowed is None else None) and form in network
            for network, allowed in self._networks
            for form in forms
        )


def _public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or any(address in one for one in _SPECIAL):
        return False
    return address.version == 4 or address in _UNICAST


def check_allowed(entry: str) -> str:
    """The entry of an allow-list itself; ValueError in words when it is none."""
    _parsed(entry)
    return entry


def _parsed(entry: str) -> tuple[str | Network, int | None]:
    match = _ENTRY.fullmatch(entry.strip())
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 0 < port < 65536):
        raise ValueError(
            f"has {entry!r}; write a host, an address or a network, with or without a port: "
            "'intranet.example', '127.0.0.1:8099', '10.1.0.0/16'"
        )
    host = match["host"].replace("[", "").replace("]", "").lower().rstrip(".")
    try:
        return ipaddress.ip_network(host, strict=False), port
    except ValueError:
        if "/" in host or re.fullmatch(r"[\d.]+", host):
            raise ValueError(f"has {entry!r}, which is no address and no network") from None
        return host, port


def _forms(address: Address) -> list[Address]:
    """The address, and those that it carries inside: all of them are where it may lead."""
    forms: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        carried = [one for one in inner if one is not None]
        # A mapped address is the inner one; it has no scope of its own.
        forms = list(carried) if carried else forms
    return forms
