"""Clauses about the presence and place of things. In: nothing. Out: patterns by the key of their op.

Chunks in braces are the kinds of `chunks`: {the} things of the scene, {one} exactly one of them, {new} new things,
{spot} a place with its preposition, {dest} the goal of a move, {still} a place of rest, {adj} the look to give. <verbs> are the
classes of `lexicon.VERBS`; "its" is read as "it 's".
"""

WISH = "<wish>"
PICTURE = "<scene>"
_IN_ALL = "[(in total|altogether|in all|in <scene>|here|overall)]"
_THERE = (
    "(in its place|there|instead|in their place|there instead|in its place instead|where it was"
    "|in that place|in that spot|in the same place|in the same spot|at the same place|at its place)"
)

THINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "add",
        (
            "<add> {new} [{spot}]",
            "<add> {new} (somewhere|anywhere|anywhere you like|wherever there is room|wherever you "
            "like|in any free place)",
            "<add> {spot} [,] {new}",
            "{spot} [,] <add> {new}",
            "{new} <must> (be added|appear|be placed|be put|be inserted|be drawn|be there) [{spot}]",
            "{new} <must> (go|sit|stand|be) {spot}",
            "(make|have|let) {new} appear [{spot}]",
            "<wish> {new} added [{spot}]",
            "(drop|make|throw in|pop|create|sketch|have) {new} {spot}",
            "(throw in|create) {new}",
            "(there is room for|also|could we have|could i have|can i have|can we have|may i have) {new} [{spot}]",
            "{new} belongs {spot}",
            f"<add> {{new}} to {PICTURE}",
        ),
    ),
    (
        "have",
        (
            "there <must> be {new} [{spot}]",
            "let there be {new} [{spot}]",
            "{spot} [,] there <must> be {new}",
            f"{WISH} [to (see|have)] {{new}} [{{spot}}]",
            f"{{spot}} [,] {WISH} [to (see|have)] {{new}}",
            "(have|show) {new} [{spot}]",
            "(could|can) there be {new} [{spot}]",
            "<ensure> there (is|are) {new} [{spot}]",
            f"{PICTURE} <must> (show|contain|have|include|feature) {{new}} [{{spot}}]",
        ),
    ),
    (
        "count",
        (
            f"(make it|make that|show|have|there <must> be|let there be|draw|{WISH} [to (see|have)]) "
            f"{{exactly}} {_IN_ALL}",
            f"(make it|make that|<ensure> there (are|is)|show|have) {{many}} {_IN_ALL}",
            f"there <must> be {{many}} {_IN_ALL}",
            "(in total|altogether|in all) [,] there <must> be {many}",
            "{many} <must> be (there|visible|shown|in the picture|in the image)",
            "(<ensure> there (is|are)|make it|there <must> be) {many} instead of {number:old}",
            f"{PICTURE} <must> (show|contain|have|include|feature) {{exactly}}",
            "(change|set|increase|reduce|raise|lower|bring) the number of {plural} (to|up to|down "
            "to) [exactly] {number}",
            "make the number of {plural} [exactly] {number}",
            "the number of {plural} <must> (be|become) [exactly] {number}",
            "(keep|leave) (only|just) {many}",
            "(keep|leave) (only|just) {number} of {plural}",
            "there <must> be [exactly] {number} {plural}",
            "there <must> (only be|be only|just be|be just) {many}",
            "<wish> {many} (in total|altogether|in all)",
            "(increase|reduce|raise|lower|bring) [the] {plural} (to|up to|down to) {number}",
            "(make|have) the number of {plural} equal [to] {number}",
        ),
    ),
    (
        "remove",
        (
            f"<remove> {{the}} [(from|off|out of) {PICTURE}]",
            "{the} <must> (be removed|be deleted|be erased|be gone|go|go away|disappear|vanish|be "
            "taken away|be taken out)",
            "(make|let) {the} (disappear|vanish|go away|go)",
            f"{WISH} {{the}} [to be] (gone|removed|deleted|erased|taken away|taken out)",
            f"{WISH} {{the}} to (disappear|go|go away|vanish)",
            "(lose|ditch|scrap|dump|drop|throw out|throw away|strip out) {the} [(from|off|out of) <scene>]",
            f"take {{the}} (away|out|out of {PICTURE}|off|away from {PICTURE})",
            "throw {the} (away|out)",
        ),
    ),
    ("none", ("there <must> be no {plural} [left]", "there <must> be no {gone} [left]")),
    (
        "replace",
        (
            "replace {the} (with|by) {new}",
            "replace {the} (with|by) {fresh:new}",
            "(swap|exchange|switch) {the} for {fresh:new}",
            "<turn_into> {the} into {fresh:new}",
            "make {the} into {fresh:new}",
            "(swap|swap out|exchange|switch|trade|substitute) {the} (for|with|by) {new}",
            "substitute {new} for {the}",
            "<turn_into> {the} (into|to) {new}",
            "make {the} [into] {new} [instead]",
            "have {the} (become|be|turn into) {new}",
            "{the} (becomes|turns into) {new}",
            "<turn_into> {the} to be {new}",
            "<add> {new} (in place of|instead of|in the place of) {the}",
            "<add> {new} where {the} (is|was|are|were|used to be|is now|stands|sits|lies)",
            "where {the} (is|was|are|were|used to be|is now|stands|sits|lies) [,] (<add>|there <must> be) {new}",
            f"(there <must> be|have|show|use|{WISH}) {{new}} (in place of|instead of) {{the}}",
            "{new} <must> be where {the} is",
            "(instead of|in place of) {the} [,] (<add>|have|show|use|there <must> be|i want|i would like) {new}",
            "{the} <must> (become|be|turn into|be replaced (with|by)|be turned into|be changed (to|"
            "into)|be swapped for) {new} [instead]",
            "let {the} (become|turn into|be) {new}",
            f"{WISH} {{the}} [to be] (replaced (with|by)|turned into|changed (to|into)|swapped for) {{new}}",
            f"{WISH} {{the}} to (be|become|turn into) {{new}}",
            f"<remove> {{the}} [,] and <add> {{new}} {_THERE}",
            f"take {{the}} (away|out) [,] and <add> {{new}} {_THERE}",
        ),
    ),
    (
        "move",
        (
            "<move> {the} [(over|up|down|across|back)] {dest}",
            "get {the} {dest}",
            "<move> {the} (so that|so|until) it (is|sits|lies|stands) ({dest}|{still})",
            "<ensure> {the} (is|sits|lies) ({dest}|{still})",
            "{the} belongs ({dest}|{still})",
            "{the} (goes|moves) {dest}",
            "{the} {goal}",
            "have {the} (sit|placed|moved) ({dest}|{still})",
            "<move> {the} {still}",
            "({dest}|{still}) [,] <move> {the}",
            "{the} <must> (go|be|move|be moved|be placed|be shifted|sit|lie|stand|be put|be brought|"
            "be relocated) ({dest}|{still})",
            f"{WISH} {{the}} [(to be|moved|to be moved|to go|to move|placed|to sit)] ({{dest}}|{{still}})",
            "(let|make|have) {the} (move|go|sit) ({dest}|{still})",
            "change the (position|place) of {the} to {cell}",
        ),
    ),
    (
        "elsewhere",
        (
            "<move> {the} (elsewhere|somewhere else|to another place|to a different place|to another free place)",
            "{the} <must> (go|be moved|move) (elsewhere|somewhere else)",
        ),
    ),
    ("move_from", ("<move> {the} from [the] {cell:old} [(corner|side|edge)] {dest}",)),
    (
        "swap",
        (
            "<swap> {one} (with|and) {one:other} [(around|round|with each other)]",
            "(let|make|have) {one} and {one:other} (switch|swap|swapped)",
            "<swap> [the] (places|positions|place|position|locations|spots) of {one} (and|with) {one:other}",
            "<swap> {one} 's (place|position) with {one:other} ['s]",
            "(let|make|have) {one} (trade|swap|change|switch|exchange) (places|positions|spots|"
            "locations) with {one:other}",
            "(let|make|have) {one} and {one:other} (trade|swap|change|switch|exchange) (places|"
            "positions|spots|locations)",
            "{one} and {one:other} <must> (trade|swap|change|switch|exchange) (places|positions|spots|locations)",
            "{one} <must> (trade|swap|change|switch|exchange) (places|positions|spots|locations) with {one:other}",
        ),
    ),
    (
        "push",
        (
            "<push> {the} {pushed} [{stop}]",
            "(let|make) {the} (slide|roll) {pushed} [{stop}]",
            "give {the} a (push|shove|good push) {pushed}",
            "{the} <must> (slide|roll|be pushed|be shoved) {pushed} [{stop}]",
            "<push> {the} as far {pushed} as it (goes|can go|will go)",
            "<push> {the} as far as it (goes|can go|will go) {pushed}",
        ),
    ),
)
"""Things that come, go, move and trade places."""
