"""Templates of the world's clauses. In: nothing. Out: tables of templates by op; `language` fills their slots.

{sel} and {other} are things of the scene, {look} a new one, {at} a place with its preposition (or empty), {to} the goal of a
move, {pic} the thing of an attached picture.
"""

from collections.abc import Mapping

from pipeline.backends.world.scenes import ops

WORDINGS: Mapping[type[ops.Op], tuple[str, ...]] = {
    ops.Add: ("add {look}{at}", "put {look}{at}", "place {look}{at}", "insert {look}{at}", "draw {look}{at}"),
    ops.Remove: ("remove {sel}", "delete {sel}", "take away {sel}", "erase {sel}", "get rid of {sel}"),
    ops.Replace: (
        "replace {sel} with {look}",
        "change {sel} into {look}",
        "turn {sel} into {look}",
        "substitute {look} for {sel}",
        "exchange {sel} for {look}",
    ),
    ops.Complete: (
        "complete {sel}",
        "restore {sel}",
        "repair {sel}",
        "fill in the missing piece of {sel}",
        "make {sel} whole again",
    ),
    ops.Count: (
        "make it exactly {many}",
        "show exactly {many}",
        "have exactly {many} in the picture",
        "there should be exactly {many}",
        "change the number of {plural} to {number}",
    ),
    ops.MatchOthers: (
        "make the odd {shape} like the others",
        "fix the odd one out among the {shapes}",
        "let the {shape} that is unlike the others look as they do",
        "make all the {shapes} look the same",
    ),
    ops.Push: (
        "push {sel} {direction} until it stops",
        "slide {sel} {direction} until it hits something",
        "shove {sel} {direction} as far as it goes",
        "give {sel} a push {direction}",
        "let {sel} slide {direction} until something stops it",
    ),
    ops.Swap: (
        "swap {sel} with {other}",
        "exchange {sel} with {other}",
        "let {sel} trade places with {other}",
        "let {sel} change places with {other}",
        "switch the positions of {sel} and {other}",
    ),
    ops.Later: (
        "show the scene a while later",
        "show what it looks like an hour later",
        "let some time pass",
        "fast forward a while",
        "show how the scene looks after some time has passed",
    ),
    ops.Behind: (
        "show the scene from behind",
        "view the scene from the other side",
        "show the picture as seen from behind",
        "mirror the picture left to right",
        "draw the scene as seen from the back",
    ),
    ops.Background: (
        "change the background to {ground}",
        "make the background {ground}",
        "turn the background {ground}",
        "set the background to {ground}",
        "use {ground} for the background",
    ),
    ops.AddFrom: (
        "add {pic}{at}",
        "put {pic}{at}",
        "place {pic}{at}",
        "bring in {pic}{at}",
        "insert {pic}{at}",
    ),
    ops.ReplaceFrom: (
        "replace {sel} with {pic}",
        "put {pic} in place of {sel}",
        "swap {sel} for {pic}",
        "exchange {sel} for {pic}",
        "substitute {pic} for {sel}",
    ),
    ops.TransferFrom: (
        "give {sel} the {what} of {pic}",
        "use the {what} of {pic} for {sel}",
        "copy the {what} of {pic} to {sel}",
        "make {sel} the same {what} as {pic}",
        "apply the {what} of {pic} to {sel}",
    ),
}
MOVES = ("move {sel} {to}", "shift {sel} {to}", "bring {sel} {to}", "relocate {sel} {to}")
LIGHTS: Mapping[str, tuple[str, ...]] = {
    "day": ("make it day", "show the scene in daylight", "change the light to daylight", "turn it into a day scene"),
    "evening": (
        "make it evening",
        "show the scene in evening light",
        "change the light to evening light",
        "turn it into an evening scene",
    ),
    "night": (
        "make it night",
        "show the scene at night",
        "change the light to night light",
        "turn it into a night scene",
    ),
}
CLEANINGS = (
    "clean up the stray streak{at}",
    "wipe away the stray streak{at}",
    "erase the stray streak{at}",
    "remove the stray streak{at}",
)
TURNS: Mapping[str, tuple[str, ...]] = {
    "clockwise": (
        "rotate {sel} by a quarter turn clockwise",
        "turn {sel} 90 degrees clockwise",
        "turn {sel} clockwise by a quarter turn",
        "rotate {sel} clockwise by 90 degrees",
    ),
    "counterclockwise": (
        "rotate {sel} by a quarter turn counterclockwise",
        "turn {sel} 90 degrees counterclockwise",
        "turn {sel} counterclockwise by a quarter turn",
        "rotate {sel} counterclockwise by 90 degrees",
    ),
    "around": (
        "turn {sel} around",
        "rotate {sel} by half a turn",
        "rotate {sel} by 180 degrees",
        "turn {sel} to face the other way",
    ),
}
FACINGS = (
    "make {sel} point {to}",
    "let {sel} point {to}",
    "turn {sel} so that it points {to}",
    "rotate {sel} until it points {to}",
    "turn {sel} to face {to}",
)
ALTERS: Mapping[str, tuple[str, ...]] = {
    "colour": (
        "recolour {sel} {value}",
        "make {sel} {value}",
        "paint {sel} {value}",
        "change the colour of {sel} to {value}",
        "turn {sel} {value}",
    ),
    "term": (
        "paint {sel} in {value}",
        "make {sel} {value}",
        "give {sel} {value}",
        "recolour {sel} in {value}",
        "change the colour of {sel} to {value}",
    ),
    "size": (
        "make {sel} {value}",
        "resize {sel} to {value}",
        "change the size of {sel} to {value}",
        "redraw {sel} in a {value} size",
        "let {sel} become {value}",
    ),
    "texture": (
        "make {sel} {value}",
        "let {sel} become {value}",
        "turn {sel} {value}",
        "change {sel} so that it is {value}",
    ),
    "pattern": (
        "make {sel} {value}",
        "give {sel} a {value} pattern",
        "cover {sel} with a {value} pattern",
        "let {sel} become {value}",
    ),
    "mark": ("give {sel} a {value}", "add a {value} to {sel}", "put a {value} on {sel}", "mark {sel} with a {value}"),
    "unmark": (
        "remove the mark from {sel}",
        "take the mark off {sel}",
        "make {sel} unmarked",
        "wipe the mark off {sel}",
    ),
    "text": (
        'change {sel} to say "{value}"',
        'make {sel} read "{value}"',
        'change the text on {sel} to "{value}"',
        'write "{value}" on {sel}',
        'let {sel} say "{value}"',
    ),
    "several": (
        "make {sel} {value}",
        "let {sel} become {value}",
        "change {sel} so that it is {value}",
        "turn {sel} {value}",
    ),
}
PICTURE_WORDINGS: Mapping[type[ops.Op], tuple[str, ...]] = {
    ops.Add: ("{look}{at}", "{look} placed{at}", "{look} sitting{at}", "{look} shown{at}"),
    ops.Count: ("{many}", "exactly {many}", "a set of {many}", "a group of {many}"),
    ops.Background: (
        "on a plain {ground} background",
        "against a plain {ground} background",
        "with a plain {ground} background",
        "everything on a plain {ground} background",
    ),
}
PICTURE_LIGHTS: Mapping[str, tuple[str, ...]] = {
    "day": ("in daylight", "by day", "by daylight", "during the day"),
    "evening": ("in the evening", "in evening light", "at dusk", "during the evening"),
    "night": ("at night", "by night", "in the light of the night", "during the night"),
}
OPENINGS = (
    "draw a picture with",
    "a picture with",
    "an image of",
    "a scene with",
    "create an image showing",
    "a drawing of",
    "a photo of",
)
