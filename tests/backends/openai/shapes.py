"""Replies of servers in the shapes that they really take, grouped by kind, and the end that each has to come to.

In: nothing. Out: `SHAPES`. In a body, @B64 stands for the picture as base64, @URLSAFE, @UNPADDED and @WRAPPED for the same spelt
otherwise, @HERE for the server itself, @CDN for a host that the provider declares, @ELSEWHERE for one that nobody knows.
"""

from dataclasses import dataclass
from typing import Any

USAGE = {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}
VERDICT = '{"cause": "missing_knowledge", "explanation": "it does not know the bird"}'
OBJECT = {"cause": "missing_knowledge", "explanation": "it does not know the bird"}
URI = "data:image/png;base64,@B64"


@dataclass(frozen=True)
class Shape:
    """One reply. `way`: ask, chat (draw) or endpoint (draw). `end`: image, text, refused, malformed, transient or too long.

    `holds`: a piece of what is kept: words beside an image, carrier of a text, words of a refusal, problem of what is malformed.
    """

    kind: str
    name: str
    way: str
    body: Any
    end: str
    holds: str | None = None
    status: int = 200


def turn(content: Any = None, finish: str | None = "stop", usage: Any = None, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    return {"object": "chat.completion", "choices": [choice], "usage": usage}


def pieces(*parts: Any) -> dict[str, Any]:
    return turn(list(parts))


def call(arguments: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "answer", "arguments": arguments}}


FILTERED = {"hate": {"filtered": True, "severity": "high"}, "violence": {"filtered": False, "severity": "safe"}}
PASSED = {"hate": {"filtered": False, "severity": "safe"}}
LONELY = "I cannot draw that. See https://elsewhere.example/policies for what I may do."


def _rows(kind: str, way: str, end: str, *rows: tuple[Any, ...]) -> list[Shape]:
    return [Shape(kind, name, way, body, end, *more) for name, body, *more in rows]


SHAPES = (
    _rows(
        "an address in words",
        "chat",
        "image",
        ("bare", turn("@HERE/p.png")),
        ("Markdown image", turn("![image](@HERE/p.png)")),
        ("Markdown image among words", turn("Here.\n\n![a cup](@HERE/p.png)\n"), "Here."),
        ("Markdown image with a title", turn('![a](<@HERE/p.png> "a cup")')),
        ("Markdown link without a suffix", turn("[Download image](@HERE/made/17)")),
        ("angle brackets", turn("<@HERE/p.png>")),
        ("in a sentence", turn("Your image is at @HERE/made/17."), "Your image is at ."),
        ("in a Chinese sentence", turn("图片：@HERE/p.png。"), "图片：。"),
        ("upper case", turn("@UPPER/p.png")),
        ("JSON", turn('{"image_url": "@HERE/p.png"}')),
        ("JSON in a fence", turn('```json\n{"images": [{"url": "@HERE/p.png"}]}\n```')),
        ("HTML", turn('<p>Here.</p><img alt="a" src="@HERE/p.png?a=1&amp;b=2">'), "<p>Here.</p>"),
        ("relative", turn("![image](/p.png)")),
        ("a declared host", turn("![image](@CDN/p.png)")),
        ("a redirect on the same host", turn("@HERE/moved")),
        (
            "beside a link to a page",
            turn("![i](@HERE/p.png)\n[terms](https://elsewhere.example/)"),
            "[terms](https://elsewhere.example/)",
        ),
    )
    + _rows(
        "an address that is not trusted",
        "chat",
        "malformed",
        ("elsewhere", turn("![image](@ELSEWHERE/p.png)"), "image_hosts"),
        ("elsewhere, bare", turn("@ELSEWHERE/p.png"), "image_hosts"),
        ("elsewhere, in a sentence", turn("Here is your image: @ELSEWHERE/made/17"), "image_hosts"),
        ("a cloud's metadata", turn("![i](http://169.254.169.254/latest/meta-data/p.png)"), "image_hosts"),
        ("another port of this machine", turn("http://localhost:1/p.png"), "image_hosts"),
        ("a redirect to elsewhere", turn("@HERE/away"), "image_hosts"),
        ("a host that only looks alike", turn("@LOOKALIKE/p.png"), "image_hosts"),
        ("a sandbox", turn("![image](sandbox:/mnt/data/p.png)"), "no http address"),
        ("a file", turn("![image](file:///etc/passwd)"), "no http address"),
        ("a page and no picture", turn("@HERE/page"), "decoded"),
    )
    + _rows(
        "base64 in words",
        "chat",
        "image",
        ("bare", turn("@B64")),
        ("unpadded", turn("@UNPADDED")),
        ("URL-safe", turn("@URLSAFE")),
        ("line-wrapped", turn("@WRAPPED")),
        ("in a fence", turn("```\n@B64\n```")),
        ("after words", turn("Here.\n@B64\n\nEnjoy!"), "Here.\n\n\nEnjoy!"),
        ("data URI", turn(f"Here.\n{URI}\n"), "Here."),
        ("data URI in Markdown, line-wrapped", turn("Here. ![i](data:image/png;base64,@WRAPPED)"), "Here."),
        ("data URI in upper case with a parameter", turn("DATA:IMAGE/PNG;charset=utf-8;BASE64,@B64")),
        ("data URI in HTML", turn(f'<img src="{URI}"/>')),
        ("JSON", turn('{"b64_json": "@B64", "caption": "a red cup"}'), "a red cup"),
    )
    + _rows(
        "fields of a message",
        "chat",
        "image",
        ("images: texts", turn(None, images=[URI])),
        ("images: objects", turn("Here.", images=[{"type": "image_url", "image_url": {"url": URI}}]), "Here."),
        ("images: bare base64", turn(None, images=["@B64"])),
        ("images: b64_json", turn(None, images=[{"b64_json": "@WRAPPED"}])),
        ("image", turn(None, image={"data": "@URLSAFE"})),
        ("image_url as text", pieces({"type": "image_url", "image_url": URI})),
        ("image_url as an address", pieces({"type": "image_url", "image_url": {"url": "@HERE/p.png"}})),
        (
            "output_image",
            pieces({"type": "output_text", "text": "Here."}, {"type": "output_image", "image_url": URI}),
            "Here.",
        ),
        ("inline_data", pieces({"inline_data": {"mime_type": "image/png", "data": "@UNPADDED"}})),
        ("inlineData as a data URI", pieces({"inlineData": {"mimeType": "image/png", "data": URI}})),
        ("source", pieces({"type": "image", "source": {"type": "base64", "data": "@B64"}})),
        ("source as an address", pieces({"type": "image", "source": {"type": "url", "url": "@HERE/p.png"}})),
        ("result", pieces({"type": "image_generation_call", "result": "@B64"})),
        ("content that is one part", turn({"type": "image_url", "image_url": {"url": URI}})),
        ("the call of a tool", turn(None, tool_calls=[call('{"image_url": "@HERE/p.png"}')])),
        ("beside the message", {**turn(None), "data": [{"url": "@HERE/p.png"}]}),
        ("as the image endpoints", {"created": 1, "data": [{"b64_json": "@B64"}]}),
        ("as a response", {"output": [{"type": "image_generation_call", "result": "@B64"}], "status": "completed"}),
        ("drafts before", turn(None, images=["data:image/png;base64,@DRAFT", URI])),
        ("inline and by address", turn(None, images=[{"url": "@ELSEWHERE/p.png", "b64_json": "@B64"}])),
    )
    + _rows(
        "fields of the image endpoints",
        "endpoint",
        "image",
        ("b64_json", {"data": [{"b64_json": "@B64"}]}),
        ("b64_json as a data URI", {"data": [{"b64_json": URI}]}),
        ("b64_json, URL-safe", {"data": [{"b64_json": "@URLSAFE"}]}),
        ("b64_json, line-wrapped", {"data": [{"b64_json": "@WRAPPED"}]}),
        ("url", {"data": [{"url": "@HERE/p.png"}]}),
        ("url as a data URI", {"data": [{"url": "data:image/png;charset=binary;base64,@B64"}]}),
        ("url as bare base64", {"data": [{"url": "@UNPADDED"}]}),
        ("url, relative", {"data": [{"url": "/p.png"}]}),
        ("a null beside it", {"data": [{"b64_json": None, "url": "@HERE/p.png"}]}),
        ("texts", {"data": [URI]}),
        ("images", {"images": [{"url": URI}]}),
        ("output", {"output": ["@HERE/p.png"]}),
        ("as a chat", turn(f"![i]({URI})")),
    )
    + _rows(
        "an image that cannot be read",
        "chat",
        "malformed",
        ("a blob", turn("QUJD" * 40), "no image"),
        ("half a picture", turn("data:image/png;base64,@HALF"), "decode"),
        ("no base64", turn(None, images=["!!!!"]), "base64"),
        ("a placeholder", turn("[Generated Image]"), "no image"),
        ("a file's name", turn("image_1.png"), "no image"),
        ("SVG", turn('<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'), "image"),
        ("a call in words", turn('{"action": "draw", "prompt": "a red square"}'), "no image"),
        ("nothing", turn(""), "no image"),
    )
    + _rows(
        "a refusal in words",
        "chat",
        "refused",
        ("words", turn("I cannot draw that."), "I cannot draw that."),
        ("one word", turn("No."), "No."),
        ("another language", turn("抱歉，我无法生成这张图片。"), "抱歉"),
        ("words with a link to a page", turn(LONELY), LONELY),
        ("refusal", turn(None, refusal="No, thanks."), "No, thanks."),
        ("a part", pieces({"type": "refusal", "refusal": "No, thanks."}), "No, thanks."),
        ("JSON", turn('{"error": "I cannot draw people."}'), "I cannot draw people."),
    )
)
