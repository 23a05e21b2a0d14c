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
judgement|judgements|judgment|judgments - <thing> ! <bench>|<papers>|<sport>|paris|solomon
verdict|verdicts ! <bench>|referee*|newspaper*|headline*|front page|envelope|paris|solomon
verdict of|is|was pass|fail|negative|positive
verdict on the|this|that|its picture|image|version|edit|plan|step|render|output|draft|_-step
as|what|because|since the verdict demands|wants|asks|requires|says|said|calls
critique|critiques|feedback - on a|stand|stands ! <press>|<school>|microphone|guitar|speaker*|stage|light|machine|<papers>
grade|grades|graded|grading ! fridge|essay*|<school>|papers|slope|hill|road|railway|wood|eggs|colour*|color*
threshold|thresholds - <thing> ! <door>|snow|oak|mat|wood|shop|dog|crosses|crossing|temple|barefoot|welcome|rooms|marble|
    between|corridor|bride|garden|feet|carried|balcony|terrace
below|above|under the|this|every bar|standard|cut|level for|of|on|in|to|. ! <spirits>
criterion|criteria ! prize|contest*
rubric|rubrics|benchmark* ! manuscript|parchment|page|missal|church|bench
deduct*|penali*|demerit*
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
    annotators|rater|raters|scorer|critic|critics|verifier|checker - on ! clipboard|ruler|dent|insur*|<press>|<sport>|road|dirt|
    gravel|<bench>|<labs>
reviewer|reviewers|evaluator|evaluators|grader|graders|assessor|assessors|annotator|annotators|rater|raters|scorer|verifier|
    autorater ! clipboard|ruler|dent|insur*|<press>|<sport>|road|dirt|gravel|<bench>|<labs>
critics ! <press>|<bench>
the|a|human|another|strict|this|any|both|two|three|most|all|either|no|some|every|each|our|one|same|final judge|judges ! <bench>|
    <contests>
<judging> judge|judges|jury|critic|reviewer|checker|grader|scorer|panel|score|verifier
to|not|would|could|can|cannot|might|we|i|you|viewers|will|should|must|they|who|then|and|easily|never|better|only|hard|one|
    people|it ~ judge|judges - by|how|whether|from|the|it|if|where|what|a|his|her|their ! <bench>|<contests>
judge|judges thinks|says|found|finds|noticed|ruled|gave|will|would|wants|is right|wrong|should|might + .|<says>|that|the|it|see|
    look|like|want|be|notice|accept|find|<number> ! gavel|robe|wig|bench|<contests>
judge's|judges' ! <bench>|<contests>
jury|panel of models|judges|evaluators|reviewers|raters|critics ! <contests>|<bench>
rated|graded|marked|scored|ranked|scoring|grading|rating a|as|only|just|it|at? /[0-5](?:\.5)?/ + .|on|for|because|since|as|in|out|
    of
mark|score|grade|rating|note|points|total of a|an|only|just? <number>|zero|/\d+(?:\.\d)?/ ! <sport>|<school>|music|banknote|euro
/[0-5]\s?\/\s?5/ - of|full|empty|filled
/3\s?\/\s?3/ - of|full|time
/(?:10|[0-9](?:\.\d)?)\s?\/\s?10/ - of|scale ! fraction*|ruler|full
<number>|/[0-3]/ out? of three|3 for|because|since|on
gets|get|got|earns|scores|deserves|receives|at|only|just /\d+/ percent|points|% ! battery|charg*|<sport>|<school>|discount|sale
<number> star|stars + .|for|because|since ! hotel*|restaurant*|review|sky|flag|night|badge|general|helmet|film|movie|heaven|
    collar|sheriff|universe
minus|less|plus one|half|two|/[1-5]/ point|points|mark|for
earns|gets|gives|gave|give|giving|deserves|award|awards it|this|that a|an|only? /[0-5](?:\.5)?/ + .|for|on|because|since|as
i'd|i|i'll|would give|gives|gave it|this <number>|a|an|full|no|half ! push
no|not more|less|better|worse|higher|lower than|then a|an /[0-5](?:\.5)?/
/[0-3]\/3/ on|for|because|as|since
<number>|/[0-5]/ of|out <number>|/[0-9]/ points|marks ! star*|compass
^ a|an overall|solid|clear|fair|good|weak|strong? /[0-5](?:\.5)?/ + is|for|was|would|on|because|seems|overall|at
overall|clear|fair /[0-5](?:\.5)?/ + .|for|on|because|since
<axis> mark|marks|grade|grades|points
mark|marks|points|grade|grades|bar|light|credit|pass|fail on|for|in <axis>
the|this|that|its|a pass is|was|seems well|not|fully? deserved|fair|granted|given|justified|earned ! mountain*|ticket*|goal*
short of passing|pass
/all\s(?:\w+\s)?(?:checks|tests)/ are|is|were|stay green|red|passed|met|ok|fine|good
no|zero|full|half|/0/ points|marks|credit + .|for|on|in|because|since
a|the|one zero for|on|in ! <school>|ruler
points|point|credit|marks for|on|in _ is|are|was|were|has|have been? lost|deducted|docked|gone|given|taken
thumbs-down|thumbs-up ! hand*|fist|emoji|sign|gladiator*|emperor|statue|crowd|arena|button|girl|boy|man|woman|pilot|diver
<axis>|composition|realism|adherence|fidelity /[0-5](?:\.5)?/ + .|and|because|since|as|for|on|with
^ <axis> fine|failed|passed|passes|fails|perfect|good|bad|ok|okay|pass|fail|low|high|weak|strong + .|and|but|because|since|with
and|but|though|while <axis> fine|failed|passed|passes|fails|ok|okay|low|high + .|and|but|because|since
<axis> and <axis>
make|makes|made|making|miss|misses|missed the grade|cut|mark + .|because|since|for|with|here
psnr|ssim|lpips|fid|vqa|ocr ! door|screen*
clip|aesthetic|ocr|alignment|similarity|reward|confidence|pass|win similarity|score|scores|distance|rate|signal
/\d+/ percent|% likely|confidence|match|agreement|certain*
annotation|annotations|annotated ! diagram|margin|map|book|drawing*|label*|arrow*|anatom*|score|handwrit*|sketch*
teacher|teacher's|teachers' comment|comments|plan|answer|output|trajectory|note|notes|wants|would|asks|demands|solution|remark|
    hint|picture|image|edit|version|model ! <pupils>
the|a|our teacher says|said|marked|flagged|noted|found|finds|counted|would|wanted|asked|drew|thinks|thought|gave|split|put|
    chose ! <pupils>
human|gold|crowd rater|label|labels|judge|judges|feedback|preference|preferences|annotation|raters|review|reviewer|evaluation
customer|customer's|client|client's|requester wants|wanted|asked|asks|expects|demands|demanded|requested|complain*|needs|said|
    says|
    comment|request|wish ! counter|shop|store|waiter|waitress|barber|cafe|restaurant*|till|queue|market|tailor|salon|lawyer
/user(?:s|'s)?/ ! <keys>|manual|guide|interface
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
/(?:re)?generators?/ - <thing> ! hand-cranked|bulb|bicycle|lamp|tyre|bike|dynamo|<power>
the|a|this|stronger|direct|base baseline - of|is straight|is level|rises ! letter*|lettering|court|chart|tennis|text|word*|
    writing|player*|hidden
the|this|a image? editor|renderer|painter|artist|drawer <made> ! <print>|brush|easel|canvas|palette|paint
the|this|any tool|software|pipeline|program|app|api|network|algorithm|engine <made> ! bench|hammer
the|this|that|a user|users|user's|users'|requester|requester's - manual|guide|interface ! <keys>|radio|manual
the|this|that|a client|client's ! <keys>|<fittings>
/user's|users'/ ! <keys>
<things> that|which|who|behind has|have? produced|made|rendered|drew|generated|created|painted|drawn this|it|the|that|these|here -
    tower|bridge ! <works>|<ovens>
<things> behind this|the|that|these|those image|picture|edit|output|result|drawing|render|images|pictures|edits|results - frame
our <things>
<things> behind this|it + .|<botched>|<went>
whatever|whoever made|drew|produced|rendered|generated|painted|created this|the|it|that
made|drawn|generated|produced|rendered|created|painted|edited|written|returned by a|an|the|this|our image|drawing|another|weak*|
    different? <things> ! <figures>|<ovens>|<works>|<screens>
<making> agent|agents|module|modules|backend|component|pipeline|engine|system|systems|network|networks|worker|service|bot|
    algorithm ! <works>|train*|car*|locomotive|pipe*
<making> tool|tools|software|program <made>|<botched>|failed|to|should|cannot|will
the|an|this|that|our agent <made>|<botched>|<went> ! travel|secret|counter|coat|hat|train|ticket*|estate|spy|fbi|customs|police|
    sunglasses|trench*|real
the|this|that|our <things> also|again|still|only|just|often|simply|probably|apparently? <botched> ! <figures>|<works>|<ovens>|
    <power>|
    <helpers>|<keys>|<screens>|road*|root*|canal*|mirror*|pulley*|tap*|hose*|farm*|shop*|folds|boxes|water|bottle*|ski*|snow|gear*
a|an|the|this|our|such|another network|system|pipeline|algorithm|program|tool that|which confuses|cannot|can't|fails|mixes|
    struggles|never|forgets|ignores|often|tends
the|this creator|author|maker|draughtsman|originator of this|the image|picture|edit|output|render|rendering|drawing - frame
vae|u-net|unet|autoencoder|tokenizer|tokeniser|backend|back-end|endpoint|pretrained|pre-trained|finetun*|fine-tun*|
    hyperparameter*|gpu|gpus|inference|logits|softmax ! <screens>|racks|server*
sam|segmenter|segmentation model|tool|mask|masks|network|and|to
with|using|by|via sam|segmentation
editor|editors|editor's ! <print>|<screens>|<press>|film*|video|chief|cutting|celluloid|layout|red|page*
renderer|renderers|re-renderer ! trowel|plaster*|wall
proposed|our|baseline|suggested|this method|approach|technique|recipe + .|avoids|fails|does|is|cannot|draws|handles|has|keeps
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
query|queries|token|tokens ! <screens>|arcade|subway|metro|slot|brass|copper|coin*|game|board
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
