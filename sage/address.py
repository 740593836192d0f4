"""Which addresses may be opened: only those of the public internet.

A link is taken apart here once, and what is connected to later is exactly what was checked: no second
parser, no second resolution. Unusual spellings of an address (decimal, octal, hexadecimal, mapped,
tunnelled) are refused rather than understood. The only exception is a `Guard` that names an address
and port; it is a value passed by the caller, so no environment, link or redirect can widen it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from sage.faults import Border, WorldError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNROUTED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's machine agent, reachable from every machine there
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",  # Teredo, ORCHID and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
)
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_KEPT_IN_PATHS = "/:@!$&'()*+,;=~%[]"


class ForbiddenAddressError(WorldError):
    """The link is not one that is ever opened: its scheme, its spelling or where it leads."""

    def __init__(self, message: str) -> None:
        super().__init__(Border.NETWORK, message)


@dataclass(frozen=True)
class Guard:
    """What may be opened beyond the public internet: nothing, unless a test's server is named."""

    allow: frozenset[str] = frozenset()
    """`address:port`, e.g. `127.0.0.1:8123`; for IPv6 `[::1]:8123`."""

    def permits(self, address: str, port: int) -> bool:
        """Whether this literal address and port may be connected to."""
        named = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return named in self.allow or is_public(address)


PUBLIC = Guard()


class Target(NamedTuple):
    """A link taken apart; `host` is ASCII, without brackets, and `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def is_public(address: str) -> bool:
    """Whether a literal IP address is globally routable and embeds no address that is not."""
    try:
        value: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(value, ipaddress.IPv6Address):
        if value.scope_id is not None:
            return False
        value = _embedded(value) or value
    if isinstance(value, ipaddress.IPv6Address) and value not in _IPV6_PUBLIC:
        return False
    return not any(value in network for network in _UNROUTED if network.version == value.version)


def parse_link(url: str) -> Target:
    """Takes a link apart; ForbiddenAddressError for schemes, spellings and hosts that are never opened."""
    if not url.strip():
        raise ForbiddenAddressError("The link is empty.")
    if len(url) > 8192 or re.search(r"[\x00-\x20\x7f\\]", url.strip()):
        raise ForbiddenAddressError("The link has spaces, backslashes or control characters in it.")
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ForbiddenAddressError("The link is malformed.") from None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        kind = (
            f"Links of the kind {shown(scheme)}:" if scheme else "Links without http:// or https://"
        )
        raise ForbiddenAddressError(f"{kind} are not opened; only http and https links are.")
    if "@" in parts.netloc:
        raise ForbiddenAddressError("Links that carry a user name or password are not opened.")
    path = quote(parts.path or "/", safe=_KEPT_IN_PATHS)
    query = "?" + quote(parts.query, safe=_KEPT_IN_PATHS + "?") if parts.query else ""
    return Target(
        scheme, _ascii_host(host), port or (443 if scheme == "https" else 80), path + query
    )


def resolve(host: str, port: int, guard: Guard = PUBLIC) -> tuple[str, ...]:
    """All addresses of a host, every one of them checked. Blocks as long as the system's resolver does.

    One address that is not public refuses the host: an answer that mixes both is an attack.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WorldError(Border.NETWORK, f"No address was found for {shown(host)}.") from error
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(guard.permits(address, port) for address in addresses):
        raise not_public(host)
    return addresses


def check_public(url: str, guard: Guard = PUBLIC) -> None:
    """Raises ForbiddenAddressError unless the link is http(s) and leads to public addresses only.

    For early refusals. The fetch itself checks again, on the connection it makes.
    """
    target = parse_link(url)
    resolve(target.host, target.port, guard)


def not_public(host: str) -> ForbiddenAddressError:
    """The refusal; it names what the link says, never what a name resolved to."""
    return ForbiddenAddressError(
        f"{shown(host)} is not an address of the public internet, so it is not opened."
    )


def shown(text: str) -> str:
    """Untrusted text as it may stand in a sentence: printable and short."""
    clean = "".join(c for c in text if c.isprintable())
    return clean if len(clean) <= 80 else clean[:79] + "…"


def _embedded(value: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped, NAT64 or ISATAP address, which is where packets go."""
    if value.ipv4_mapped:
        return value.ipv4_mapped
    number = int(value)
    if value in _NAT64 or (number >> 32) & 0xFFFFFFFF in _ISATAP_MARKS:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return None


def _ascii_host(host: str) -> str:
    if ":" in host:
        return _literal(host)
    try:
        name = host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        raise ForbiddenAddressError("The link's host name is malformed.") from None
    labels = name.split(".")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return _literal(name)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ForbiddenAddressError("The link's host name is malformed.")
    return name


def _literal(host: str) -> str:
    """A numeric host in its usual spelling; decimal, octal, hexadecimal and short forms are refused."""
    try:
        return str(ipaddress.ip_address(host.replace("%", "/")))  # no zones: they name an interface
    except ValueError:
        raise ForbiddenAddressError("The link spells its address in an unusual way.") from None
