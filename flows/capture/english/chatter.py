"""What people say beside the matter, whose names, numbers and dates are no answers."""

_RELATIONS = (
    r"(?:neighbou?r|wife|husband|spouse|son|daughter|kids?|child|children|baby|dog|cat|puppy|mother"
    r"|mom|mum|father|dad|parents|brother|sister|cousin|aunt|uncle|friend|buddy|girlfriend"
    r"|boyfriend|boss|manager|supervisor|assistant|secretary|colleague|coworker|co-worker"
    r"|receptionist|accountant|predecessor|landlord|roommate|grandmother|grandfather|in-laws)"
)
_AGO = r"(?:last (?:year|month|week|time|night|spring|summer|fall|winter)|yesterday|ago|back then)"
_DEEDS = (
    r"(?:paid|bought|spent|lost|won|charged|wasted|ate|drank|drove|flew|walked|turned|met|saw|read"
    r"|watched|tried|visited|attended|called)"
)

# "My dog is barking", "it's three degrees outside".
AROUND_THE_CALLER = (
    r"\b(?:dogs?|puppy|cats?|bab(?:y|ies)|kids?|children|phone|alarm|doorbell) (?:is|are|keeps?"
    r"|was|just|won't) (?:\w+ )?(?:bark|cry|scream|yell|ring|sick|loud|play|run|hungry|awake"
    r"|going off|asleep)\w*",
    r"\bdegrees (?:outside|here|today|in here|below|celsius|fahrenheit|and)\b"
    r"|\b(?:it's|it is|is) (?:\w+ )?(?:raining|snowing|freezing|sunny|pouring|boiling)\b"
    r"|\bweather (?:is|was|here|today)\b",
    r"\b(?:at|to|answer|get) the door\b|\bdoorbell\b|\bbackground noise\b|\bnoise in here\b",
    r"\b(?:can|could|do) you (?:still )?(?:hear|understand) me\b|\bbreaking up\b|\b(?:bad|poor"
    r"|terrible|weak) (?:line|connection|reception|signal)\b|\bcutting out\b|\bcut out\b",
    r"\b(?:i'm|i am|we're|we are) (?:\w+ )?(?:driving|on a train|on the train|on the bus|in the car"
    r"|in a meeting|at the airport|at the office|outside|walking|packing|eating|cooking|parked"
    r"|in line|on the road|in traffic)\b",
    r"\bthe traffic\b.*\b(?:is|was)\b|\bhold music\b|\bon hold\b",
)
# Each is looked for in one clause, in lower case. What one of them finds is about something else.
BESIDE_THE_MATTER = (
    # Other people: "my neighbor works for Google", "Peter told me to call you".
    rf"\b(?:my|our) (?:\w+ )?{_RELATIONS}(?:'s)? (?:\w+ )?(?:is|was|are|were|works?|worked|turned"
    r"|turns|has|had|just|told|tells|said|says|got|needs|wants|keeps?|uses|used|called|name)\b",
    r"^(?:he|she|they)(?:'s|'re)? (?:also |just )?(?:works?|worked|told|said|says|uses|used|is"
    r"|was|had|has|recommended|mentioned|swears?)\b",
    r"\b(?:told|asked|advised|recommended|referred|sent) (?:me|us) (?:to|about|that|your|you|here"
    r"|over)\b",
    r"\b(?:i|we) (?:once |just |actually )*(?:met|know|knew) (?!what|how|that|it|about|we|i)\w",
    # What is paid to others, and what was: "Salesforce charges us fifty thousand".
    r"\b(?:charges?|charged|bills?|billed|invoiced|quoted|costs?|costing|cost) (?:us|me)\b",
    rf"\b(?:i|we) (?:\w+ )?(?:paid|spent|bought|lost|wasted) .*(?:{_AGO}|\bfor (?:lunch|dinner"
    r"|breakfast|coffee|gas|parking|a tool|a system|that))\b",
    rf"\b{_AGO} (?:i|we|they) {_DEEDS}\b",
    r"\b(?:price|prices|rent|rates?) (?:went|has gone|have gone|is|are) (?:up|down)\b",
    # The past: "we were founded in 1987", "we started in March", "it took us six months".
    r"\b(?:founded|established|incorporated|born|opened|merged|moved here|in business) (?:in|since"
    r"|around|back)\b",
    r"\b(?:since|back in|been) (?:last )?(?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december|(?:19|20)\d\d|nineteen|two thousand|the nineties)\b",
    r"\b(?:we|i|it|they) (?:already |first |only )?(?:started|began|launched|tried|signed|moved"
    r"|took us|took me)\b",
    r"\b(?:have|has|had|'ve|'s|'d) been (?:waiting|looking|trying|on hold|searching|holding"
    r"|thinking|using|with|doing|around|in business)\b",
    r"\bused to (?:be|work|use|have|pay)\b|\b(?:we|i) (?:were|was) (?:with|at|using|on) \w",
    r"\b(?:turned|turns|turning) (?:\w+ )?(?:\w+|\d+)(?: today| yesterday| this| last|$)",
    r"\b(?<!it )(?<!that )(?<!which )(?<!i )(?<!we )(?:was|were)\b(?! (?:thinking|hoping))",
    r"\b(?:i|we|you|they|he|she) (?:just |already |once |only |also )*(?!need\b|needed|budgeted"
    r"|allocated|planned|agreed|decided|approved|earmarked|wanted|figured|hoped|reserved|indeed"
    r"|assigned|estimated|calculated|expected|settled|discussed|named)(?:[a-z]{2,}ed|spoke|met|saw"
    r"|spent|lost|made|sold|bought|paid|left|sent|took|went|came|had (?:a|an|the|our))\b",
    r"\bgot (?:your|the|this) (?:\w+ )?(?:name|number|email|card|contact|details)\b",
    r"\b(?:revenue|turnover|profit|salary|valuation|series [a-d])\b|\bout of (?:ten|five|\d+)\b",
    r"\bmy birthday\b|\bon (?:vacation|holiday|leave|pto)\b"
    r"|\b(?:fiscal|financial|school) year (?:starts|begins|ends|is|runs)\b",
    # When one cannot meet: "Friday at three doesn't work".
    r"\b(?:i'm|i am|we're|we are) (?:\w+ )?(?:busy|away|booked|unavailable|tied up)\b",
    r"\b(?:doesn't|does not|won't|isn't|don't) (?:really )?(?:work|suit|fit|good)\b"
    r"|\b(?:can't|cannot|can not) (?:do|make) (?!more|over|above|less|much|anything|any)",
    # Own plans that are no meeting: "my flight is at six".
    r"\b(?:flight|train|plane|bus|ferry|ride|taxi|uber|class|game|match|movie|concert|dinner"
    r"|surgery|dentist(?: appointment)?|haircut|shift|next meeting|other meeting|previous call"
    r"|next call|school run) (?:is|was|leaves|starts|boards|ends|begins|departs|got|at)\b",
    r"\b(?:meeting|call|appointment) (?:that )?(?:i|we) had\b|\bwas (?:cancelled|canceled)\b",
    r"\bbefore my next\b|\bi(?:'ve| have) (?:got )?(?:only )?[\w -]+ (?:minutes?|mins?|hours?)\b",
    r"\b(?:get|call|ring|write|text|email) (?:back to you|you back)\b",
    *AROUND_THE_CALLER,
    # How we were found: "I read about you on TechCrunch".
    r"\b(?:saw|heard|read|found|watched|googled|came across|learned|noticed|got)(?: \w+)? "
    r"(?:about you|your (?:ad|ads|advert|website|site|name|video|post|booth|flyer)|of you|you guys"
    r"|you (?:on|at|in|through|via|from))\b",
    r"\b(?:competitors?|competition|rivals?)(?:'s)? (?:has|have|is|are|uses?|charges?|offers?)\b",
    # Numbers of things: "order number 4155550198", "our office is on 42nd street".
    r"\b(?:order|invoice|ticket|case|reference|confirmation|zip|postal|account|serial|flight"
    r"|tracking|policy|claim|tax) (?:number|code|id)\b"
    r"|\b(?:order|invoice|ticket|room|flight|suite|floor|route|highway) #? ?\d|\bstar rating\b",
    r"\b(?:on|at|near|off) (?:the )?(?:\d+ ?(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth"
    r"|seventh|eighth|ninth|tenth|\d+ \w+) (?:street|avenue|ave|road|lane|boulevard|floor)\b",
    r"\bmillion dollar question\b|\bmarch madness\b|\b(?:one|two|three|a|some|\d) (?:\w+ )?"
    r"questions?\b|\bone of (?:the|those|these) (?:things|reasons|questions)\b",
    r"\b(?:one|two|three|four|several|a couple(?: of)?) times now\b",
)

# A clause with one of these is about the caller, whatever else is in it.
ABOUT_THE_CALLER = (
    r"\b(?:my|our|the)(?! (?:account|order|invoice|ticket|old|former|previous|last year))(?: \w+)?"
    r" (?:name|company|e-?mail|number|budget|team|timeline|deadline"
    r"|firm|business|organi[sz]ation|phone|cell|mobile)(?: address| number)?(?:'s| is| would| will"
    r"|'d)\b",
    r"\b(?:i'm|i am|we're|we are|this is|i work|i'm calling|calling) (?:with|from|for)\b",
    r"\b(?:company|firm|business) (?:called|named)\b|\bwe(?:'re| are) (?:called|talking)\b",
    r"\b(?:i|we|you|i'd|we'd) (?:\w+ )?(?:can|could|need|want|decide|plan|expect|budgeted|hope)\b",
    r"\b(?:would|will|'ll|can|could) (?:use|need|be using|spend)\b",
    r"\b(?:last|first|digits?|letters?|code|domain|part|ending) (?:\w+ )?(?:was|were)\b",
    r"@|\bat \w+(?: \w+)* dot \w",
)

# "My assistant's e-mail is ..., don't use that one".
TAKES_IT_BACK = (
    r"\b(?:do not|don't|never) (?:use|take|put|save|note|write down) "
    r"(?:that|this|it)(?: one| number| address)?\b"
    r"|\b(?:do not|don't|never) (?:call|dial|text|ring|use) (?:me )?(?:on |at )?(?:\d|zero\b|oh\b"
    r"|one\b|two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|nine\b|\()"
)

# "Well, let me see, Fatima": thinking aloud before the answer, and what is said after it.
THINKING_ALOUD = (
    "let me see", "let me think", "let's see", "good question", "that's a good question",
    "that is a good question", "that's a good one", "oh that's a good one", "good one",
    "a good one", "a good question",
    "that's a tough one", "that's a hard one", "how do i put it", "what was it again",
    "what was it", "you know what", "to be honest", "honestly", "frankly",
)  # fmt: skip
AFTERTHOUGHTS = (
    "if that helps", "if that's okay", "if that's ok", "if that makes sense", "to be honest",
    "to be fair", "believe it or not", "you know", "if you like", "so to speak",
)  # fmt: skip
# They leave a value as it is, but make a yes doubtful.
DOUBTFUL_AFTERTHOUGHTS = (
    "i believe", "at least that's what they tell me", "at least that's what i was told",
    "at least i think so", "at least i think", "as far as i know", "if i'm not mistaken",
    "if i remember correctly", "if i remember right", "i reckon", "i'm told", "last i checked",
    "as far as i can tell",
)  # fmt: skip
