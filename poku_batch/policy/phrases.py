r"""The English phrases by which the built-in rules read a summary.

Patterns see the summary in lower case, with plain apostrophes and hyphens and single spaces, and
match whole words. ``<no>`` and the like stand for ``PARTS``. Every gap is bounded, so that reading
takes time linear in the summary.

Where a phrase can be read two ways, an opt-out too many is preferred to one missed, and a voicemail
too many to one that counts as a person reached.
"""

import re

from poku_batch.models import Outcome

#: What patterns share. ``\0`` is what is left of a stretch in ``HARMLESS``; no gap spans one.
PARTS = {
    "gap20": r"[^.;\0]{0,20}",
    "gap40": r"[^.;\0]{0,40}",
    "w2": r"(?:[\w'-]{1,30} ){0,2}",
    "w3": r"(?:[\w'-]{1,30} ){0,3}",
    "w5": r"(?:[\w'-]{1,30} ){0,5}",
    "no": r"(?:not|cannot|\w{2,6}n't)",
    "dont": (
        r"(?:(?:do|does|did|would|will|should|must|to|we|you|they|us|i) not"
        r"|(?!could|need)\w{2,6}n't|not to|never(?: to)?)"
    ),
    "reach": r"(?:call|contact|phone|ring|telephone|text|message|bother|disturb)",
    "reached": r"(?:called|contacted|phoned|rung|telephoned|texted|messaged|bothered|disturbed)",
    "reaching": (
        r"(?:calling|contacting|phoning|ringing|texting|messaging|bothering|harassing|contact"
        r"|(?:\w{1,20} )?calls|(?:\w{1,20} )?communications?)"
    ),
    "whom": r"(?: (?:her|him|them|me|us|back|here|there|th(?:is|at|e) (?:number|house|home)))",
    "whose": r"(?:her|his|their|my|our|your|this|the|that)",
    "nobody": r"(?:nobody|no one|no-one)",
    "voicemail": r"voice[ -]?mails?",
    # A wish about the hour or the place of a call is not a wish to have none.
    "everywhen": (
        r"(?! (?:(?:(?:so|this|that|too) )?(?:before|after|during|between|until|till|early|late"
        r"|often|frequently|soon|today|tonight|tomorrow|while|when|if|unless|from \d|in the"
        r"|(?:on|at)(?! all\b| (?:\w{1,20} ){0,3}(?:number|phone|line|mobile|cell)\b)))\b)"
    ),
    "clause_ends": (
        r"(?= ?(?:[.,;:!?)\"”'/-]|$)| (?:and|or|but|as|because|since|for|under|at all|about)\b)"
    ),
    "person": (
        r"(?:wife|husband|partner|spouse|son|daughter|mother|father|mum|mom|dad|brother|sister"
        r"|parent|roommate|housemate|flatmate|assistant|receptionist|secretary|colleague"
        r"|co-?worker|carer|caregiver|nurse|relative|family|person|man|woman|lady|gentleman"
        r"|someone|somebody|staff|front desk|operator|neighbou?r|friend|boss|manager)"
    ),
    "whose_files": r"(?:database|systems?|records?|files?|contacts|campaign)",
    # What an agent or a menu says about opting out, in the order in which it is said.
    "informed": (
        r"(?:told|informed|advised|reminded|explained|mentioned|offered|gave|given|provided|left"
        r"|read|played|included|including|includes|containing|contained|instructions|with)"
    ),
    "filler": (
        r"(?: (?:to|her|him|them|with|of|about|that|on|for|and|the|an?|his|their|she|he|they|you"
        r"|one|everyone|callee|customer|patient|client|caller|recipient|voicemail|message|our"
        r"|at|any|time|anytime|always|also|is|was|are|be|clear|standard|usual|required)){0,8}"
    ),
    "offer": (
        r" (?:how|options?|right|chance|opportunity|possibility|ways?|can|could|may|might|if|free"
        r"|able|ability|welcome|instructions?|information|details|steps)"
    ),
    "opting_out": (
        r"(?:opt(?:ing)?[ -]out|unsubscrib(?:e|ing)"
        r"|(?:ask(?:ing)? (?:us )?to )?(?:stop|be (?:removed|taken off)|remov(?:e|al)))"
    ),
    "now": (
        r"(?= ?(?:[.,;:!?)\"”'-]|$)| (?:and|or|but|as|because|since|at once|immediately"
        r"|right away|straight away|asap|permanently|completely|entirely|altogether"
        r"|from (?:all|any|our|the|your|future|further)"
        r"(?! (?:waiting|wait|guest|cancellation|study|trial|plan))(?: \w{1,20})?"
        r"(?= ?(?:[.,;!]|$)))\b)"
    ),
}

#: Stretches that speak of a thing that did not happen; they are blotted out before the rules read.
HARMLESS: tuple[str, ...] = (
    # voicemail that somebody talked of
    r"check(?:s|ed|ing)? (?:on |for )?<w2><voicemail>",
    (
        r"(?:got|gotten|received?|heard?|return(?:ing|ed)|listened to|listening to"
        r"|respond(?:ed|ing) to|missed|after|about|regarding|mentioned|thanks for"
        r"|thanked (?:us|me) for) "
        r"(?:our|your|my|(?:the|an|a|her) (?:earlier|previous|last|first)|the other|yesterday's) "
        r"(?:\w{1,30} )?<voicemail>(?! (?:greeting|prompt|system|recording|box))"
    ),
    r"<voicemail> (?:that )?(?:we|you|the (?:clinic|office|agency|practice)) (?:had )?left",
    (
        r"(?:asked|told|wants?|wanted|prefers?|preferred|requested|suggested)\b<gap40><voicemail>\b"
        r"<gap20>\b(?:next time|in (?:the )?future|going forward)"
    ),
    (
        r"(?:<no>|never|rather than|instead of) "
        r"(?:(?:go|going|get|getting|reach|reaching|reached|been|be|sent|to) ){0,3}"
        r"(?:an? |the |his |her |their )?(?:voice[ -]?mail|answering machine|machine)"
        r"(?! (?:was|is|had|has|greeting))"
    ),
    (
        r"(?:said|says|mentioned|told (?:us|me))(?: that)? (?:he|she|they) (?:had |has |have )?"
        r"(?:got|gotten|received|heard|seen|missed) (?:the|a|an) <voicemail>"
        r"(?! (?:greeting|prompt|system|recording|box))"
    ),
    r"prefers? (?:\w{1,20} ){0,2}<voicemail>",
    (
        r"(?<!agent )(?<!recording )(?<!greeting )(?<!message )(?<!machine )(?<!voice )(?<!prompt )"
        r"(?<!system )(?<!service )(?<!it )(?<!that )(?<!which )"
        r"(?:said|mentioned|apologi[sz]ed)(?: that)? (?:her|his|their) "
        r"(?:<voicemail>|mailbox|inbox)(?: box)? (?:is|was|has been|had been) (?:\w{1,20} )?full"
    ),
    # a mailbox that a person came to the phone after
    (
        r"(?:<voicemail>|machine|answer ?phone)"
        r"(?: (?:picked up|answered|came on|started|(?:at )?first|initially|briefly)){0,2},? "
        r"(?:(?:and|but) )?(?:then|but|before|until) "
        r"(?:(?!<nobody>\b|(?:no|none|any\w{0,5}|it|if|we|i|voice\w{0,10}|mailbox|machine|system"
        r"|service|menu|prompt|greeting|recording|message|line|beep|automat\w{1,6}|computer|robot"
        r"|bot|ai|assistant|call)\b)[\w'-]{1,30} ){1,3}"
        r"(?:picked up(?! (?:the|a|our|his|her|their) )|came on|came to the (?:phone|line)"
        r"|got on the (?:phone|line)|took the (?:call|phone))"
    ),
    # the wrong number, asked about or denied
    r"(?:<no>|never) <w3>wrong (?:number|person)",
    r"(?:asked|wondered|checked|unsure|not sure) (?:if|whether) <gap40>wrong (?:number|person)",
    r"(?:at first|initially|first) <w5>wrong (?:number|person)",
    # calls that were conditions, and an opt-out that was not taken
    r"(?:if|when|unless|who|in case) <w3>(?:do not|don't|does not|doesn't) <reach>",
    (
        r"(?:<dont>|declined to|chose not to) "
        r"(?:(?:ask|asked|asking|want|wanted|wish|wished|choose|request|to) ){0,2}"
        r"(?:opt(?:ed|ing)?[ -]out|unsubscribed?)"
    ),
    (
        r"(?:<dont>|(?:did|had|has) not|never) (?:ask|asked|want|wanted|wish|wished|request"
        r"|requested|need|mean|say|said)(?: (?:us|for|to|that|her|his|the|agent|we|should|number"
        r"|name|have)){0,5} (?:be(?:ing)? (?:removed|taken off|deleted)|removed|removal|stop)"
    ),
    (
        r"(?<!we )(?<!you )(?:(?:does|did|will) not|doesn't|didn't|won't) "
        r"(?:call|contact|phone|ring|text|message) "
        r"(?:us|back|in|the (?:clinic|office|agency|practice))(?! (?:when|if) (?:we|i)\b)"
    ),
    # opting out as the agent, a message or a menu told of it
    (
        r"<informed><filler><offer><filler>(?: (?:wish|want|like|prefer|choose)\w{0,3} to)?"
        r" <opting_out>"
    ),
    (
        r"<informed><filler> opt[ -]out (?:instructions?|messages?|options?|notice|number|line|link"
        r"|language|information|disclosure|wording|statement|details)"
    ),
    (
        r"(?<!asked )(?<!asked us )(?<!asked her )(?<!asked him )(?<!asked them )(?<!asking )"
        r"if (?:you|she|he|they) (?:\w{1,20} ){0,2}(?:wish|want|prefer|like|choose|decide)\w{0,3} "
        r"(?:to|not to|us to|no) (?:<opting_out>|be <reached>|(?:more|further) calls|<reach>)"
    ),
    (
        r"to (?:<opting_out>|be <reached>|stop)\b<gap40>,? "
        r"(?:please )?(?:press|dial|reply|say|text) (?:\d|one|two|three|four|five|six|seven|eight"
        r"|nine|zero|the|stop)"
    ),
    (
        r"(?:press|dial|reply|say|text)(?:ing)? (?:[\w\"“”'-]{1,12} ){1,3}"
        r"(?:to|for) (?:<opting_out>|be <reached>)"
    ),
    # questions that had no answer, and other things that were not reached
    r"(?:had|has|have|gave|given|got) no (?:clear |real |definite )?(?:answer|response|reply)",
    r"<no> (?:been )?answer(?:ed)? <w3>(?:questions?|whether|if)",
    r"unanswered questions?|questions? <w3>unanswered",
    r"reach (?:an?|any) (?:\w{1,30} )?(?:agreement|decision|conclusion|compromise|consensus)",
    (
        r"(?:he|she|they|who|i) (?:(?:was|were|had been|could) )?(?:unable|failed|<no>(?: able)?) "
        r"(?:to )?(?:reach|contact|get through)"
    ),
    (
        r"<nobody> (?:had )?(?:answered|picked up|responded) "
        r"(?:when (?:she|he|they|i)|(?:her|his|their) )"
    ),
    # interest in something else than the call
    r"<no> interested in (?:re-?scheduling|changing|moving|cancell?ing|switching)",
)

#: A wish not to be called again: outweighs all other rules, and counts beside every outcome.
OPT_OUT: tuple[str, ...] = (
    (
        r"<dont> (?:ever |again )?<reach>\b(?! it\b)<gap40>\b"
        r"(?:again|any ?more|any longer|in (?:the )?future|ever|going forward)"
    ),
    r"<dont> (?:ever )?<reach><whom>{0,2}<clause_ends>",
    r"(?<!could )(?<!can )(?:never|not|no longer) (?:to )?(?:ever )?be <reached><everywhen>",
    (
        r"(?:<no>|never|no longer) (?:to )?(?:want|wish|like|care|consent|agree)\w{0,3}"
        r"(?: for| to| us| you| anyone| anybody| the \w{1,30}){0,3} (?:"
        r"(?:ever |be |get |being |getting ){0,2}<reached><everywhen>"
        r"|<reach><whom>{1,2}+<everywhen>"
        r"|(?:receiv(?:e|ing) |get |getting |have )?"
        r"(?:(?:any|more|further|these|such|our|your|future|other|marketing|sales|phone|automated"
        r"|unsolicited|unwanted|robo|spam) ){0,3}"
        r"(?:calls|contact|communications?)\b<everywhen>"
        r"|(?:calling|contacting|phoning|ringing|texting|bothering)\b<whom>{0,2}+<everywhen>"
        r"|hear from us)"
    ),
    r"not (?:to )?(?:receive|get) <w3>calls<everywhen>",
    (
        r"no (?:more|further|future|additional) (?:\w{1,20} )?(?:calls?|contact|communications?)"
        r"(?! <w3>(?:needed|necessary|required|expected|scheduled|planned|attempts?|details"
        r"|information|persons?|numbers?)\b)"
    ),
    (
        r"(?:stop|quit|cease)s?"
        r"(?: all| any| the| these| those| this| our| your| ever| from| with){0,3} "
        r"<reaching>"
    ),
    r"(?:asked|told|demanded|wants?|begged|ordered|instructed) <w3>to stop(?= ?[.,;!]|$)",
    (
        r"(?:remov(?:e|ed|ing|al)|tak(?:e|en|ing)|took|delet(?:e|ed|ing)|strike|scratch)\b<gap40>"
        r"\b(?:off|from)\b<gap20>(?<!waiting )(?<!wait)(?<!wait[ -])(?<!guest )(?<!cancellation )"
        r"(?<!medication )\blists?(?! of)"
    ),
    (
        r"(?:remove|take|delete) (?:me|her|him|them|us|<whose> (?:\w{1,30} )?(?:number|name|details"
        r"|data|information))\b<gap20>\b<whose_files>"
    ),
    r"be(?:en|ing)? (?:removed|taken|deleted) (?:off|from|out of)<gap20>\b<whose_files>",
    r"(?:remove|delete|erase|lose|forget) <whose> (?:\w{1,30} )?number",
    r"<whose> (?:\w{1,30} )?number (?:be |to be |was |is )?(?:removed|deleted|erased|taken off)",
    r"(?:(?:remove|delete) (?:me|her|him|them|us)|(?:take|get) (?:me|her|him|them|us) off)<now>",
    r"<nobody> from <w3><reach><whom>{1,2}+<everywhen>",
    (
        r"opt(?:s|ed|ing)?(?: (?:me|her|him|them))?[ -]out(?! of (?:the |her |his |their |our |a "
        r"|this |that )?(?:[\w']{1,20} ){0,2}(?:survey|questions?|insurance|plan|program(?:me)?"
        r"|coverage|newsletters?|e-?mails?|paper|statements?|bills?|surgery|procedure|treatment"
        r"|trial|study|portal)\b)"
    ),
    r"do[ -]not[ -](?:call|contact)<whom>{0,2}+<everywhen>",
    r"dnc",
    (
        r"(?:asked|asks|asking|wants?|wanted|wishes|wished|requested|requests|demanded|like)\b"
        r"(?: (?:us|that|for|to|her|his|their|the|your|our|number|name|be|have|immediate)){0,6}"
        r" (?:removed|removal|taken off)<now>"
    ),
    (
        r"(?:said|says|say|saying|replied|answered|shouted|yelled|repeated)[,:]? "
        r"[\"“”']?stop(?=[\"“”'.!,;]|$)"
    ),
    r"\Astop[.!]?\Z",
    r"stop (?:being|getting) (?:\w{1,20} )?(?:<reached>|calls)",
    r"put an end to <w3>calls",
    r"(?:block(?:ed|ing)?|report(?:ed|ing)?) (?:us|this number|our number|our calls|these calls)",
    r"(?:is|was|it|this|calls?|calling|of|for|as) harassment",
    (
        r"(?:never (?:gave|given|granted)|did(?: not|n't) (?:give|grant)) (?:\w{1,20} ){0,2}"
        r"(?:consent|permission)(?= ?[.,;!]|$| (?:to (?:be <reached>|<reach>|these|this|the calls?"
        r"|our)|for (?:us|this|these|our))\b)"
    ),
    r"<nobody> (?:should|may|must|is to|ought to) (?:ever )?<reach>",
    r"(?:declined|refused) (?:any |all )?(?:further|future|more) (?:\w{1,20} )?(?:calls?|contact)",
    r"(?:threatened|legal action|lawyers?|police|sue|report us)\b<gap40>\b<reach>(?:s|ing)?",
    r"unsubscrib(?:e|ed|ing)",
    r"leave (?:me|her|him|them|us) alone",
    r"be(?:ing)? left alone",
    r"(?:revok|withdr[ae]w)\w{0,3}\b<gap40>\bconsent",
)

_WRONG_NUMBER = (
    r"(?:wrong|incorrect|mistaken) (?:phone )?(?:number|person|party)",
    r"<no> the (?:right|correct|intended) (?:phone )?(?:number|person|party)",
    r"misdiall?ed",
    (
        r"(?:<nobody>|no person|any(?:body|one)|some(?:body|one)) (?:t?here )?"
        r"(?:by|of|with) (?:that|the|this) name"
    ),
    r"(?:<nobody>|<no> know (?:anybody|anyone|any|an?)) (?:is |was )?(?:t?here )?(?:named|called)",
    r"<no> know who <w3>(?:is|was)(?= ?[.,;]|$)",
    r"<no> know (?:him|her|them|(?:the|this|that) (?:person|name|patient|customer))(?= ?[.,;!]|$)",
    r"never heard of(?! (?:us|the (?:clinic|company|agency|practice|offer|product))\b)",
    (
        r"number (?:now |actually |apparently )?belong(?:s|ed) to (?:somebody|someone|another"
        r"|a different)"
    ),
    r"number (?:\w{1,30} )?no longer belong(?:s|ed)",
    r"(?:is|was) not (?:his|her|their|\w{1,30}'s) (?:phone |mobile |cell )?number",
    (
        r"(?:no longer (?:lives?|works?|resides?)|<no> (?:live|work|reside)) "
        r"(?:t?here|at (?:this|that))"
    ),
    r"no longer (?:at|has|had|uses?|used|owns?|reachable (?:at|on)) (?:this|that) number",
)

_INVALID_NUMBER = (
    r"invalid (?:phone |to )?number",
    (
        r"(?<!old )(?<!other )(?<!previous )(?<!former )number\b<gap40>\b(?:"
        r"(?:not|no longer|\w{2,6}n't) (?:currently )?in service|out of service(?! area)"
        r"|(?:been|is|was) disconnected|(?:does not|doesn't|did not) exist"
        r"|not (?:a )?(?:valid|working)|unallocated|unassigned)"
    ),
)

#: What tells for certain that a mailbox took the call, and no person did after it.
MAILBOX = (
    r"(?<!no )<voicemail>(?:box(?:es)?)?",
    r"l?vm",
    r"(?<!no )answer(?:ing)? machine",
    r"answer ?phone",
    r"machine (?:had )?(?:answered|picked up|took)",
    r"(?:answered|picked up|taken) by (?:a |the |an? \w{1,20} )?machine",
    r"(?:mail|in)box (?:is|was|being) (?:\w{1,20} )?full",
    r"full (?:mail|in)box",
)

_VOICEMAIL = (
    *MAILBOX,
    r"(?<!no )answer(?:ing)? service",
    (
        r"(?<!he )(?<!they )(?<!who )(?:left|leave|leaving) (?:(?:him|her|them) )?"
        r"(?:an?|the|my|our|any) (?:[\w'-]{1,30} ){0,2}messages?(?! <w5><person>\b)"
    ),
    r"(?<!no )messages? (?:was|has been|were) left(?! <w5><person>\b)",
    r"(?:after|at|before|following|for) the (?:tone|beep)",
    (
        r"(?:reached|got|met|encountered|answered by|connected (?:to|with)|forwarded to|went to"
        r"|hit|greeted by|heard|picked up by|taken by|played|routed to|sent to|into) "
        r"<w3>(?:automated|recorded|pre-?recorded|recording|ivr|phone menu)"
    ),
    r"(?:recorded|automated|outgoing|personal) (?:voice )?(?:greeting|message)s?",
    (
        r"(?:automated|recorded|automatic) (?:system|voice|attendant|assistant|menu) "
        r"(?:answered|picked up|took|asked)"
    ),
    r"record (?:your|a) message",
    r"call[ -]screen(?:ing|er)",
)

_BUSY = (
    (
        r"(?:lines?|number|phone)(?:'s| (?:is|was|are|were|seemed|appeared|appeared to be|sounded"
        r"|remained|stayed|rang|came back|(?:has|had) been)) "
        r"(?:(?:currently|still|always|constantly|again|repeatedly|continuously) )?"
        r"(?:busy|engaged|occupied)"
    ),
    r"(?:busy|engaged) (?:signal|tone)",
    r"busy line(?! of)",
    r"user busy",
    r"line (?:busy|engaged)",
    r"\Abusy[.!]?\Z",
)

_NO_ANSWER = (
    (
        r"<nobody> (?:ever |had )?(?:answered|picked up|responded|engaged|spoke|replied"
        r"|came to the phone)"
    ),
    (
        r"(?:did not|didn't|never) (?:respond|engage|reply|speak|say anything)(?:ed)?"
        r"(?= ?(?:[.,;:!?)-]|$)| (?:and|or|but|after|when|so|despite|at all)\b)"
    ),
    r"no (?:conversation|interaction) (?:took place|occurred|happened)",
    r"no (?:answer|response|reply|pick[- ]?up|speech)(?! (?:to|for|about|regarding|on)\b)",
    r"<nobody> (?:was )?(?:on the (?:line|other end)|there)",
    r"no voice[ -]?mail(?:box)?",
    (
        r"(?:<no>|never) (?:been )?(?:answer|pick)(?:ed|ing)?(?: (?:up|the (?:phone|call)))?"
        r"(?= ?(?:[.,;:!?)-]|$)| (?:and|or|but|after|when|so|despite|at|on|this|again|the)\b)"
    ),
    r"(?:went|go|gone|going|rang|was|were|remained|left|calls?|attempts?) unanswered",
    r"unanswered (?:call|ring)s?",
    r"rang (?:out|and rang|until|(?:\w{1,20} times )?with(?:out| no))",
    r"without (?:an |any )?(?:answer|response|reply|anyone (?:answering|picking up))",
    (
        r"(?:(?:could|did) not|(?:could|did)n't|unable to|failed to|not able to) "
        r"(?:reach|get (?:a )?hold of|get through|connect with|contact)"
    ),
    r"(?:could not|couldn't|cannot|can't) be (?:reached|contacted)",
    r"(?:was|were|is|are) unreachable",
    (
        r"(?:phone|mobile|handset) (?:is|was|appeared|seemed) (?:to be )?(?:switched |turned )?off"
        r"(?! (?:yesterday|earlier|last|before|when)\b)"
    ),
    r"out of (?:coverage|range|service area)",
    r"(?:was|were|is|are)(?: not|n't) (?:reachable|reached)",
    r"(?:only|complete|total|dead) (?:silence|air)",
    r"(?:line|call|caller|callee|other end) (?:was|were|stayed|remained) silent",
)

_DECLINED = (
    (
        r"(?:declined|refused|rejected|denied) (?:to (?:take|accept) )?(?:the |our |my |this )?"
        r"(?:phone )?call"
    ),
    (
        r"(?:declined|refused|<no> (?:want|wish|willing|care)(?:ed|ing)?) to (?:talk|speak|continue"
        r"|take part|participate|answer|engage|discuss|chat|converse|stay on"
        r"|have (?:a|this|the) conversation)"
    ),
    r"call (?:was|got) (?:declined|rejected|refused)",
    r"would(?: not|n't) (?:talk|speak|engage|listen)",
    (
        r"hung up (?:immediately|at once|right away|straight away|quickly|abruptly|instantly|before"
        r"|on (?:the|us|me|our)|as soon as|without (?:saying|a word|speaking|answering)"
        r"|after (?:hearing|the greeting|the introduction|a few seconds)|mid-?(?:call|sentence))"
    ),
    r"(?:immediately|abruptly|promptly|instantly|quickly) (?:hung up|ended the call|disconnected)",
    r"<no> (?:at all |really )?interested",
    r"(?:had|has|have|expressed|showed) no interest",
    r"(?:was|is) uninterested",
)

#: Built-in rules, strongest first: a wrong number outweighs all that follows.
BUILT_IN: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    (Outcome.WRONG_NUMBER, _WRONG_NUMBER),
    (Outcome.INVALID_NUMBER, _INVALID_NUMBER),
    (Outcome.VOICEMAIL, _VOICEMAIL),
    (Outcome.BUSY, _BUSY),
    (Outcome.NO_ANSWER, _NO_ANSWER),
    (Outcome.DECLINED, _DECLINED),
    (Outcome.TIMED_OUT, (r"\A(?:call )?time(?:d )?out[.!]?\Z",)),
)


def compiled(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Make one pattern of phrases, with their parts filled in, that matches whole words."""
    text = re.sub(r"<(\w+)>", lambda name: PARTS[name[1]], "|".join(phrases))
    return re.compile(rf"(?<!\w)(?=[a-z])(?:{text})(?!\w)")
