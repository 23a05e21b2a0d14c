"""Small patterns inside clauses. In: nothing. Out: tables of patterns (see `patterns`) by their meaning.

Features follow a noun ("with a piece missing"), places come with their preposition, and so on.
"""

_TINT = "[(white|black):tint]"
_OF_PICTURE = "[(of (the|this) (picture|image|canvas|scene|photo|frame|page|whole picture)|of {home})]"
_PART = "[(corner|side|edge|part|area|cell|spot|position|section|third)]"
_IN = (
    "[(right|exactly|dead|directly|over|down|up|way over|way up|way down|somewhere|back|just)] (in|at|on|inside|within)"
)
_TO = "(to|toward|towards|into|onto)"

FEATURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mark", ("with {mark} on it", "with {mark}", "that (has|have) {mark}", "having {mark}", "bearing {mark}")),
    ("pattern", ("with {pattern}", "that (has|have) {pattern}")),
    (
        "text",
        (
            "(that|which) (says|say|reads|read) {text}",
            "(saying|reading|labelled|labeled) {text}",
            "with the (text|word|number|words|writing|inscription|label) {text} [on it]",
            "with {text} [(written|printed)] on it",
            "with {text}",
        ),
    ),
    (
        "way",
        ("(pointing|facing|looking) {way}", "(that|which) (points|faces|point|face|is pointing|is facing|looks) {way}"),
    ),
    (
        "broken",
        (
            "with (a|one) (piece|part|bit|corner) (missing|gone|bitten off|broken off)",
            "with a missing (piece|part|bit)",
            "with a (bite|chip|piece|chunk) (taken|cut) (out of it|out)",
            "(that|which) (is|are) (broken|chipped|damaged|incomplete)",
            "(that|which) (has|have) a (piece|part|bit) missing",
        ),
    ),
    ("down", ("upside down", "that is upside down")),
    (
        "term",
        (
            "in the (colour|color) of {term}",
            "the (colour|color) of {term}",
            "in {term} colour",
            "in {term} 's (colour|color)",
        ),
    ),
    ("colour", ("in {hue}", "that (is|are) {hue}", "which is {hue}")),
    ("size", ("of {size} size", "in a {size} size", "that (is|are) {size}")),
    ("texture", ("that (is|are) {texture}", "which is {texture}")),
)
PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "cell",
        (
            f"{_IN} [the] {{cell}} {_PART} {_OF_PICTURE}",
            "{corner} [(corner|cell|spot|area)]",
            f"{_IN} the (middle|center|centre) of the {{edge:cell}} (side|edge|row|column|border)",
            f"{_IN} the {{cell}} {_PART} of it all",
        ),
    ),
)
GOALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "cell",
        (
            f"[(over|down|up|back|across|right|all the way)] {_TO} [the] {{cell}} {_PART} {_OF_PICTURE}",
            f"{_TO} the (middle|center|centre) of the {{edge:cell}} (side|edge|row|column|border)",
        ),
    ),
)
_JUST = "[(right|just|directly|immediately|straight|over|somewhere)]"
NEARS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *tuple(
        (
            side,
            (
                f"[{_JUST} (to|on|at) the] {side} [hand] [side] of {{anchor}}",
                f"(to|on|at) {{anchor}} 's {side} [hand] [side]",
                f"{_JUST} {side} of {{anchor}}",
            ),
        )
        for side in ("left", "right")
    ),
    (
        "above",
        (
            f"{_JUST} above {{anchor}}",
            "[(a place|the place|to a place|to the place|to somewhere)] above {anchor}",
            "over {anchor}",
        ),
    ),
    ("below", (f"{_JUST} (below|beneath|underneath|under) {{anchor}}", "to (a place|somewhere) below {anchor}")),
    (
        "beside",
        (
            "[(right|just|directly|immediately)] (next to|beside|alongside) {anchor}",
            "to a place (next to|beside) {anchor}",
        ),
    ),
)
RELATIVE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("near", ("[(that|which) (is|are|lies|sits|stands)] {nears}",)),
    ("at", ("[(that|which) (is|are|lies|sits|stands)] {at}",)),
)
_QUARTER = "(90 degrees|a quarter|a quarter turn|a quarter of a turn|90|one quarter turn|ninety degrees|one quarter)"
_HALF = "(180 degrees|half a turn|a half turn|180|half a rotation)"
ANGLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("clockwise", (f"[by] {_QUARTER} clockwise", f"clockwise [by] {_QUARTER}", f"[by] {_QUARTER} to the right")),
    (
        "counterclockwise",
        (
            f"[by] {_QUARTER} (counterclockwise|anticlockwise|counter clockwise|anti clockwise)",
            f"(counterclockwise|anticlockwise|counter clockwise|anti clockwise) [by] {_QUARTER}",
            f"[by] {_QUARTER} to the left",
        ),
    ),
    (
        "around",
        (
            "around",
            f"[around] [by] {_HALF} [around]",
            "[(look|face|point)] the other way [around]",
            "to (face|point) the other way",
            "(to|in|into) the opposite direction",
            "(so that|so) it (points|faces) the other way",
            "to (face|point) the opposite way",
            "to (face|point) in the opposite direction",
        ),
    ),
)
_AMOUNT = "(a|an|one|some|two|three|a few|several|a little|a short)"
SPANS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "span",
        (
            "a while",
            "for a while",
            "one hour",
            "two hours",
            "several hours",
            "a little time",
            "a bit of time",
            "time",
            "a bit",
            "some time",
            "a few (hours|minutes)",
            "an hour",
            "a little while",
            "a moment",
            "by an hour",
        ),
    ),
)
WHILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "while",
        (
            f"{_AMOUNT} (while|time|hour|hours|moment|moments|minutes) (later|after|afterwards|on|from now)",
            f"(after|in) {_AMOUNT} (while|time|hour|hours|moment|moments|minutes) [(has passed|have "
            f"passed|passes|have gone by|has gone by)]",
            "(later|later on|after time has passed)",
            "once (some time|a while|an hour) has passed",
            "when (some time|a while|an hour) has passed",
            "after (some time|a while|an hour) has (gone by|passed)",
        ),
    ),
)
STOPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "stop",
        (
            "until it (stops|hits something|is stopped|cannot move any further|cannot go any further|"
            "bumps into something|reaches the edge"
            "|hits the edge|can go no further|hits something or reaches the edge|cannot go further|"
            "stops moving|is stopped by something)",
            "until something (stops|blocks) it",
            "as far as it (goes|will go|can go)",
            "all the way",
            "until the edge or another thing stops it",
        ),
    ),
)
PUSHES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "way",
        (
            "[all the way] [(to the|toward the|towards the)] {side}",
            "[all the way] (to|toward|towards) the {side} (edge|side|border)",
        ),
    ),
)
WHEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "when",
        (
            "(at|by|in the|during the) {tone}",
            "in [the] {tone} (light|lighting)",
            "in {tone}",
            "under [the] {tone} (light|sky)",
            "with {tone} (light|lighting)",
            "in the light of [the] {tone}",
            "as (a|an) {tone} scene",
        ),
    ),
    (
        "lit",
        ("{tone} (light|lighting)", "(a|an|the) {tone} (light|lighting|scene)", "{tone}", "the light of [the] {tone}"),
    ),
)
RESTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "rest",
        (
            "[all] the (others|rest|other ones|remaining ones)",
            "[all] the other {kinds}",
            "the rest of (them|the {kinds})",
            "(its|the) (mates|neighbours|neighbors|siblings|majority)",
            "(them|they)",
        ),
    ),
)
