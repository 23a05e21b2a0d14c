"""What servers say when they turn a request down, in their own words, and what we then tell the one who builds."""

import pytest

from stages.errors import EngineDead, ModelError, Refused, TooLong
from tests.backends.openai.gateway import error, picture, question, run, says

FEWER, SIZE, UNREAD, BLIND = "fewer references", "image of this size", "cannot read an image", "reads no images"
LIMIT, STRUCTURED, OUTPUT, VAGUE = (
    "lower options.max_tokens",
    "options.structured",
    "options.size",
    "say options.structured: none",
)
OF_IMAGES = [
    ("At most 1 image(s) may be provided in one request.", FEWER),
    ("Too many images in request: 12 > 10", FEWER),
    ("This model supports a maximum of 5 images per request.", FEWER),
    ("messages.0.content: too many images and documents: 120 + 0 > 100", FEWER),
    ("At least one of the image dimensions exceed max allowed size: 8000 pixels", SIZE),
    ("messages.58.content.2.image.source.base64: image exceeds 5 MB maximum: 6500712 bytes > 5242880 bytes", SIZE),
    ("Image too large. Please limit to 75 megapixels.", SIZE),
    ("height:1 and width:1 must be larger than factor:28", SIZE),
    ("absolute aspect ratio must be smaller than 200, got 300.0", SIZE),
    ("You uploaded an unsupported image. Please use one of the following formats: ['png', 'jpeg']", UNREAD),
    ("Invalid MIME type. Only image types are supported.", UNREAD),
    ("Could not process image", UNREAD),
    ("cannot identify image file <_io.BytesIO object at 0x7f>", UNREAD),
    ("Provided image is not valid.", UNREAD),
    ("Unsupported MIME type: image/bmp", UNREAD),
    ("Invalid base64 image_url.", UNREAD),
    ("Invalid content type. image_url is only supported by certain models.", BLIND),
    ("This model does not support image input", BLIND),
    ("Qwen/Qwen3-8B is not a multimodal model", BLIND),
    ("Failed to deserialize the JSON body: messages[0]: unknown variant `image_url`, expected `text`", BLIND),
]
OF_WORDS = [
    ("max_tokens is too large: 100000. This model supports at most 16384 completion tokens.", LIMIT),
    ("'max_tokens' is too large: 4096. This model's maximum context length is 2048 tokens", LIMIT),
    ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", LIMIT),
    (
        "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_completion_tokens: 4096",
    ),
    ("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", STRUCTURED),
    ("This response_format type is unavailable now", STRUCTURED),
    ("json mode is not supported by this model", STRUCTURED),
    ("`temperature` must be <= 1", "leave out the option"),
]
LONG = [
    "This model's maximum context length is 8192 tokens. However, you requested 10000 tokens (6000 in the messages).",
    "the request exceeds the available context size, try increasing it",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Range of input length should be [1, 30720]",
    "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
]
DECLINES = [
    "Your request was rejected as a result of our safety system.",
    "Content Exists Risk",
    "Output blocked by content filtering policy",
    "Generated image rejected by content moderation.",
    "NSFW content detected in the prompt",
    "Input data may contain inappropriate content.",
]
OF_SIZES = [
    "Invalid value: '640x512'. Supported values are: '1024x1024', '1024x1536', '1536x1024', and 'auto'.",
    "Invalid size for this model. Available sizes: 1024x1024, 1152x896",
    "The size is not supported by this model, please use one of 256x256, 512x512",
    "width and height must be multiples of 16",
    "image size must be at least 3686400 pixels",
]


def asked(gateway, store, words, status=400, draws=False, **more):
    gateway.play(error(status, words, **more))
    model = gateway.model(store)
    with pytest.raises(ModelError) as caught:
        run(model.draw(picture()) if draws else model.ask(question()))
    assert len(gateway.asked) == 1
    return caught.value


@pytest.mark.parametrize(("words", "remedy"), [*OF_IMAGES, *OF_WORDS])
def test_the_remedy_follows_what_the_server_says(gateway, store, words, remedy):
    raised = asked(gateway, store, words)
    assert type(raised) is ModelError
    assert remedy in str(raised)
    assert words[:40] in str(raised)
    if remedy is not STRUCTURED:
        assert "structured" not in str(raised).partition(" (")[0]


@pytest.mark.parametrize("words", LONG)
@pytest.mark.parametrize("status", [400, 422])
def test_a_request_that_does_not_fit_is_too_long(gateway, store, words, status):
    assert type(asked(gateway, store, words, status)) is TooLong


@pytest.mark.parametrize("words", DECLINES)
@pytest.mark.parametrize("draws", [False, True])
def test_a_filter_that_speaks_in_words_only_is_a_refusal(gateway, store, words, draws):
    raised = asked(gateway, store, words, draws=draws)
    assert (type(raised), raised.text) == (Refused, words)


@pytest.mark.parametrize("words", OF_SIZES)
def test_a_size_that_a_model_does_not_make_is_answered_with_the_option(gateway, store, words):
    assert OUTPUT in str(asked(gateway, store, words, draws=True))


def test_a_parameter_speaks_where_words_do_not(gateway, store):
    assert OUTPUT in str(asked(gateway, store, "no", draws=True, param="size"))
    raised = asked(gateway, store, "no", code="unknown_parameter", param="seed")
    assert (type(raised), "options.seed: false" in str(raised)) == (EngineDead, True)
    # the next row may ask for another size
    assert type(asked(gateway, store, "no", draws=True, param="size", code="unsupported_value")) is ModelError


@pytest.mark.parametrize("words", ["Bad Request", "Extra inputs are not permitted", ""])
def test_only_words_that_say_nothing_are_answered_with_a_guess(gateway, store, words):
    assert VAGUE in str(asked(gateway, store, words))
    for named in ("something about the image", "the prompt has a wrong size", "a matter of context"):
        assert VAGUE not in str(asked(gateway, store, named))


def test_the_body_of_a_validation_error_is_read(gateway, store):
    detail = [{"loc": ["body", "response_format"], "msg": "Input should be a valid dictionary", "type": "dict_type"}]
    gateway.play(says({"detail": detail}, 422))
    with pytest.raises(ModelError, match="structured"):
        run(gateway.model(store).ask(question()))


def test_a_long_error_is_cut(gateway, store):
    raised = asked(gateway, store, "image " * 100_000)
    assert len(str(raised)) < 600
