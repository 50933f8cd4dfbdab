"""Asking servers that mean harm: every answer costs bounded time and bytes and ends in a sentence."""

import datetime as dt
import gzip
import itertools
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import AddressRefused, ExternalError, GreenroomError, InputError, TooLarge, Unavailable
from core.outbound.allowed import Allowed
from core.outbound.asking import Answer, ask
from core.outbound.session import session

from .server import RawServer, ok

MIB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[RawServer]:
    made = RawServer()
    yield made
    made.close()


def get(url: str, *allow: str, seconds: float = 5.0, limit: int = MIB, **more: Any) -> Answer:
    """What Greenroom makes of an address, with the local servers on the list."""
    allowed = Allowed.of(allow or ["127.0.0.1"])
    return ask("GET", url, allowed=allowed, limit=limit, seconds=seconds, **more)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: for each name the answers that it gives one after the other; the last one stays."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def find(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [row for address in found for row in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return known


def test_an_answer(server: RawServer) -> None:
    answer = get(server.says("a?b=1", ok(5, "ETag: x"), b"hello"), headers={"If-None-Match": "y"})
    assert (answer.status, answer.reason, answer.content, answer.headers["etag"]) == (
        200,
        "OK",
        b"hello",
        "x",
    )
    (heard,) = server.heard
    assert heard.startswith(b"GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    for line in (b"If-None-Match: y", b"Accept-Encoding: identity", b"User-Agent: Greenroom"):
        assert line in heard
    assert get(server.says("gone", b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")).status == 404


def test_a_post_is_sent_once_and_not_redirected(server: RawServer) -> None:
    url = server.says(
        "x", b"HTTP/1.1 307 Go\r\nLocation: /y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    allowed = Allowed.of(["127.0.0.1"])
    assert ask("POST", url, allowed=allowed, limit=10, body=b"{}").status == 307
    server.says("broken")
    with pytest.raises(Unavailable):
        ask("POST", server.url("broken"), allowed=allowed, limit=10, body=b"{}")
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("169.254.169.254", "metadata"),
        ("10.0.0.1", "private"),
        ("fe80::1", "link-local"),
        ("0.0.0.0", "unspecified"),  # noqa: S104
        ("2002:7f00:1::", "tunnel"),
        ("224.0.0.1", "multicast"),
    ],
)
def test_a_name_that_leads_inside(names: dict[str, list[list[str]]], address: str, kind: str) -> None:
    names["files.example.com"] = [[address]]
    names["mixed.example.com"] = [["8.8.8.8", address]]
    for host in ("files.example.com", "mixed.example.com"):
        for allow in ("*.example.com", "*", host):
            with pytest.raises(AddressRefused, match=f"leads to a {kind} address") as refused:
                get(f"http://{host}/x", allow)
            assert address not in refused.value.message  # what inner names stand for is nobody's business


def test_a_network_on_the_list_opens_a_name(server: RawServer, names: dict[str, list[list[str]]]) -> None:
    names["files.example.com"] = [["127.0.0.1"]]
    server.says("x", ok(2), b"ok")
    assert get(server.url("x", "files.example.com"), "*.example.com", "127.0.0.0/8").content == b"ok"
    assert f"Host: files.example.com:{server.port}".encode() in server.heard[0]
    with pytest.raises(AddressRefused, match="not on the list of hosts"):
        get(server.url("x"), "*.example.com")


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    server: RawServer, names: dict[str, list[list[str]]]
) -> None:
    """A name that answers anew each time gains nothing: it is looked up once for a connection."""
    names["rebind.example.com"] = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3"]]
    server.says("x", ok(2), b"ok")
    url = server.url("x", "rebind.example.com")
    assert get(url, "rebind.example.com", "127.0.0.1").content == b"ok"
    with pytest.raises(AddressRefused, match="loopback"):
        get(url, "rebind.example.com", "127.0.0.1")
    assert len(server.heard) == 1


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.2", "169.254.169.254", "example.com"])
def test_a_redirect_to_where_we_do_not_go(server: RawServer, host: str) -> None:
    for location in (f"http://{host}:{server.port}/x", f"//{host}:{server.port}/x"):
        head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        with pytest.raises(AddressRefused) as refused:
            get(server.says("go", head.encode()))
        assert refused.value.url == f"http://{host}:{server.port}/x"
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://x/", "http://u:p@127.0.0.1/", "http://[", "http://0x7f.1/"]
)
def test_a_redirect_to_what_is_no_address(server: RawServer, location: str) -> None:
    head = f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(InputError):
        get(server.says("go", head.encode()))


def test_endless_redirects(server: RawServer) -> None:
    server.says("round", b"HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ExternalError, match="more than 5 redirects"):
        get(server.url("round"))
    assert len(server.heard) == 6


def test_credentials_stay_with_their_host(server: RawServer, names: dict[str, list[list[str]]]) -> None:
    names["other.example.com"] = [["127.0.0.1"]]
    other = server.url("there", "other.example.com")
    server.says("there", ok(2), b"ok")
    server.says("go", f"HTTP/1.1 302 Found\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode())
    headers = {"Authorization": "Bearer s3cret", "If-None-Match": "tag"}
    get(server.url("go"), "127.0.0.1", "other.example.com", headers=headers)
    assert [b"s3cret" in heard for heard in server.heard] == [True, False]
    assert b"tag" in server.heard[1]


def test_a_redirect_with_an_endless_body_is_not_read(server: RawServer) -> None:
    def endless() -> Iterator[bytes]:
        yield f"HTTP/1.1 302 Found\r\nLocation: {server.url('there')}\r\n\r\n".encode()
        yield from itertools.repeat(b"x" * 65536)

    server.says("there", ok(2), b"ok")
    assert get(server.streams("go", endless)).content == b"ok"
    assert server.sent < 16 * MIB


def gigabyte(head: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield head
        yield from itertools.repeat(b"x" * 65536, 16384)

    return pieces


def chunked_gigabyte() -> Iterator[bytes]:
    yield ok(None, "Transfer-Encoding: chunked")
    yield from itertools.repeat(b"10000\r\n" + b"x" * 65536 + b"\r\n", 16384)


@pytest.mark.parametrize(
    "pieces",
    [
        gigabyte(ok(1024 * MIB)),
        gigabyte(ok()),
        chunked_gigabyte,
        gigabyte(ok(10**30)),
        gigabyte(b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["announced", "unannounced", "chunked", "boasted", "bare"],
)
def test_a_stream_of_a_gigabyte(server: RawServer, pieces: Callable[[], Iterator[bytes]]) -> None:
    url = server.streams("big", pieces)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="more than 1 MB"):
            get(url)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert server.sent < 16 * MIB


def test_a_packed_bomb_is_not_unpacked(server: RawServer) -> None:
    packed = gzip.compress(b"0" * 64 * MIB)
    with pytest.raises(ExternalError, match="packed as 'gzip'"):
        get(server.says("bomb", ok(len(packed), "Content-Encoding: gzip"), packed))
    server.says("small", b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed)
    assert len(get(server.url("small")).content) <= 65536


def drip(head: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield head
        while True:
            time.sleep(0.02)
            yield b"x"

    return pieces


@pytest.mark.parametrize(
    "head",
    [ok(1000), ok(), b"HTTP/1.1 200 OK\r\nX-", b"", b"HTTP", b"HTTP/1.1 404 No\r\n\r\n"],
    ids=["body", "unannounced", "headers", "nothing", "status", "refusal"],
)
def test_a_slow_drip_ends_in_time(server: RawServer, head: bytes) -> None:
    url = server.streams("slow", drip(head))
    start = time.monotonic()
    with pytest.raises(GreenroomError):
        get(url, seconds=0.4)
    assert time.monotonic() - start < 3


def test_silence_ends_in_time(server: RawServer) -> None:
    def silent() -> Iterator[bytes]:
        server.ended.wait(10)
        yield b""

    start = time.monotonic()
    with pytest.raises(Unavailable, match="too slow"):
        get(server.streams("silent", silent), seconds=0.4)
    assert time.monotonic() - start < 3


def test_endless_interim_answers_end(server: RawServer) -> None:
    def interim() -> Iterator[bytes]:
        return itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")

    with pytest.raises(Unavailable):
        get(server.streams("hm", interim), seconds=0.5)


@pytest.mark.parametrize(
    "answer",
    [
        (ok(1000), b"short"),
        (ok(None, "Transfer-Encoding: chunked"), b"5\r\nab"),
        (ok(None, "Transfer-Encoding: chunked"), b"zz\r\nab\r\n"),
        (b"",),
        (b"220 smtp.example.com ready\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(500)), b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",),
        (b"\x16\x03\x01\x00\xa5\x01",),
        (b"HTTP/1.1 999999 No\r\n\r\n",),
    ],
    ids=[
        "short",
        "short chunk",
        "bad chunk",
        "nothing",
        "smtp",
        "many headers",
        "long header",
        "tls",
        "status",
    ],
)
def test_what_is_no_answer(server: RawServer, answer: tuple[bytes, ...]) -> None:
    with pytest.raises(ExternalError, match="could not read http://127"):
        get(server.says("odd", *answer), seconds=2)


def test_more_than_announced_is_cut_and_does_not_reach_the_next_answer(server: RawServer) -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    server.says("long", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + stray)
    server.says("next", ok(4), b"good")
    assert get(server.url("long")).content == b"ok"
    assert get(server.url("next")).content == b"good"


def test_nobody_there(names: dict[str, list[list[str]]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="is the server up"):
        get(f"http://127.0.0.1:{port}/x")
    with pytest.raises(Unavailable, match=r"host nowhere\.invalid is not known"):
        get("http://nowhere.invalid/x", "nowhere.invalid")


def test_no_cookie_and_nothing_of_the_environment(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    url = server.says("x", ok(2, "Set-Cookie: a=b"), b"ok")
    get(url)
    get(url)
    assert not any(b"Cookie" in heard or b"Authorization" in heard for heard in server.heard)


def test_a_kept_connection_is_used_again_and_a_dead_one_replaced(server: RawServer) -> None:
    connections: list[int] = []
    accepted = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answers in (2, 1):
            asking, _ = listening.accept()
            with asking:
                for _ in range(answers):
                    asking.recv(65536)
                    asking.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                connections.append(answers)
        accepted.set()

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
    assert [get(url, f"127.0.0.1:{listening.getsockname()[1]}").content for _ in range(3)] == [b"ok"] * 3
    assert accepted.wait(5)
    thread.join()
    listening.close()
    assert connections == [2, 1]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A server's certificate for a name, and the file by which a client trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(named, named, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


def test_tls_asks_for_the_name_and_checks_it(names: dict[str, list[list[str]]], tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, "files.example.com")
    server = RawServer(context)
    names |= {"files.example.com": [["127.0.0.1"]], "other.example.com": [["127.0.0.1"]]}
    server.says("x", ok(2), b"ok")
    try:
        with session(Allowed.of(["*.example.com", "127.0.0.1"])) as http:
            http.verify = trusted
            with http.get(server.url("x", "files.example.com"), timeout=5) as answer:
                assert answer.content == b"ok"
            assert server.names == ["files.example.com"]
            with pytest.raises(Exception, match=r"doesn't match|Hostname mismatch"):
                http.get(server.url("x", "other.example.com"), timeout=5)
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            get(server.url("x", "files.example.com"), "*.example.com", "127.0.0.1")
    finally:
        server.close()


def test_addresses_are_tried_one_after_the_other(
    server: RawServer, names: dict[str, list[list[str]]]
) -> None:
    names["files.example.com"] = [["127.0.0.9", "127.0.0.1"]]
    server.says("x", ok(2), b"ok")
    assert get(server.url("x", "files.example.com"), "files.example.com", "127.0.0.0/8").content == b"ok"
