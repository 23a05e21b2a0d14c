"""What a call costs: at most, before it is sent; and afterwards, by what the provider says it took.

In: prices (`pipeline.money.spec.Price`), requests and usages. Out: a `Load` to reserve, and US dollars. Where a price or a
figure that it needs is missing, the cost is not known: None, never 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.money.spec import Price
from stages.errors import Broken, Malformed
from stages.protocols import ImageRequest, TextRequest, Usage

OTHER = "other"
"""Among prices by size: every size that is not named."""

# Bounds on purpose, not estimates: a call must never take more than was reserved for it.
_BYTES_A_TOKEN = 2  # of UTF-8; English has four a token, Chinese three or more in the poorest of tokenisers
_A_MESSAGE = 16  # tokens of role and frame
_A_CALL = 1024  # tokens of a chat template and of the schema of the reply
_AN_IMAGE, _PIXELS_A_TOKEN = (
    2304,
    512,
)  # the dearest of today's models: 2,240 whatever the size, or a token per 800 pixels
_MOST_OUTPUT = {"text": 4096, "image": 8192}  # where the request sets no limit


@dataclass(frozen=True, slots=True)
class Load:
    """What a call may take at most: tokens, read and written, and US dollars."""

    tokens: int
    usd: float


Request = TextRequest | ImageRequest
LoadOf = Callable[[Request], Load]
"""What a request may take at most."""
CostOf = Callable[[Request, Usage | None, int], float | None]
"""What a request did cost, by its usage and the number of images made."""


def load(price: Price | None, request: TextRequest | ImageRequest, max_output_tokens: int | None) -> Load:
    """What `request` may take at most. A call without a known price reserves no money."""
    draws = isinstance(request, ImageRequest)
    inputs = _inputs(request)
    outputs = max_output_tokens if max_output_tokens is not None else _MOST_OUTPUT["image" if draws else "text"]
    if price is None:
        return Load(inputs + outputs, 0.0)
    image = (image_price(price, _size(request)) or 0.0) if draws else 0.0
    return Load(inputs + outputs, price.request + image + _tokens(price, inputs, outputs))


def cost(price: Price | None, request: TextRequest | ImageRequest, usage: Usage | None, images: int) -> float | None:
    """What a call cost that made so many `images`: what the provider says, or else by its price. None where it is not known."""
    if usage is not None and usage.usd is not None and 0 <= usage.usd < math.inf:  # else it is no amount of money
        return usage.usd
    if price is None:
        return None
    said = usage or Usage()
    return charge(price, said.input_tokens, said.output_tokens, images, _size(request))


def charge(
    price: Price, input_tokens: int | None, output_tokens: int | None, images: int, size: str | None
) -> float | None:
    """The cost of one call by its price; `size` as "WIDTHxHEIGHT". None where a figure that the price asks for is missing."""
    if (price.input_per_million and input_tokens is None) or (price.output_per_million and output_tokens is None):
        return None
    image = image_price(price, size) if images else 0.0
    if image is None:
        return None
    return price.request + images * image + _tokens(price, input_tokens or 0, output_tokens or 0)


def images_paid(request: TextRequest | ImageRequest, error: BaseException | None) -> int:
    """How many images an answer is charged for: one that cannot be read or fetched was made, a refusal makes none."""
    return int(isinstance(request, ImageRequest) and (error is None or isinstance(error, Malformed | Broken)))


def price_of(model: str, prices: Mapping[str, Price], table: Mapping[str, Price]) -> Price | None:
    """The price of `model`: the manifest's `prices` go before the table. None where neither names it.

    Gateways put a vendor before a name (google/gemini-3-pro-image): where the whole name is not listed, what follows the last
    slash is looked for.
    """
    tail = model.rpartition("/")[2]
    for known in (prices, table):
        for name in (model, tail):
            if name in known:
                return known[name]
    return None


def image_price(price: Price, size: str | None) -> float | None:
    """The price of one image of `size`; None where it is listed by size and this one is not."""
    if isinstance(price.image, Mapping):
        return price.image.get(size or OTHER, price.image.get(OTHER))
    return price.image


def of_size(price: Price | None, size: str | None) -> Price | None:
    """`price` where every image is made at `size`, whatever the sample's; as it is where no size is fixed."""
    if price is None or size is None or not isinstance(price.image, Mapping):
        return price
    found = image_price(price, size)
    return price.model_copy(update={"image": {} if found is None else found})


def _tokens(price: Price, inputs: float, outputs: float) -> float:
    return (price.input_per_million * inputs + price.output_per_million * outputs) / 1e6


def _size(request: TextRequest | ImageRequest) -> str | None:
    return f"{request.width}x{request.height}" if isinstance(request, ImageRequest) else None


def _inputs(request: TextRequest | ImageRequest) -> int:
    """More tokens than any tokeniser is likely to make of the request."""
    text = sum(
        _A_MESSAGE + math.ceil(len(m.content.encode("utf-8", "surrogatepass")) / _BYTES_A_TOKEN)
        for m in request.messages
    )
    images = sum(_AN_IMAGE + math.ceil(i.width * i.height / _PIXELS_A_TOKEN) for i in request.images)
    return _A_CALL + text + images
