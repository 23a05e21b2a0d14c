"""The search that a trainee knows nothing of: runs, branches, numbered tries, and places in a list of inputs.

In: nothing. Out: `SEARCH`: lines of phrases, by the rule of `stages.voice_rules` that they break; topics are those of
`stages.voice_topics`. A branch is a breach in a text without a tree, a run in one without somebody who runs.
"""

from collections.abc import Mapping
from types import MappingProxyType

SEARCH: Mapping[str, str] = MappingProxyType(
    {
        "attempts": r"""
trajectory|trajectories|rollout|rollouts|roll-out|roll-outs ! <flights>
the|a|an|my|our|this|each|every|another|one|that <gone>|<nth>|<dropped>|other|direct|single|better|best? run + .|<went>|ended|
    counted|works|which|where|in|without|produced|with|drew|began|started|handled|had ! <courses>
<few>|all|both|other|these|those|<nth>|<gone>|<dropped>|discarded|of|between|across runs + .|<went>|ended|which|where|without|
    drew|began|counted ! <courses>
<dropped>|<nth> run|runs ! <courses>
/(?:tries|try|attempts?|rounds?|runs?|retry|retries|pass|iterations?|go|version|draft|seed|sample|candidate|branch)\s(?:no\.?|
    nos\.?|number|nr\.?|\#)\s?\d+/
/(?:try|attempt|round|run|retry|pass|iteration|version|draft|candidate|branch|node)\s?\#?\d+(?!\.)/ ! <courses>|tournament*|
    scoreboard|
    match|bell|game
/(?:try|attempt|run|retry|pass|iteration|version|draft|candidate|branch)\s(?-i:II|III|IV|VI|[A-D])\b/
rounds|tries|attempts|runs|retries|passes|iterations|takes|drafts|versions <number>|/\d+/ and|to|or|through|till <number>|/\d+/
/(?-i:take)\s\d\s?[:—–-]/
/^\W*take\s\d\s?[:—–-]/
/(?-i:v[1-9])/ - engine
for|now|already the <nth>|/\d+th/ time ! rings|knock*|bell
/\d+(?:st|nd|rd|th)/ attempt|try|run|round|version|iteration|pass|go|retry ! <sport>|<courses>|anniversary
third time lucky
out|all|two|three|some of <few>|the|these|my? runs|tries|branches|candidates|attempts|rounds|iterations ! <courses>|<trees>
number|count|budget|limit of tries|attempts|rounds|retries|runs|iterations ! <sport>
tries|retries is|are|used|left|remain*|over|exhausted
next|previous|earlier|prior|both|two|three|all earlier|previous|prior? passes ! train*|mountain*|alp*|road*|ball
attempt|try|round|run|iteration|version|draft|attempts|tries|rounds|runs|iterations|versions|drafts ago|later|in a|before + .|row|
    this|the|it ! <courses>|<sport>
<dropped>|dead|sibling|parallel|main|winning|surviving|current|<nth>|<gone>|other|alternative|remaining|live branch|
    branches ! <trees>
branch|branches + .|<went>|where|which|that|with|began|started|wins|won|ended|goes ! <trees>
this|each|every|no|all|both|<few>|of branch|branches ! <trees>
branch's|branches'
sibling node|version|run|sample|image|picture|candidate
pruned|pruning|prunes|prune ! <trees>|shears|secateurs|rose*|garden*|vine*|topiary
<dropped> sample|samples|trajectory|trajectories|node|nodes|failures|options|candidates|drafts|ideas|ones|work|half|panel|edit|
    edits|draft|frame ! <litter>|gallery|museum|wall
discarding|backtrack*|back-track*|roll-back|rollback ! <litter>
we|i|we've|i've|had|have|has|after already|then? tried|rejected|pruned|dropped|discarded|threw|thrown|tested|sampled|kept|ran out|
    away? the|a|an|two|three|all|this|that|some|both|every|it|out|away|several ! <litter>|<animals>
was|were|got|is|are|been|be|being|normally|usually|then|long|already pruned|discarded|culled ! <trees>|<litter>
was|were|got|is|are|been|be thrown|sorted|filtered|weeded|ruled out ! <litter>
was|were|got|been|is|are thrown away|out|aside + .|for|because|since|as|by|after ! <litter>
was|were|got|been|is|are cut|dropped|kept|abandoned|skipped|selected|preferred + because|since
what|those|ones|one|picture|image|pictures|images|version|versions we|i|they|was|were threw|discarded|dropped|kept|rejected|
    pruned|left|thrown|skipped out|away|behind? ! <litter>
search tree|kept|found|dropped|tried|led|ended|went ! police|dog*|torch*|rescue*|luggage
tree|beam|best-first|greedy|depth-first search
surviving|remaining|kept|pruned|tree|search|parent|child|leaf|root|dead node|nodes ! graph|diagram|map|plant
kept|keeps|explored|expanded <few>|the|all|both? nodes|branches|paths|candidates|drafts ! <trees>
chain|chains that|which began|started|led|went|had|lost|kept
best-of-|best of <number>|/\d+|n/ + .|was|picked|kept
""",
        "unseen": r"""
inputs - jack|<thing> ! <works>|guitar|knob*|mixer
input|inputs|upload|file|files|attachment|screenshot|img|pic|ref <number>|/\#?\d+/ ! <works>|guitar|mixer|knob*|<archives>
<nth>|last|former|latter|final|only|other|later|earlier|penultimate|given|user's input|upload|file|screenshot ! <works>|guitar|
    mixer|<archives>|<screens>
input|reference|source|first|last|second|two|attached|image|picture file|files ! <archives>|<screens>
input image|images|picture|pictures|photo|photos|list
from|of|among|in|between the|all|these|both pictures|images|photos|references|files given|sent|supplied|received|attached|
    provided ! <walls>
<shown> <few>|one|some before|from|after the end|last|start|end ! <walls>
the|this target shows|has|is|was|image|picture|wants ! archer*|arrow*|rifle|dart*|shoot*|bow
label|labels says|say|said that
upload|uploads|uploaded ! <screens>
of|from|among|between|in|to the|these|those|all|both <few>? inputs|files|uploads|screenshots|attachments ! <archives>|<screens>
<shown>|one|reference|references <few>|one|some|a places|place|positions|position|slots|steps|step|turns|turn|few back|before|
    earlier|ago|ahead|further|up
<next_to_last> <shown>|reference|file|input|one|attachment ! wall|gallery|museum|row|album|hall
image|images|picture|pictures|photo|photos|reference|references|file|files|input|inputs sent|given|supplied|placed|listed|put|
    named|inserted|attached|received|shown|uploaded|provided|presented|numbered first|last|second|third|earlier|before|at|just|
    right|immediately|directly|earliest|latest + .|the|in|before|after|i|it|was|is|has|had|shows|as|of|and|end|start|beginning|
    position ! <walls>
image|images|picture|pictures|photo|photos|reference|one|file|input that|which? came|comes|appeared|appears|arrived|was|is|is|
    came first|last|second|third|next|before|after|earlier|later|earliest|latest + .|the|in|among|of|it|this|shows|has|
    had ! <walls>
image|picture|photo|reference|file|input|output|render immediately|directly|right|just? preceding|following|before|after|above|
    below|behind this|it|that|the|these|those one|last|first|second|third|final|instruction|text|request|prompt|message|words|
    sentence|final? + .|one|shows|is|was|has|had|picture|image|i|of|in ! <walls>
image|picture|photo|reference preceding this|it|that|the
image|images|picture|pictures|photo|reference at|in|on position|slot|index <number>|/\d+/
image|images|picture|pictures|photo|photos|reference|references at|on|from|towards the very? end|start|beginning|top|bottom|head|
    tail of ! <walls>
image|images|picture|pictures|photo|photos|reference|references|one|file|order in|of|on|within|among the|this|your|my|that? list|
    inputs|sequence|conversation|message|files|attachments|input|request|chat|upload|uploads ! <walls>|shopping
/(?:img|pic|image|photo|picture|input|ref|reference|attachment|file)_\w+/
in|follow|follows|following|keep|keeps|to the|their? order|numbering given|of|attached|listed|sent|received|supplied|uploaded +
    .|the|in|above|by|these|attachments|inputs|files|uploads
as|like numbered|given|attached|sent|supplied|uploaded|shown + .|above|in|here|there ! hotel
<shown> from|of|in <gone>|<nth> round|rounds|step|run|attempt|try|iteration|turn
from|of|in|after|since round|step|run|attempt|try|iteration|turn|stage <number>|/\d/
target|expected|ideal|ground-truth|goal|gold|intended|desired|golden image|picture|output|edit|answer|render|rendering +
    .|has|had|shows|is|was|does|it|the|there|this|by|which|where|says|and|because
against|unlike|like|from|matches|match|than|as|with|see|in|to the|a gold|golden|target|reference|expected|sample|official|correct|
    model|ground-truth|true|annotated|standard solution|answer|image|output|picture|result|edit|label|caption|data
reference|expected|official|model|gold|annotated|ground-truth|correct|sample|teacher's|true|target solution|solutions|answer|
    answers|label|labels|caption|captions|edit|output|render|text - of ! beaker|flask|test tube|<school>|<labs>|keyboard|bottle|
    jar|quiz|puzzle
""",
    }
)
"""Lines of phrases, by the name of the rule."""
