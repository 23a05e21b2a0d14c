"""Talk: what one says to somebody who asked, and what is no sentence at all; it breaks the training voice in any scene.

In: nothing. Out: `TALK`: lines of phrases, by the rule of `stages.voice_rules` that they break; topics are those of
`stages.voice_topics`. Greetings, apologies, refusals, offers and questions break "address"; code, markup and lists "form".
"""

from collections.abc import Mapping
from types import MappingProxyType

TALK: Mapping[str, str] = MappingProxyType(
    {
        "address": r"""
apologies|apologise|apologize|apologised|apologized|apologising|apologizing ! letter|card|note|flowers|boy|girl
<we_are>|very|terribly|really so|very? sorry
sorry + .|about|for|that|if|i|we|this|the|it ! sister|brother|boy|girl|mother|child|card|sign|friend
my bad|apology|fault|mistake|regrets
^ unfortunately|regrettably|sadly i|we|no|there
i|we <cannot> be? able|allowed|permitted|help|assist|view|describe|analyse|analyze|comment|identify|comply|provide|fulfil|
    fulfill|process|create|generate|evaluate|open|access|verify|determine|produce|edit|continue|answer|confirm|recognise|
    recognize|discuss|engage|complete|browse|guarantee|offer|proceed
<we_are> not able|allowed|permitted|sure|certain|qualified
<we_are> unable|uncertain|forbidden|happy|glad|pleased|delighted|designed|trained|programmed
i|we <cannot> see|receive|find|get|have|view|open a|an|any|the|no|this|your? image|picture|photo|attachment|reference|input|
    upload|images|pictures|photos|references|taste|opinion|opinions|access|eyes|feelings|information|ability
i|we have|lack no|the? image|picture|taste|opinion|access|eyes|feelings|information|ability
unable|impossible to help|assist|view|process|comment|describe|judge|evaluate|analyse|analyze|comply
guideline|guidelines|policy|policies ! poster|insurance|wall|folder
no image|picture|photo|attachment|reference|file|images was|is|has|were|have been? provided|given|sent|supplied|here|uploaded|
    included|received|available|found
no image|picture|photo|attachment|reference|file attached|provided|supplied|uploaded|sent
^ hello|hi|hey|greetings|thanks|cheers|goodbye|bye|congratulations + .|there|again|everyone|all|team|for
^ dear /\w+/ + . ! letter|diary|card|note|postcard
thanks for|again|in ! card|sign|note
^ happy|glad|pleased|delighted|ready|love to help|assist|hear|oblige|see
would|i'd|we'd be? happy|glad|pleased|delighted|love to
/^\W*(?:of\scourse|absolutely|understood|got\sit|no\sproblem|alright|great|noted|yes|yep|no|done|ok|okay|sure|certainly|right|
    perfect|wonderful|excellent|hooray|thanks|wow)\s*!/
/^\W*(?:absolutely|understood|got\sit|no\sproblem|alright|noted|yep|ok|okay)\s*[,.:;]/
great|good|nice|excellent|amazing|lovely|wonderful|awesome|fantastic question|job|effort - of|on
feel free
i|we must|have|need|prefer to? decline|refuse
decline|refuse|declines|refuses to describe|comment|judge|identify|answer|draw
as a|an text-only|multimodal|language|vision|text|visual|helpful? system|model|assistant|program|machine
enough|more|sufficient|further information|context ! sign|board|desk
^ hope|hoping|hopefully + .|this|that|it|the|you
i|we hope|trust|wish|believe|guess|assume this|that|it
anything|something else i|we
any questions|queries|objections|wishes
^ shall|should|may|can|could|would i|we
/\?[\"')*\s]*$/
^ just|simply|then|and? tell|ask|inform|send|remind me|us
as an|a|the? image|art|visual|photo|careful|strict|professional|impartial|honest|trained expert|critic|judge|editor|reviewer|
    specialist|analyst|planner|annotator|evaluator|assessor|helper + .|i|we
acting as
my|our task|job|goal|role|duty|assignment here? is|was
<i_will> now|first|next|then? describe|explain|evaluate|analyse|analyze|assess|summarise|summarize|outline|respond|answer|reply|
    grade|rate|score|report|describing|explaining|evaluating|suggest|recommend|list|judge
<let_us> now|first|next|then? describe|explain|list|evaluate|judge|look|check|see|begin|start|proceed|break|think|say|analyse|
    analyze|assess|go
in conclusion|summary
to summarise|summarize|conclude|recap|reiterate
^ ps|p.s|nb|n.b|fyi|btw|imo|imho|disclaimer|caveat + .
approve|confirm|review|check|accept this|my|the rationale|plan|proposal|answer|request|reply|suggestion|reasoning
^ best|kind|warm regards|wishes
""",
        "form": r"""
/[{}`]\w*|\*\*\w*|<\/?\w+[^>]*>\w*|\[\s*[*'\"]\w*|^\*\s+\w+|^\s*(?:[-•+]|\#+)\s+\w+|^\s*\(?\d+[.)]\s+\w+|\s\(?[23][.)]\s\w+/
/\w{2,}\((?!e?s\))\w*/ ! formula|equation|blackboard
/(?-i:[a-z_]{3,})\s?={1,2}\s?\w*/ ! formula|equation|blackboard|chalk*
/^\W*(?:null|none|n\/a|nil|tbd|nan|undefined|todo|ok|okay|yes|no|true|false|pass|fail|done|same|ditto|good|bad|correct)\W*$/
/^\W*(?:fix|thoughts?|thinking|final\sanswer|action|observation|notes?|input|task|goal|instruction|changes|edit|change|verdict|
    status|grade|score|rating|decision|issues?|problems?|faults?|errors?|strengths?|weakness(?:es)?|reasoning|planner|editor|
    drawer|painter|generator|critique|review|remark|image\s\d|human|bot|step(?:\s\w+)?(?:\s\([^)]*\))?|reply|request|response|
    revised|improved|instruction\sfollowing)\s*:/
key-value|markdown|yaml|xml|html|csv|boolean|placeholder|regex ! <screens>
code block|blocks
bullet point|points|list
function call
step-by-step plan|reasoning|analysis|thinking|solution|instructions|answer
step by step plan|reasoning|analysis|thinking|solution|instructions|answer
chain of thought|thoughts
thought process
task|job description|specification|statement
^ <here_is> what|why|how - happens|the|it|i|has
^ <here_is> a|an|the|my|our|two|three|some|all? _? plan|step|steps|proposal|list|reasons|points|faults|suggestion|summary|
    correction|corrections|answer|edit|result
the following|below plan|steps|list|points|faults|analysis|answer|response|reasons|changes|issues|problems|edits
this|my|our rationale|answer|reply|response|explanation|reasoning|caption|critique
this|my|our plan meets|satisf*|fulfil*|protects|follows|consists|contains|has|avoids|starts|begins|covers|is|was|works|splits|
    uses|survives|needs ! table|pinned|architect*|desk
png|jpeg|jpg|webp|svg
alpha channel
/\d{3,4}/ pixels|px
/\d{3,4}\s?[x×]\s?\d{3,4}/
call|invoke|query the|a|an|this _? tool|api|function|model|script|endpoint
run an|a|some ocr|script|detector|classifier|check|model|pipeline|test
return|send|hand|pass it|this|the result|image|picture|file|output|on over? as|to|back ! ball|letter|post*|waiter|library
""",
    }
)
"""Lines of phrases, by the name of the rule."""
