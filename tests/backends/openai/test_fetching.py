"""Where a picture may be fetched from: the provider's own host, declared ones, and nowhere else, whatever an answer says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.fetching import _is_public, is_trusted
from pipeline.backends.openai.spec import Provider
from stages.errors import Broken, Malformed
from tests.backends.openai.gateway import Answer, chat, hanging_up, picture, playing, png, run, says

RED = png("red")


def wire(base="https://api.example.com/v1", *hosts):
    return Wire("gate", Provider(base_url=base, image_hosts=hosts))


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://api.example.com/p.png", True),
        ("https://API.EXAMPLE.COM./p.png", True),
        ("/p.png", True),
        ("files/p.png", True),
        ("https://api.example.com:8443/p.png", False),
        ("http://api.example.com/p.png", False),
        ("https://cdn.example.com/p.png", False),
        ("https://api.example.com.evil.example/p.png", False),
        ("https://api.example.com@evil.example/p.png", False),
        ("https://evil.example#@api.example.com/p.png", False),
        ("https://evil.example/api.example.com/p.png", False),
        ("//evil.example/p.png", False),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://127.0.0.1:8000/p.png", False),
        ("http://[::1]/p.png", False),
        ("http://2130706433/p.png", False),
        ("ftp://api.example.com/p.png", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_the_providers_own_host_is_trusted(address, trusted):
    assert is_trusted(wire(), address) is trusted


@pytest.mark.parametrize(
    ("hosts", "address", "trusted"),
    [
        (("cdn.example.net",), "https://cdn.example.net/p.png", True),
        (("CDN.example.net",), "https://cdn.EXAMPLE.net:8443/p.png", True),
        (("cdn.example.net:8443",), "https://cdn.example.net:8443/p.png", True),
        (("cdn.example.net:8443",), "https://cdn.example.net/p.png", False),
        (("cdn.example.net",), "https://a.cdn.example.net/p.png", False),
        (("*.example.net",), "https://a.b.example.net/p.png", True),
        (("*.example.net",), "https://example.net/p.png", False),
        (("*.example.net",), "https://evilexample.net/p.png", False),
        (("[::1]:9",), "http://[::1]:9/p.png", True),
    ],
)
def test_declared_hosts_are_trusted_as_they_are_written(hosts, address, trusted):
    assert is_trusted(wire("https://api.example.com/v1", *hosts), address) is trusted


def test_well_known_providers_keep_their_pictures_elsewhere():
    assert is_trusted(wire("https://api.x.ai/v1"), "https://imgen.x.ai/p.jpeg")
    assert not is_trusted(wire("https://api.x.ai/v1"), "http://imgen.x.ai/p.jpeg")
    assert not is_trusted(wire("https://api.example.com/v1"), "https://imgen.x.ai/p.jpeg")


def test_a_server_on_this_machine_may_call_itself_by_another_name_of_it():
    near = wire("http://127.0.0.1:8000/v1")
    assert [is_trusted(near, f"http://{host}/p.png") for host in ("localhost:8000", "0.0.0.0:8000", "[::1]:8000")] == [
        True
    ] * 3
    assert not is_trusted(near, "http://localhost:8001/p.png")


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "//", "https://api.example.com@"]))
def test_no_address_can_be_written_so_that_another_host_is_trusted(text, start):
    trusted = is_trusted(wire(), f"{start}evil.example{text}")
    relative = start == ""
    assert relative or not trusted


@pytest.mark.parametrize(
    "entry", ["https://cdn.example.net", "cdn.example.net/p", "*", "*.net", "a b", "", "u@h", "h:0", "*.*.net"]
)
def test_an_entry_that_is_no_host_is_refused_with_what_to_write(entry):
    with pytest.raises(ValidationError, match=r"write, say, cdn\.example\.com"):
        Provider(base_url="https://api.example.com/v1", image_hosts=(entry,))


def drawn(gateway, store, *answers, **more):
    gateway.play(*answers)
    return run(gateway.model(store, gateway.provider(**more), images="chat").draw(picture()))


@pytest.mark.parametrize(
    ("host", "public"),
    [("localhost", False), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False), ("1.1.1.1", True)],
)
def test_a_wildcard_reaches_no_machine_within(host, public):
    assert run(_is_public(host, 80)) is public


def test_every_hop_of_a_redirect_is_held_to_the_same(gateway, store):
    with playing() as inner:
        inner.play(Answer(RED))
        away = Answer(status=302, headers={"location": f"{inner.base_url}/p.png"})
        with pytest.raises(Malformed, match="image_hosts"):
            drawn(gateway, store, chat(f"{gateway.base_url}/a.png"), away)
        assert inner.asked == []
        host = inner.base_url.removeprefix("http://")
        reply = drawn(gateway, store, chat(f"{gateway.base_url}/a.png"), away, image_hosts=[host])
        assert store.get(reply.image.sha256) == RED
        assert "authorization" not in inner.asked[0].headers


def test_a_redirect_in_a_circle_ends(gateway, store):
    circle = Answer(status=302, headers={"location": "/a.png"})
    with pytest.raises(Malformed, match="leads on and on"):
        drawn(gateway, store, chat(f"{gateway.base_url}/a.png"), circle)
    assert len(gateway.asked) < 10


def test_a_paid_image_is_fetched_again_before_it_is_given_up(gateway, store):
    address = says({"data": [{"url": f"{gateway.base_url}/made.png"}]})
    gateway.play(address, Answer(status=503), Answer(status=404), Answer(RED))
    assert store.get(run(gateway.model(store).draw(picture())).image.sha256) == RED
    gateway.play(address, Answer(status=404))
    with pytest.raises(Broken, match="status 404"):
        run(gateway.model(store).draw(picture()))
    assert [asked.path for asked in gateway.asked] == ["/v1/images/generations"] + ["/made.png"] * 3


def test_a_host_that_hangs_up_is_worth_another_try(gateway, store):
    with hanging_up() as url:
        host = url.removeprefix("http://").removesuffix("/v1")
        with pytest.raises(Broken, match="cannot be fetched"):
            drawn(gateway, store, chat(f"http://{host}/p.png"), image_hosts=[host])
