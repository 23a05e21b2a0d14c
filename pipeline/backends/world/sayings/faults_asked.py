"""Faults in what was asked for. In: nothing. Out: templates by the sort of fault; `critique` fills their slots.

{want} and {got} are the thing expected and the thing seen, with {a_want} and {a_got} their articles; {at} is the place; {got_at}
where a thing stands instead; {respect} what differs; {ground} and {shown} are background or light, expected and seen. Every
template names the place, "the background" or "the light": a plan is made from that.
"""

from collections.abc import Mapping
from types import MappingProxyType

FAULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "missing": (
            "the {want} that belongs {at} is missing",
            "there is no {want} {at}",
            "nothing was drawn {at}, where {a_want} should be",
            "{at} I look for {a_want} and find nothing",
            "{at} the ground is bare, though {a_want} is asked for",
            "the words want {a_want} {at}, and it is not there",
            "I miss the {want} {at}",
            "{at} there should be {a_want}, and there is not",
            "{a_want} is still to come {at}",
            "the place {at} was to hold {a_want} and is empty",
        ),
        "extra": (
            "there is {a_got} {at} that should not be there",
            "the {got} {at} is one too many",
            "{a_got} stands {at} although that place should be empty",
            "nobody asked for the {got} {at}",
            "the {got} {at} should be gone, and it is still there",
            "{at} I see {a_got}, and no words account for it",
            "{at} there should be bare ground instead of {a_got}",
            "the words leave no room for the {got} {at}",
        ),
        "moved": (
            "the {want} belongs {at} but stands {got_at}",
            "the {want} is {got_at} instead of {at}",
            "the {want} has its place {at}, and I find it {got_at}",
            "{at} there should be the {want}, which is {got_at}",
            "the {want} went to the wrong place: it is {got_at}, not {at}",
            "the {want} ended up {got_at}, though it should be {at}",
        ),
        "differs": (
            "{at} there is {a_got} instead of {a_want}",
            "the {got} {at} should be {a_want}",
            "the {respect} of what stands {at} is wrong: {a_got}, not {a_want}",
            "{at} I see {a_got}, and the words ask for {a_want}",
            "{at} the {respect} is off: it is {a_got}, and {a_want} is wanted",
            "what stands {at} is {a_got}; it has to be {a_want}",
            "I expect {a_want} {at} and find {a_got}",
            "{a_got} took the place of {a_want} {at}",
            "the words want {a_want} {at}, and {a_got} is what I see",
            "the {respect} does not fit {at}: {a_want} is asked for, {a_got} is there",
        ),
        "borrowed": (
            "what was taken from picture {number} is not itself {at}: {a_got}, not {a_want}",
            "{at} there should be {a_want} as in picture {number}, and I see {a_got}",
            "the thing {at} does not look as in picture {number}: {a_got} instead of {a_want}",
            "picture {number} shows {a_want}, and {at} there is {a_got}",
            "{a_want} of picture {number} became {a_got} {at}",
            "{at} I see {a_got}, which is not the {want} of picture {number}",
        ),
        "background": (
            "the background is {shown} where it should be {ground}",
            "the background should be {ground}, yet it is {shown}",
            "the words ask for {ground} as the background, and it is {shown}",
            "the background has the wrong colour, {shown} instead of {ground}",
            "I expect {ground} behind everything, and the background is {shown}",
            "the background did not turn {ground}: it is {shown}",
        ),
        "light": (
            "the light is wrong: {shown} instead of {ground}",
            "the light should be {ground}, yet it is {shown}",
            "the words ask for {ground}, and the light is {shown}",
            "the light did not change to {ground}: it is {shown}",
            "I expect the light to be {ground}, and I see {shown}",
            "the light shows {shown} where {ground} is wanted",
        ),
        "impossible": (
            "the part that asks to {ground} something cannot be followed: {shown}",
            "the wish to {ground} something does not fit what there is: {shown}",
            "what the words want to {ground} cannot be told, as {shown}",
            "to {ground} as the words say is not possible here: {shown}",
        ),
    }
)
