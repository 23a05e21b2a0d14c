"""What a call costs: reserved before it, paid after it, by the prices that are known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backends.openai.options import fixed_size
from pipeline.money.cost import charge, cost, load, of_size, price_of
from pipeline.money.prices import table
from pipeline.money.spec import Price
from stages.protocols import ImageRequest, Message, TextRequest, Usage
from stages.records import ImageRef

RATE = st.floats(0, 500)
PRICES = st.builds(
    Price,
    input_per_million=RATE,
    output_per_million=RATE,
    image=RATE | st.fixed_dictionaries({"other": RATE}, optional={"64x64": RATE}),
    request=st.floats(0, 10),
)
TEXTS = st.text(max_size=300)
SIDE = st.integers(1, 4096)


def image(width: int = 512, height: int = 512) -> ImageRef:
    return ImageRef("0" * 64, width, height, "PNG")


def text_request(text: str = "Is the star red?", *images: ImageRef) -> TextRequest:
    return TextRequest((Message("user", text),), images, "evaluation", 1, 1)


def image_request(width: int = 64, height: int = 64, text: str = "A red star.") -> ImageRequest:
    return ImageRequest((Message("user", text),), (), width, height, "image", 1, 1)


@given(PRICES, TEXTS, st.integers(0, 9000), st.floats(0, 1), SIDE, SIDE, st.booleans())
def test_what_is_reserved_covers_what_is_paid(price, text, most, part, width, height, draws):
    """Tokens as real tokenisers make them: at most one for two bytes, one for 800 pixels; replies within their limit."""
    shown = (image(width, height),)
    request = (
        ImageRequest((Message("user", text),), shown, 64, 64, "image", 1, 1) if draws else text_request(text, *shown)
    )
    read = math.ceil(len(text.encode()) / 2) + width * height // 800
    paid = cost(price, request, Usage(read, int(part * most)), int(draws))
    reserved = load(price, request, most)
    assert paid is not None
    assert paid <= reserved.usd + 1e-12
    assert read + int(part * most) <= reserved.tokens


@given(st.none() | PRICES, st.floats(0, 100), st.integers(0, 3))
def test_what_a_provider_says_goes_before_every_price(price, usd, images):
    assert cost(price, image_request(), Usage(10, 10, usd), images) == usd


@pytest.mark.parametrize("usd", [-1.0, math.nan, math.inf])
def test_what_is_no_amount_is_not_taken_for_one(usd):
    assert cost(None, image_request(), Usage(usd=usd), 1) is None
    assert cost(Price(image=0.5), image_request(), Usage(usd=usd), 1) == 0.5


@pytest.mark.parametrize(
    ("price", "usage", "images", "expected"),
    [
        (None, Usage(10, 10), 1, None),
        (Price(input_per_million=1), None, 0, None),
        (Price(input_per_million=1), Usage(None, 5), 0, None),
        (Price(output_per_million=1), Usage(5, None), 0, None),
        (Price(image=0.04), None, 1, 0.04),
        (Price(image=0.04), None, 0, 0.0),
        (Price(image={"64x64": 0.01, "other": 0.2}), None, 1, 0.01),
        (Price(image={"other": 0.2}), None, 2, 0.4),
        (Price(image={"9x9": 0.2}), None, 1, None),
        (Price(request=0.5), None, 0, 0.5),
        (Price(), None, 1, 0.0),
        (Price(input_per_million=2, output_per_million=10, image=0.1, request=1), Usage(500_000, 100_000), 1, 3.1),
    ],
)
def test_the_cost_of_a_call(price, usage, images, expected):
    usd = cost(price, image_request(), usage, images)
    assert usd == (None if expected is None else pytest.approx(expected))


def test_without_a_limit_an_image_may_write_more_than_a_text():
    price = Price(output_per_million=1e6)
    assert load(price, image_request(), None).usd > load(price, text_request(), None).usd >= 4096


def test_without_a_price_tokens_are_reserved_and_no_money():
    reserved = load(None, text_request("word " * 100, image()), 50)
    assert reserved.usd == 0
    assert reserved.tokens > 50 + 100


def test_chinese_is_not_taken_for_english():
    assert load(None, text_request("画一颗红色的星星" * 100), 0).tokens - load(None, text_request(""), 0).tokens >= 800


def test_the_manifest_goes_before_the_table_and_a_name_before_its_tail():
    own, listed = {"m": Price(request=1), "a/m": Price(request=2)}, {"m": Price(request=3), "n": Price(request=4)}
    taken = {name: price_of(name, own, listed) for name in ("m", "a/m", "b/m", "n", "vendor/n", "x")}
    assert {name: price and price.request for name, price in taken.items()} == {
        "m": 1, "a/m": 2, "b/m": 1, "n": 4, "vendor/n": 4, "x": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "paid"),
    [
        ("1024x1024", 0.04),
        ("64x64", 0.01),
        ("9x9", 0.2),
        ("request", 0.01),
        ("auto", 0.01),
        ("none", 0.01),
        (None, 0.01),
    ],
)
def test_an_image_has_the_price_of_the_size_that_the_options_ask_for(size, paid):
    listed = Price(image={"64x64": 0.01, "1024x1024": 0.04, "other": 0.2})
    options = {} if size is None else {"size": size}
    price = of_size(listed, fixed_size(options))
    assert cost(price, image_request(), None, 1) == load(price, image_request(), 0).usd == paid
    assert fixed_size({**options, "images": "chat"}) is None  # there no size is sent


def test_a_fixed_size_without_a_price_is_not_known_and_one_with_a_price_needs_no_other():
    listed = Price(image={"64x64": 0.01})
    assert cost(of_size(listed, "9x9"), image_request(), None, 1) is None
    assert cost(of_size(listed, "64x64"), image_request(9, 9), None, 1) == 0.01
    assert of_size(Price(image=0.5), "9x9") == Price(image=0.5)
    assert of_size(None, "9x9") is None


def test_the_table_prices_the_paper_s_models():
    """SAIR names about 0.13 US dollars for an image of its generator."""
    models = table().models
    generator = price_of("google/gemini-3-pro-image-preview", {}, models)
    judge = price_of("qwen/qwen3-vl-235b-a22b-instruct", {}, models)
    assert generator is not None
    assert judge is not None
    assert 0.13 < (charge(generator, 1000, 200, 1, "512x512") or 0) < 0.15
    assert 0 < (charge(judge, 3000, 300, 0, None) or 0) < 0.002
    assert all(listed.source and listed.read.startswith(table().version[:4]) for listed in models.values())
