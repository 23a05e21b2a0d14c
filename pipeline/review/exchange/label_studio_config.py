"""The labelling configuration of Label Studio for the tasks of a review.

In: the taxonomy of reasons. Out: XML. Texts stand in `<Text>` tags, which show them as text; nothing in it comes from a row.
"""

from xml.etree import ElementTree

from pipeline.review.taxonomy import TAXONOMY
from stages.records import AXES

_OPINIONS = ("accept", "reject", "unsure")


def config() -> str:
    """The configuration."""
    view = ElementTree.Element("View")
    _add(view, "Header", value="Instruction")
    _add(view, "Text", name="instruction", value="$instruction")
    _add(view, "Text", name="explanation", value="$explanation")
    _add(view, "Header", value="Pictures, in order; the last one is judged")
    _add(view, "Text", name="picture_names", value="$picture_names")
    _add(view, "Image", name="pictures", valueList="$pictures", zoomControl="true")
    _add(view, "Header", value="Words")
    _add(view, "Text", name="story", value="$story")
    _add(view, "Header", value="Result: is the last picture what was asked for?")
    _choices(view, "result", "pictures", required="true")
    _add(view, "Header", value="Reasoning: are the words true, and could a reader act on them?")
    _choices(view, "reasoning", "story")
    for axis in AXES:
        _add(view, "Header", value=axis.capitalize(), size="5")
        _choices(view, f"axis_{axis}", "pictures")
    _add(view, "Header", value="Reasons; a rejection needs at least one")
    reasons = _add(view, "Choices", name="reasons", toName="story", choice="multiple")
    for group in TAXONOMY:
        for reason in group.reasons:
            _add(reasons, "Choice", value=reason.code, hint=reason.meaning)
    _add(view, "TextArea", name="note", toName="story", placeholder="Note", maxSubmissions="1")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _choices(view: ElementTree.Element, name: str, target: str, **more: str) -> None:
    choices = _add(view, "Choices", name=name, toName=target, choice="single", **more)
    for opinion in _OPINIONS:
        _add(choices, "Choice", value=opinion)


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)
