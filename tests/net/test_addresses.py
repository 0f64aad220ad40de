"""What is public, and every spelling of what is not."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import InputRefused
from provenance.net.addresses import is_public, numeric, resolve
from provenance.net.urls import MAX_URL, Url, require_public


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "100.63.255.255", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111"]
)
def test_what_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:0a00:0001", "fe80::1",
        "fe80::1%1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
        "100::1", "2001::1", "2001:0:808:808::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "4000::1", "not an address", "",
    ],
)  # fmt: skip
def test_what_is_private_reserved_or_tunnelled_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_synthesised_address_is_judged_by_the_one_it_carries() -> None:
    assert is_public("64:ff9b::1.1.1.1") and is_public("::ffff:1.1.1.1")
    assert not is_public("64:ff9b::169.254.169.254")


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_as_public_in_mapped_and_synthesised_form(number: int) -> None:
    plain = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    assert is_public(plain) == is_public(f"::ffff:{plain}") == is_public(f"64:ff9b::{plain}")


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "017700000001", "0177.1"]
)
def test_a_number_is_read_as_the_system_reads_it(host: str) -> None:
    assert numeric(host) == "127.0.0.1"
    assert resolve(host, 1) == ("127.0.0.1",)


def test_a_name_that_is_looked_up_has_its_time() -> None:
    assert "127.0.0.1" in resolve("localhost", 5)
    done = threading.Event()

    def slow(host: str) -> tuple[str, ...]:
        done.wait(30)
        return ()

    with pytest.raises(TimeoutError):
        resolve("a.example", 0.05, slow)
    done.set()
    with pytest.raises(OSError, match="no resolver"):
        resolve("a" * 64 + ".example", 5)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "//host/", "file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "javascript:1",
        "http://", "http:///path", "http://a.example:0/", "http://a.example:99999/", "http://a.example:x/",
        "http://[::1/", "http://[v1.x]/", "http://[fe80::1%25eth0]/", "http://a.example/#there",
        "http://a.example/ b", "http://a.example/\n", "http://a\t.example/", "http:\\\\a.example\\",
        "http://例子.example/", "http://１２７.0.0.1/", "http://a..example/", "http://.example/",
        "http://a.example%00/", f"http://{'a' * 64}.example/", f"http://a.example/{'a' * 10_000}",
    ],
)  # fmt: skip
def test_what_two_parsers_could_read_differently_is_malformed(url: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Url.parse(url)
    assert refused.value.code == "url_malformed"
    assert len(refused.value.message) < 200


def test_an_address_is_taken_apart_and_shows_no_more_than_its_host() -> None:
    url = Url.parse("https://user:hunter2@a.example/v3/key?token=1")
    assert (url.secure, url.host, url.port, url.target) == (True, "a.example", 443, "/v3/key?token=1")
    assert url.user == ("user", "hunter2")
    assert "hunter2" not in repr(url) and "token" not in repr(url)
    assert Url.parse("HTTP://A.example:8080").target == "/"
    assert Url.parse("http://[::1]:81/").host == "::1"
    assert len("http://a.example/") + MAX_URL - 17 == MAX_URL
    Url.parse("http://a.example/" + "a" * (MAX_URL - 17))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/", "url_private"),
        ("http://127.1:8080/", "url_private"),
        ("http://2130706433/", "url_private"),
        ("http://0x7f000001/", "url_private"),
        ("http://0177.0.0.1/", "url_private"),
        ("http://0/", "url_private"),
        ("http://[::1]/", "url_private"),
        ("http://[::ffff:7f00:1]/", "url_private"),
        ("http://[::ffff:169.254.169.254]/", "url_private"),
        ("http://[64:ff9b::a00:1]/", "url_private"),
        ("http://[2002:7f00:1::]/", "url_private"),
        ("http://169.254.169.254/latest/meta-data/", "url_private"),
        ("http://localhost/", "url_private"),
        ("http://LOCALHOST./", "url_private"),
        ("http://a.localhost/", "url_private"),
        ("http://printer.local/", "url_private"),
        ("http://metadata.google.internal/", "url_private"),
        ("http://intranet/", "url_private"),
        ("http://a.example:25/", "url_port"),
        ("http://a.example:22/", "url_port"),
        ("http://a:b@a.example/", "url_malformed"),
        ("http://a.example@127.0.0.1/", "url_malformed"),
    ],
)
def test_what_can_never_be_public_is_refused_before_anybody_connects(url: str, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        require_public(Url.parse(url))
    assert refused.value.code == code


@pytest.mark.parametrize("url", ["https://a.example/", "http://a.example.:8080/x?y", "https://1.1.1.1/"])
def test_a_public_address_passes(url: str) -> None:
    require_public(Url.parse(url))
