"""What a call costs: at most, before it is sent; and actually, by the usage that the provider reports.

In: prices (`pipeline.money.spec.Price`), requests and usages. Out: a `Load` to reserve, and US dollars. Where a price is
missing, or a figure that it multiplies, the cost is unknown: None, never 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.money.spec import Price
from stages.errors import Broken, Malformed
from stages.protocols import ImageRequest, Request, ScoreRequest, Usage

OTHER = "other"
"""The key, among prices by size, for every size that is not listed."""

# These are upper bounds, not estimates: a call must never take more than was reserved for it.
_BYTES_A_TOKEN = 2  # of UTF-8; English has four a token, Chinese three or more in the poorest of tokenisers
_A_MESSAGE = 16  # tokens of role and frame
_A_CALL = 1024  # tokens of a chat template and of the schema of the reply
# the dearest of today's models: 2,240 whatever the size, or a token per 800 pixels
_AN_IMAGE, _PIXELS_A_TOKEN = 2304, 512
_MOST_OUTPUT = {"text": 4096, "image": 8192}  # where the request sets no limit


@dataclass(frozen=True, slots=True)
class Load:
    """What a call may take at most: `tokens` read and written together, and `usd` in US dollars."""

    tokens: int
    usd: float


LoadOf = Callable[[Request], Load]
"""Computes what a request may take at most."""
CostOf = Callable[[Request, Usage | None, int], float | None]
"""Computes what a request did cost in US dollars, by its usage and the number of images made; None where that is unknown."""


def load(price: Price | None, request: Request, max_output_tokens: int | None) -> Load:
    """What `request` may take at most. Without a price, no money is reserved."""
    draws = isinstance(request, ImageRequest)
    inputs, outputs = _bound_input_tokens(request), max_output_tokens
    if isinstance(request, ScoreRequest):
        # it is sent twice, without the text and with it, and a server answers each with one token at least
        inputs, outputs = 2 * inputs + _bound_tokens(request.text), 2
    elif outputs is None:
        outputs = _MOST_OUTPUT["image" if draws else "text"]
    if price is None:
        return Load(inputs + outputs, 0.0)
    image = (image_price(price, _size_of(request)) or 0.0) if draws else 0.0
    return Load(inputs + outputs, price.request + image + _price_tokens(price, inputs, outputs))


def cost(price: Price | None, request: Request, usage: Usage | None, images: int) -> float | None:
    """US dollars that a call cost which made so many `images`: as the provider reports, else by `price`. None where unknown."""
    if usage is not None and usage.usd is not None and 0 <= usage.usd < math.inf:  # anything else is no amount of money
        return usage.usd
    if price is None:
        return None
    amounts = usage or Usage()
    return charge(price, amounts.input_tokens, amounts.output_tokens, images, _size_of(request))


def charge(
    price: Price, input_tokens: int | None, output_tokens: int | None, images: int, size: str | None
) -> float | None:
    """The cost of one call by `price`, in US dollars; `size` as "WIDTHxHEIGHT". None where a figure that it needs is missing."""
    if (price.input_per_million and input_tokens is None) or (price.output_per_million and output_tokens is None):
        return None
    image = image_price(price, size) if images else 0.0
    if image is None:
        return None
    return price.request + images * image + _price_tokens(price, input_tokens or 0, output_tokens or 0)


def images_paid(request: Request, error: BaseException | None) -> int:
    """How many images a call is charged for: an image that cannot be read or fetched was made too, a refusal makes none."""
    return int(isinstance(request, ImageRequest) and (error is None or isinstance(error, Malformed | Broken)))


def price_of(model: str, prices: Mapping[str, Price], table: Mapping[str, Price]) -> Price | None:
    """The price of `model`: from the manifest's `prices`, else from `table`. None where neither lists it.

    Gateways put a vendor before the name (google/gemini-3-pro-image): where the whole name is not listed, the part after the
    last slash is looked up.
    """
    tail = model.rpartition("/")[2]
    for listing in (prices, table):
        for name in (model, tail):
            if name in listing:
                return listing[name]
    return None


def image_price(price: Price, size: str | None) -> float | None:
    """US dollars for one image of `size` ("WIDTHxHEIGHT"); None where prices are listed by size and this size is not."""
    if isinstance(price.image, Mapping):
        return price.image.get(size or OTHER, price.image.get(OTHER))
    return price.image


def of_size(price: Price | None, size: str | None) -> Price | None:
    """`price` for a model that makes every image at `size`, whatever the sample's size; unchanged where `size` is None."""
    if price is None or size is None or not isinstance(price.image, Mapping):
        return price
    image = image_price(price, size)
    return price.model_copy(update={"image": {} if image is None else image})


def reduced(price: Price, share: float) -> Price:
    """`price` where only a `share` of it is paid, from 0 to 1."""
    if share == 1.0:
        return price
    image = price.image
    return Price(
        input_per_million=price.input_per_million * share,
        output_per_million=price.output_per_million * share,
        image={size: usd * share for size, usd in image.items()} if isinstance(image, Mapping) else image * share,
        request=price.request * share,
    )


def _price_tokens(price: Price, inputs: float, outputs: float) -> float:
    return (price.input_per_million * inputs + price.output_per_million * outputs) / 1e6


def _size_of(request: Request) -> str | None:
    return f"{request.width}x{request.height}" if isinstance(request, ImageRequest) else None


def _bound_input_tokens(request: Request) -> int:
    """More tokens than any tokeniser is likely to make of the request."""
    text = sum(_A_MESSAGE + _bound_tokens(m.content) for m in request.messages)
    images = sum(_AN_IMAGE + math.ceil(i.width * i.height / _PIXELS_A_TOKEN) for i in request.images)
    return _A_CALL + text + images


def _bound_tokens(text: str) -> int:
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / _BYTES_A_TOKEN)
