"""Colloquial clauses about places, the scene and attached pictures. In: nothing. Out: patterns by the key of their op.

The chunks are those of the other grammars; see `grammar_speech`.
"""

_NEAR = "({dest}|{still})"
_SCENE = "(<scene>|<all>|all this|things)"
_LIKE = "(like|the same as|the same way as|just like|to match|the way)"
_THERE = "(in its place|there|instead|there instead|where it (was|is|stood|used to be)|in its (spot|position))"

SPEECH_SCENE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "move",
        (
            f"<move> {{the}} (so that|so|until) it (is|sits|lies|stands|goes|rests|ends up|comes|is "
            f"sitting|is standing) {_NEAR}",
            f"{{the}} (goes|moves|should live|is to go|gets moved|shifts|comes) {_NEAR}",
            f"{{the}} (→|:) {_NEAR}",
            f"{{the}} (<must>|<may>) (live|end up|come|hang|move over|go over|shift|rest|stay from now on|"
            f"be set|be positioned|be located|be found|be shown|stick|be moved over|be dragged) {_NEAR}",
            f"{{the}} <may> (go|be|move|sit|stand|be moved) {_NEAR}",
            "{still} is where {the} <must> (be|go|live|sit|stand|end up|move) [from now on] [{so} (bring|"
            "move|put|take) it [(over|there)]]",
            "{still} is where (i want|i would like|we want) {the} [to be] [{so} (bring|move|put|take) it "
            "[(over|there)]]",
            "{corner} is where {the} <must> (be|go|live|sit|stand|end up|move) [from now on]",
            f"{{the}} belongs {_NEAR} {{so}} that is where (i want it|it <must> (be|go)|i would like it)",
            f"<hope> {{the}} (was|were|sat|stood|moved|went|could go|could be|could move|could sit|is|"
            f"would be) [(moved|placed|put|shifted)] {_NEAR}",
            f"(let|make|have|get|want) {{the}} (sit|stand|go|move|moved|placed|put|to move|live|hang|rest|be) {_NEAR}",
            f"<wish> {{the}} (placed|put|shifted|to sit|to stand|to live|to be put|to be placed|to end up|"
            f"over|to hang) {_NEAR}",
            f"{_NEAR} [,] <wish> {{the}} [to be]",
            f"(take|grab|pick up|get|lift|pick) {{the}} [up] [,] [and] [then] <move> it {_NEAR}",
            f"<move> {{the}} (away|out of the way|back|over there) [,] {_NEAR}",
            "(the (new|right) (place|spot|position) (of|for) {the} is|{the} : new (place|position)) {still}",
        ),
    ),
    (
        "move_from",
        (
            "take {the} from [the] {cell:old} [(corner|side|edge)] [,] [and] [then] <move> it ({dest}|{still:dest})",
            "<move> {the} from [the] {cell:old} [(corner|side|edge)] [over] ({dest}|{still:dest})",
            "take {the} [which is|that is] {still:old} [,] [and] [then] <move> it ({dest}|{still:dest})",
        ),
    ),
    (
        "swap",
        (
            "<swap> {one} (with|and|for) {one:other} (around|round|over|places|positions|please)",
            "(let|make|have) {one} and {one:other} (trade|swap|change|switch|exchange) (seats|with each "
            "other|with one another|round|around|over)",
            "{one} and {one:other} (<must>|<may>) (trade|swap|change|switch|exchange) [(places|positions|"
            "spots|locations|seats|around|round)]",
            "{one} and {one:other} (trade|swap|change|switch|exchange) (places|positions|spots|locations)",
            "{one} and {one:other} <must> be (swapped|switched|exchanged) [(around|round)]",
            "<hope> {one} and {one:other} (traded|swapped|changed|switched|exchanged|could swap|could "
            "switch|could trade) (places|positions|spots|locations)",
            "<swap> [the] (places|positions|spots|locations) (of|between) {one} and {one:other}",
            "<swap> [the] {one} 's and {one:other} 's (places|positions|spots|locations)",
            "(put|move) {one} where {one:other} is [,] and (vice versa|the other way around|the other way round)",
        ),
    ),
    (
        "crossed",
        (
            "(<wish>|put|move|place) {one} where {one:other} is [,] and {one:third} where {one:fourth} is",
            "{one} <must> (go|be) where {one:other} is [,] and {one:third} where {one:fourth} is",
        ),
    ),
    (
        "push",
        (
            "<push> {the} [over] {pushed} [,] [{stop}]",
            "<push> {the} as far (to the|towards the|to) {side:pushed} as (it (goes|can go|will go)|possible)",
            "{the} <must> (slide|roll|be pushed|be shoved|be slid|get pushed) {pushed} [{stop}]",
            "(let|make|have) {the} (slide|roll|slid|pushed|shoved) {pushed} [{stop}]",
            "give {the} a (push|shove|good push) {pushed} {stop}",
            "<hope> {the} (slid|was pushed|rolled|was shoved) {pushed} [{stop}]",
        ),
    ),
    (
        "later",
        (
            "(skip|jump|move|go|fast forward) (ahead|forward|forwards|on) [in time] [(by|for)] [{span}]",
            "(let|have) {span} (pass by|roll by|slip by|tick by|go past)",
            f"<show> (what|how) {_SCENE} (looks|looks like|will look|will look like|would look|would look "
            f"like|is|is like) {{while}}",
            "<show> <all> [as it (is|looks|would be|will be)] {while}",
            "what (does|will|would|could) (this|it|that|<scene>|all this|everything) (look like|be like) {while}",
            "(<wish>|<show>) [to see] <all> {while}",
            "{while} [,] <show> (me|us) [(what|how)] <all> (looks|looks like|is|has changed)",
            "(fast forward|wind forward|run|roll) (time|the clock|it|<scene>) [(forward|on|ahead)] [(by|for)] [{span}]",
        ),
    ),
    (
        "behind",
        (
            "(view|a view|the view|seen|viewed|shown|back view) {back}",
            "(switch|change|go|move|rotate|turn|flip) [(it|the view|the viewpoint|the camera|the "
            "perspective|<scene>)] [(over|round|around)] to (a|the) view {back}",
            "(switch|change|move|take|set) the (viewpoint|view|camera|perspective) [(over|round|around)] [to] "
            "(behind [<scene>]|the (back|rear|other side|opposite side) [of <scene>])",
            f"(<show>|<wish>|look at|give us|give me|i want to see|i would like to see|get) {_SCENE} "
            f"[(seen|viewed|as viewed|as it looks|shown|as it is seen)] {{back}}",
            "(<show>|<wish>|give us) [(the|a)] (back|rear|reverse) (view|side) [of <scene>]",
            "(<show>|<wish>|take|use) (a|the) view {back}",
            "(what|how) (would|does|will) (<all>|all this) look [like] {back}",
            "(what|how) (would|does) (<all>|all this) look [like] if (i|we|you) (were|stood|looked) "
            "[standing] (behind it|{back})",
            "(suppose|imagine|pretend) (we|i|you) (walked|went|were) [(round|around)] (to the back|"
            "behind it|behind <scene>) {so} "
            "(that is the view (i am after|i want|we want)|<show> (that|it|what we see|what i see|what you see))",
            f"<show> (what|how) {_SCENE} (looks|looks like|would look|would look like) {{back}}",
        ),
    ),
    (
        "background",
        (
            "(set|change|make|switch|turn) (the|a) [(scene|picture|image)] background (colour|color|"
            "shade) [(to|into|be)] [plain] {ground}",
            "background (→|=) {ground}",
            "(<wish>|use|<hope> there was|have) [(a|an)] [plain] {ground} background",
            "<hope> the background (was|were|is|became|could be|would be) {ground}",
            "<wish> the background (in|to become|changed to|to turn|made|set to) {ground}",
            "{ground} (for the background|as [the] background|as [the] background (colour|color)|is what "
            "i want for the background)",
            "(put|use|add|set|place) (a|an) [plain] {ground} background (behind (it|everything|them|all "
            "of it|it all)|in|there)",
            "(give|paint) the background {ground}",
            "the background (goes|gets|is to be|turns|becomes) {ground}",
            "(colour|color|paint|dye|tint) the background [in] {ground}",
            "(make|change|switch) it to (a|an) {ground} background",
            "what about (a|an) {ground} background",
            "the (colour|color) of the background <must> (be|become|be changed to) {ground}",
            "let the background go {ground}",
        ),
    ),
    (
        "light",
        (
            "(switch|change|turn|go|set it|set) [over] (to|into) {lit}",
            "bring (the {tone} back|back [the] {tone}|back the {tone} light|the {tone} light back|on the "
            "{tone}|the {tone})",
            "(let|have|make) {tone} (fall|come|arrive|begin|break)",
            "<hope> it (was|were|is|could be|became) {tone} [(time|instead)]",
            "<hope> it (was|were|is) {when}",
            "it is {when}",
            "it <must> be {when}",
            "(set|put|have|place) <all> {when}",
            "<wish> {lit}",
            "<wish> (it|the scene|this) [to be] {when}",
            "(turn|switch|change|set) the time [of day] to {lit}",
            "time of day : {tone}",
            "(light|lighting) : {lit}",
        ),
    ),
    (
        "clean",
        (
            "<clean> (the|a|any|that|this) {streak} [{at}] (off|from|away [from]|out of) [(<scene>|my "
            "picture|my image)]",
            "(remove|delete|get rid of|clean off|take away|take|lose|scrub|scrub out|scrub off|ditch|"
            "wipe out|take out|paint over) (the|any|that|this) {streak} [{at}] "
            "[(off|from|out of|away|out)] [(<scene>|my picture|my image)]",
            "(the|that|this|any) {streak} [{at}] (<must>|<may>) (be gone|go|be removed|be wiped|be wiped "
            "off|be wiped out|be cleaned|be cleaned away|vanish|be deleted|go away|be taken out|be rubbed out)",
            "there is (a|some|this) {streak} [{at}] [(across|on|over|in) (<scene>|my picture|my image)] "
            "{so} ({undone}|{outed}|<clean> it [(away|off|up)])",
            "(what is|see) that {streak} [{at}] {so} (make it go away|{outed}|<clean> it [(away|off|up)])",
            "a {streak} [{at}] has (got onto|appeared on|got on|crept onto) (<scene>|my picture|my "
            "image) {so} ({outed}|<clean> it [(away|off|up)]|i would be grateful to have it (cleaned up|removed))",
            "make (the|that|this|any) {streak} [{at}] (disappear|go away|vanish)",
            "(<hope> (the|that|this) {streak} [{at}] (was|were) (gone|removed)|<wish> (the|that|this) "
            "{streak} [{at}] [to be] (gone|removed|cleaned up|wiped away))",
            "(i|we) do not want (the|that|this|any) {streak} [{at}] [(there|here|any more)]",
        ),
    ),
    (
        "add_from",
        (
            "{sub} (goes|comes|belongs|is|stands|sits|is to go) {spot}",
            "{sub} (<must>|<may>) (go|be|come|appear|stand|sit|end up) {spot}",
            "{sub} (:|→) {spot}",
            "<wish> {sub} {spot}",
            "{spot} [,] (goes|comes|belongs|<wish>) {sub}",
            "(get|grab|fetch|pick|take|lift|pull) {sub} [(out|up)] [,] [and] [then] <add> it [in] [{spot}]",
            "(grab|fetch|get|pull in|paste|paste in|import) {sub} [{spot}]",
            "<add> {sub} [in] {spot} [of] [{home}]",
        ),
    ),
    (
        "replace_from",
        (
            "(instead of|in place of) {the} {here} [,] (<wish>|<add>|use|show|have) {sub}",
            "<wish> {sub} (instead of|in place of) {the} {here}",
            "<add> {sub} where {the} {here} (is|was|used to be|stands|sits) [now]",
            "{sub} <must> (replace|take the place of|go in place of) {the} {here}",
            "{the} {here} → {sub}",
            "(swap|trade|switch|change) {the} {here} (out for|for|to) {sub}",
            "{the} {here} (gets replaced|is replaced|is to be replaced) (with|by) {sub}",
            f"<remove> {{the}} {{here}} [(,|;|.)] [and] [then] <add> {{sub}} {_THERE}",
        ),
    ),
    (
        "transfer",
        (
            "give {the} {here} (the same|the) {what} (that|which|as) {source} (has|does)",
            "(use|take|copy|apply|transfer|borrow) [the] {what} (of|from|in) {source} (for|on|to|onto|"
            "over to) {the} {here}",
            "{the} {here} <must> (have|get|take on|be in|be|wear) [the] [same] {what} (of|from|in|as) {source} [has]",
            "(paint|do|show|draw) {the} {here} (in|with) the [same] {what} (of|from|in|as) {source}",
            "(copy|take|borrow) {source} 's {what} (for|on|to|onto|over to) {the} {here}",
            "give {the} {here} {source} 's {what}",
            "{the} {here} [(should come|comes|goes)] in the same {what} as {source}",
            "(make|match) the {what} of {the} {here} [(match|like|the same as|to)] [(that of|the one of|"
            "the one in)] {source}",
            "<hope> {the} {here} (had|was|were) the [same] {what} (of|as) {source}",
        ),
    ),
    (
        "recolour_from",
        (
            f"(colour|color|recolour|recolor|dye|tint) {{the}} {{here}} {_LIKE} {{source}} [(is|has)]",
            f"{{the}} {{here}} <must> be (coloured|colored|tinted) {_LIKE} {{source}}",
        ),
    ),
    (
        "repattern_from",
        (
            f"(pattern|texture) {{the}} {{here}} {_LIKE} {{source}}",
            f"{{the}} {{here}} <must> be (patterned|textured) {_LIKE} {{source}}",
        ),
    ),
)
"""Moves, changes of the whole scene, and things borrowed from pictures, in colloquial words."""
