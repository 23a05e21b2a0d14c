"""Faults in what should have stayed. In: nothing. Out: templates by the sort of fault, with the slots of `faults_asked`."""

from collections.abc import Mapping
from types import MappingProxyType

FAULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "missing": (
            "the {want} {at} should have stayed, and it is gone",
            "{at} the {want} has disappeared, though it had to stay",
            "the {want} that was {at} is lost",
            "nothing is left of the {want} {at}, which had to stay",
            "the {want} was not to be touched, and {at} there is nothing any more",
            "I no longer see the {want} {at}, and nobody asked for that",
            "{at} there was {a_want}, and it fell victim to the change",
            "the words spare the {want} {at}, yet it is missing",
        ),
        "extra": (
            "{a_got} has turned up {at}, and no words ask for it",
            "the {got} {at} was not there, and nobody wanted it",
            "{at} there was bare ground, and now there is {a_got}",
            "{at} the place should have stayed empty, and it holds {a_got}",
            "the {got} {at} came along without being asked for",
            "something was added {at} that is not wanted: {a_got}",
            "{at} I see {a_got} where nothing had to change",
        ),
        "moved": (
            "the {want} should have stayed {at}, and it is {got_at}",
            "the {want} was moved away: it belongs {at} and stands {got_at}",
            "{at} the {want} left its place and is {got_at}, without being asked to",
            "nobody asked to move the {want}; it belongs {at}, not {got_at}",
            "the {want} lost its place {at} and is {got_at}",
        ),
        "differs": (
            "the {want} {at} should have stayed as it is, and now it is {a_got}",
            "{at} the {respect} changed though nobody asked: {a_got} instead of {a_want}",
            "the words leave the {want} {at} alone, and it became {a_got}",
            "{at} {a_want} turned into {a_got} for no reason",
            "the {respect} of the {want} {at} was not to change; I see {a_got}",
            "the change spilled over {at}: {a_got}, and it was {a_want}",
            "what stands {at} had to stay {a_want} and is {a_got}",
            "{at} there is {a_got}; it was {a_want}, and that should have stayed",
            "the {want} {at} was touched without need and is now {a_got}",
        ),
        "borrowed": (
            "what came from picture {number} did not keep its looks {at}: {a_got}, not {a_want}",
            "the {want} of picture {number} cannot be known again {at}, for I see {a_got}",
            "{at} the identity is lost: picture {number} shows {a_want}, and here is {a_got}",
            "{at} the {respect} is not that of picture {number}: {a_got} instead of {a_want}",
            "the {want} changed on its way from picture {number}: {at} it is {a_got}",
            "held against picture {number}, the thing {at} is wrong: {a_got}, not {a_want}",
        ),
        "background": (
            "the background should have stayed {ground}, and it is {shown}",
            "the background turned {shown} though nobody asked; it was {ground}",
            "the words leave the background alone, and it went from {ground} to {shown}",
            "the background was {ground} and had to stay so; it is {shown}",
        ),
        "light": (
            "the light should have stayed {ground}, and it is {shown}",
            "the light changed though nobody asked: {shown} instead of {ground}",
            "the words leave the light alone, and it went from {ground} to {shown}",
            "the light was {ground} and had to stay so; it is {shown}",
        ),
    }
)
