"""Where Greenroom goes: names and addresses in every spelling, and what an operator's list opens."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.outbound.addresses import block_of
from core.outbound.allowed import Allowed
from core.outbound.target import Target

NAT64 = ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:7f00:1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::169.254.169.254", "metadata"),
        ("64:ff9b:1::1", "private"),
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("0.0.0.0", "unspecified"),  # noqa: S104
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fc00::1", "private"),
        ("fec0::1", "private"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("192.0.0.8", "reserved"),
        ("198.18.0.1", "reserved"),
        ("203.0.113.1", "documentation"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "tunnel"),
        ("2001:0:5ef5:79fb::1", "tunnel"),
        ("::127.0.0.1", "reserved"),
        ("::ffff:0:7f00:1", "reserved"),
        ("4000::1", "reserved"),
    ],
)
def test_inner_addresses(address: str, kind: str) -> None:
    block = block_of(ip_address(address))
    assert block is not None
    assert block.kind == kind


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_outer_addresses(address: str) -> None:
    assert block_of(ip_address(address)) is None


@given(st.ip_addresses())
def test_what_python_calls_inner_is_inner(address: object) -> None:
    """Python's word is not enough, but what it refuses we refuse."""
    found = ip_address(str(address))
    mapped = getattr(found, "ipv4_mapped", None)
    if not (mapped or found).is_global and found not in NAT64:
        assert block_of(found) is not None


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://Example.COM", "example.com", 80),
        ("https://example.com.:8443/a?b#c", "example.com", 8443),
        ("HTTP://127.0.0.1:80/", "127.0.0.1", 80),
        ("http://127。0。0。1/", "127.0.0.1", 80),
        ("http://①②⑦.0.0.1/", "127.0.0.1", 80),
        ("http://ⓔxample.com/", "example.com", 80),
        ("http://bücher.example/", "xn--bcher-kva.example", 80),
        ("http://[::FFFF:127.0.0.1]/", "::ffff:7f00:1", 80),
        ("http://[0:0:0:0:0:0:0:1]/", "::1", 80),
    ],
)
def test_one_spelling(url: str, host: str, port: int) -> None:
    target = Target.parse(url)
    assert (target.host, target.port) == (host, port)
    assert Target.parse(target.url) == target


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://2130706433/", "four decimal numbers"),
        ("http://0x7f000001/", "four decimal numbers"),
        ("http://0x7f.0.0.0x1/", "four decimal numbers"),
        ("http://0177.0.0.1/", "four decimal numbers"),
        ("http://127.1/", "four decimal numbers"),
        ("http://127.0.0.1.0x/", "four decimal numbers"),
        ("http://user@example.com/", "has a user name"),
        ("http://user:secret@example.com/", "has a user name"),
        ("http://example.com@127.0.0.1/", "has a user name"),
        ("http://example.com\\@127.0.0.1/", "backslash"),
        ("http://exam\nple.com/", "control character"),
        ("http://example.com\x00.evil/", "control character"),
        (" http://example.com/", "blank"),
        ("http://[fe80::1%25eth0]/", "zones"),
        ("http://[::1/", "is no address"),
        ("http://exa%6dple.com/", "'%'"),
        ("http://example.com:99999/", "is no address"),
        ("http://example.com:0/", "port 0"),
        ("http://example.com:80:80/", "is no address"),
        ("http:///etc/passwd", "is no host name"),
        ("http://a..b/", "is no host name"),
        ("http://" + "a" * 64 + "/", "is no host name"),
        ("http://" + "a." * 130 + "a/", "is no host name"),
        ("http://example.com/" + "x" * 4000, "4000 characters at the most"),
        ("file:///etc/passwd", "is no web address"),
        ("gopher://127.0.0.1:25/x", "is no web address"),
        ("//127.0.0.1/", "is no web address"),
        ("", "is no web address"),
    ],
)
def test_what_is_no_address(url: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        Target.parse(url)
    assert reason in refused.value.message
    assert "secret" not in refused.value.message


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", ""]))
def test_any_text_is_an_address_or_refused(text: str, scheme: str) -> None:
    try:
        target = Target.parse(scheme + text)
    except InputError:
        return
    again = Target.parse(target.url)
    assert (again.host, again.port) == (target.host, target.port)


def test_the_list_opens_what_it_names_and_nothing_else() -> None:
    allowed = Allowed.of(
        ["*.corp.example", "Files.example.com:8443", "10.20.0.0/16", "192.168.1.5", "[::1]:8080"]
    )
    assert allowed.names("git.corp.example", 443)
    assert allowed.names("files.example.com", 8443)
    assert allowed.names("10.20.3.4", 80)
    for host, port in (
        ("corp.example", 443),
        ("evilcorp.example", 443),
        ("git.corp.example.evil", 443),
        ("files.example.com", 443),
        ("10.21.0.1", 80),
        ("127.0.0.1", 80),
        ("8.8.8.8", 80),
        ("::1", 8081),
    ):
        assert not allowed.names(host, port)
    for address in ("8.8.8.8", "10.20.255.1", "192.168.1.5", "::ffff:10.20.0.1", "64:ff9b::c0a8:105"):
        assert allowed.reaches(ip_address(address), 443)
    assert allowed.reaches(ip_address("::1"), 8080)
    for address in ("10.21.0.1", "192.168.1.6", "127.0.0.1", "169.254.169.254", "::1", "2002:a14:1::"):
        assert not allowed.reaches(ip_address(address), 443)


def test_metadata_servers_open_by_their_very_address_only() -> None:
    wide = Allowed.of(["*", "169.254.0.0/16", "100.64.0.0/10", "fd00::/8"])
    assert wide.reaches(ip_address("169.254.1.1"), 80)
    for address in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"):
        assert not wide.reaches(ip_address(address), 80)
    assert not wide.names("127.0.0.1", 80)
    assert wide.names("8.8.8.8", 80)
    assert Allowed.of(["169.254.169.254"]).reaches(ip_address("169.254.169.254"), 80)


def test_a_list_that_is_wrong_is_told_as_a_whole() -> None:
    with pytest.raises(InputError) as refused:
        Allowed.of(
            [
                "ok.example",
                "0.0.0.0/0",
                "8.8.0.0/16",
                "::/0",
                "10.1.2.3/8",
                "http://x",
                "a:b",
                "a:0",
                "*.",
                "",
                "x*",
            ]
        )
    for wrong in (
        "0.0.0.0/0",
        "8.8.0.0/16",
        "::/0",
        "10.1.2.3/8",
        "http://x",
        "a:b",
        "a:0",
        "*.",
        "''",
        "x*",
    ):
        assert wrong in refused.value.message
    assert "ok.example" not in refused.value.message
    assert not Allowed.of([]).names("example.com", 80)
