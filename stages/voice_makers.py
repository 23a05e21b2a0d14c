"""Judges, models and their messages: the words for them break the training voice in any company but their topic's.

In: nothing. Out: `MAKERS`: lines of phrases, by the rule of `stages.voice_rules` that they break; topics are those of
`stages.voice_topics`. A score is a breach in a text without music, sport or a school.
"""

from collections.abc import Mapping
from types import MappingProxyType

MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "judging": r"""
scores|score|scored|scoring|sub-score* - <thing> ! bark|log|ham|leaf|cut|knife|skin|<music>|<sport>|<school>|<papers>|<screens>
rating|ratings|rates - <thing> ! tyre|plate|motor|fuse|rated|<papers>|<school>|<sport>|<screens>
evaluation|evaluations|evaluated|evaluates|evaluating|assessment|assessments|assessed|appraisal|re-evaluat* - <thing> !
    <papers>|<school>|<bench>|<labs>
judgement|judgements|judgment|judgments|verdict|verdicts - <thing> ! <bench>|<papers>|<sport>|paris|solomon
critique|critiques|feedback - on a|stand|stands ! <press>|<school>|microphone|guitar|speaker*|stage|light|machine|<papers>
grade|grades|graded|grading ! fridge|essay*|<school>|papers|slope|hill|road|railway|wood|eggs|colour*|color*
threshold|thresholds - <thing> ! <door>|snow|oak|mat|wood|shop|dog|crosses|crossing|temple|barefoot|welcome|rooms|marble|
    between|corridor|bride|garden|feet|carried|balcony|terrace
below|above|under the|this|every bar|standard|cut|level for|of|on|in|to|. ! <spirits>
rubric|criterion|criteria|deduct*|penali*|demerit*|benchmark
^ to pass + .|,|the|this
in order to pass
have|has|had passed + if|only|with|without
would|could|will|should|must pass|fail + .|if|because|as|with|only|on|here ! <sport>|train*|tunnel*|road|rope*|thread
is|was|as|remains a clear|clear-cut|hard|certain? fail|pass
quality|realism|passing|required bar|standard|standards|level
flagged|complain*|objected|criticised|criticized ! race|beach|road
the|these|those|its|all|his|their comments|remarks|complaints|notes on|about|were|have|say|of|ask|on
taken into account
cost|costs|costing it|this|the|a|one picture|image|result? a|one|half? a? point|points
/(?:^|(?<=[.;]\s))\W*[0-5](?:\.5)?\s*[,:;-]/ since|as|because|the|a|an|for|due|only|with|no
passing is|was|requires|needs|would ! train*|car*|bus|cloud*
gets|get|got|be|been|was|were|is|being rejected|approved|disqualified ! <nobles>|<school>
acceptance|acceptable|unacceptable|passable ! <school>|<nobles>
should|can|cannot|could|must|may|might|would|will|not|to|be|i|i'd be? accept|accepted|reject|rejected|rejecting|approve|
    approved + .|this|it|the|for|because|as|while|until|with|here|since|without|unless ! <nobles>|<school>
good|bad|poor|well|strong enough to|for be? accept*|pass*|approv*|full|top|a
a|an? full|top|perfect|high|low|lowest|highest|fewer|better|poor|maximum marks|mark|points|point|note|five|5 + .|for|because|as|
    since|here|in|owing|due !  <school>|<sport>|wall|flood|ruler
receives|received|gets|got|earns|earned|warrants|warrant|deserves|deserved|merits|justif*|awarded|given|assign*|award|stays|
    remains|rates only|just|at? a|an|the? <number>|/[0-5](?:\.5)?/ + .|for|because|as|since|owing|due|here|on|in|rather|instead|
    at|out|of|not|and|but
perfect|solid|clear|strong|weak|generous|strict|low|high|bare five|four|three|two|one|/[1-5]/ + .|for|on|because
<number>|/[0-9](?:\.\d)?/ out of five|ten|5|10 ! <sport>|candle*|window*|lamp*|school|petal*
<number> star|stars + .|for|because|rating|at ! <papers>|sky|flag|night|badge
demand|requirement|constraint|condition|criterion|check|item <number>|/#?\d/ - chair*
demands list|are|were|met|unmet
list|set of demands|checks|criteria|requirements
the|<nth>|last|this|that|each|every|no|all|unmet|other|one|two|three|both demand|demands - of nature ! protest*|market|ransom|
    strik*
marked|counted|listed|recorded|noted as not? met|unmet|fulfilled|failed|passed|done|missing
check|checks|test is|was|are|were|has passed|failed|been
requirement|requirements|demand|criterion passed|failed|unmet
half|quarter|full a? point|mark less|off|down|for|lost
/(?:instruction|prompt|text|request)-?\s?(?:following|adherence|compliance|alignment|fidelity)/
instruction|prompt following|adherence|compliance|alignment|fidelity
/(?:^|(?<=[.;]\s))(?:instruction|consistency|quality|visual\squality|knowledge|realism|world\sknowledge|reasoning)\s?:/
for|on|in consistency|instruction|knowledge + .
for|on|in quality + ,|i|it
consistency|instruction|knowledge is|was|gets|remains rated|fine|perfect|good|low|high|weak|strong|full|bad|poor|met|a
judged|rated on|for|by
the|its|on|for|in|of|visual|axis|low|high|lower|higher consistency|quality|instruction|knowledge axis|suffers|fails|passes|
    drops|gets|stays|score|dimension|rating
axis|axes|dimension|dimensions + .|is|are|suffers|fails|passes|drops|gets|because|where|has ! wheel|globe|chart*|graph|planet*|
    rotat*|tilt*|crossed|wood*|wall|vertical|horizontal|symmetry|curve
i'd|i|i'll|would|will|to|be|can|cannot|must reject|accept|approve|fail|pass|penal*|grade|rate|mark this|it|the|because|as|for|
    here|on
a|the|of|rocket|mountain|bus|train|attempt|attempts|try|tries|it|step|round ~ success|failure|fail + .|on ! <sport>|<school>|
    mountain*|train*|road|
    bus|street|rocket|engine
passes|fails|failed|passing|failing|passed on|for|because|due|overall|here|as|since ! <sport>|<school>|train*|street|road|bus|
    door|window|belt|cloud*|rocket|engine|boat*|ship*|tunnel
the|a|human|another|strict|this|any reviewer|reviewers|evaluator|evaluators|grader|graders|assessor|assessors|annotator|
    annotators|rater|raters|scorer|critic|critics|verifier|checker ! <press>|<sport>|road|dirt|gravel|<bench>|<labs>
the|a|human|another|strict|this|any|both|two|three|most|all|either|no|some judge|judges ! <bench>|<sport>|pie*|cake|table|hat|
    card*|wig
""",
        "roles": r"""
/(?:gpt|dall|qwen|gemini|claude|llava|internvl|sdxl|midjourney|imagen|seedream|hunyuan|stable-?diffusion|chatgpt|emu|flux|janus|
    ideogram|omnigen|step1x)[\w.-]*\d[\w.-]*/
nano banana
gpt|qwen*|chatgpt*|dall-e|dalle|midjourney|sdxl|llava|internvl|ideogram|seedream|hunyuan*|kontext|-4o|llm|vlm
gemini|claude - monet|debussy ! <stars>|monet|painter
/(?-i:FLUX|BAGEL|AI|DALL|GPT|VLM|LLM|CFG)\b/ ! lab*|neon|robot*|poster*
guidance|cfg|denois*|latent|inpaint*|in-paint*|img2img|upscal*|encoder|decoder|sampler|embedding|embeddings|lora|checkpoint|
    controlnet ! <school>|blind|road*|border|soldier*|police
negative prompt|prompts
the|a|an|another|stronger|weaker|this|edit|editing|image|diffusion|vision|language|reward|generative|better|teacher|student
    model|models - of ! doctor*|hips|pedestal|eyelash*|<figures>
model to|should|cannot|will|did|could|struggles|misread|understood|failed|fails ! <figures>
model's failure|inability|tendency|mistake|error|output|attempt|understanding|interpretation|choice|rendering|bias|weakness|
    limits
generative|diffusion|image|such|most|many|current|vision|text-to-image|these models|generators|networks ! <figures>
models often|tend|struggle|cannot|usually ! <figures>
the|a|this network has|did|cannot|failed|does|drew|made|misread|is not? - of ! road*|root*
diffusion ! scent|light|tea|ink
/(?:re)?generator/ - <thing> ! hand-cranked|bulb|bicycle|lamp|tyre|bike|dynamo|<power>
the|a|this|stronger|direct|base baseline - of|is straight|is level|rises ! letter*|lettering|court|chart|tennis|text|word*|
    writing|player*|hidden
the|this|a image? editor|renderer|painter|artist|drawer <made> ! <print>|brush|easel|canvas|palette|paint
the|this|any tool|software|pipeline|program|app|api|network|algorithm|engine <made> ! bench|hammer
the|this|that|a user|users|user's|users'|client|client's|requester|requester's - manual|guide|interface ! <keys>|radio|manual
/user's|users'/ ! <keys>
the assistant|assistant's|trainee|trainee's|planner|planner's|analyzer|analyser|analyst|editor's ! <helpers>|chart*|<print>
assistant's image|picture|output|answer|reply|attempt
""",
        "address": r"""
you|yourself|you're|you've|you'd|you'll - enter|walk|stand
your
let me know|explain|check|see|begin|start|evaluate|analyze|look|think|rate|judge
please - ring
if|when|where you
^ note|remember|notice|keep that|in mind
i|we|i'm|i've am|was|were|been|have|are been? asked|told|instructed|given|shown|required|prompted|supposed
""",
        "form": r"""
prompt|prompts|prompted|prompting|re-prompt* - arrival|service|<thing> ! <screens>
/^\W*(?:evaluator|judge|critic|model|output|reason|answer|plan|analysis|result|prompt|user|assistant|response|comment|
    explanation|rationale|summary|conclusion|overall|feedback|problem_?type|step\s\d+|round\s\d+)\s?:/
message|messages says|say|said|mentions|specifies|wants|contains|describes ! <keys>|bottle|sign|board|wall|banner|card|letter|
    shirt
original|whole|full|first|initial message
conversation|dialogue|chat|thread so|asks|asked|above|says|history|turn
in|from|of the|this|our|my chat|conversation|dialogue ! cafe|friends|neighbo*|women|men|window|phone
system|user message|messages|turn
/(?:sub-?task|sub-?step|sub-?goal)s?/
decomposition|decompos* ! leaf|leaves|forest|fruit|compost
step|steps was|is|were|has|have|had not? been? executed|completed|done|skipped|failed|applied|performed|finished|pruned|
    rejected|accepted|redone|repeated ! stair*|ladder
step|steps that failed|worked|passed ! stair*
the|this step passes|fails|failed|passed|succeeded|succeeds ! stair*
step|steps <number>|/\d+/ ! stair*|ladder|sign|board|manual|poster|recipe
this|that step - of|down|up ! stair*|ladder*|porch|dance*
based|following|per|by|according|as on|to|in|of? the|this|my plan|reflection|analysis ! <drawings>
carried out
step's demand|request|goal|aim|task|result
the|this|that plan|plan's|rationale|reasoning says|said|lists|listed|forgot|forgets|asks|asked|calls|was|covers|misses|missed|
    first|second|third|last|step|needs|has|had|should|must|failed|omits|above|did|mentions|requires|puts ! <drawings>
prior|old|earlier|original|new|revised|first|next plan|rationale ! <drawings>
the|this|first|second|third|earlier|prior|last|further|one|after|after|in|by|each reflection|reflections ! <mirrors>
reflection|reflections could|did|said|did|cannot|does|says|named|solved|found|failed|suggest* ! <mirrors>
analysis|analyses|diagnosis|diagnoses ! <labs>
single-shot|one-shot|single-pass|one-pass|few-shot
direct generation|way|image|picture|result|method|drawing|prompting|approach|try|route|rendering
a|one|in|single a? single? go|shot|attempt|pass|call + fails|failed|has|mixes|did ! dive*|<sport>
query|queries|token|tokens ! <screens>|arcade|subway|metro|coin*|game|board
request|instruction|text|description in|of|from the|this|my|your|user message|chat|conversation|turn|prompt
message|messages above|below|asks|demands|requires|mentions ! <keys>|bottle|sign|board|wall
respond|reply|answer|output with|only|in + only|json|a|the|with ! letter
schema|schemas ! wiring|circuit*
reasoning|reason|plan|analysis field|fields|key|column
reasoning ! robot*
step|steps|task is|are|was|were now|already|not|still? complete|completed|done|finished|successful|fulfilled ! stair*|ladder*|
    porch
the step before|after|above|below it|this|that|left|did|was + .|left|has|had|was|did|the|drew|added|failed|should ! stair*|
    ladder*
required|requested|expected|given|output|json format|schema|field|fields|key ! <screens>|book
field|schema says|demands|for the? plan|reason|is empty ! grass|wheat|flowers|cow*|sheep
trajectory|ladder stage|rollout|episode ! ball|comet|bullet|rocket|arrow|tv|series
training|trainer|dataset|ground-truth ! gym|<sport>|dog|soldier*|school
""",
    }
)
"""Lines of phrases, by the name of the rule."""
