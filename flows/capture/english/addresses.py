"""Words in and around e-mail addresses."""

DOTS = ("dot", "period", "full stop", "point", "dots", "dott", "daught")
DASHES = ("dash", "hyphen", "minus", "minus sign", "hyphen sign", "dash sign", "hyphon")
# What recognisers write for "dash"; only between two parts of an address.
DASHES_HEARD = ("this", "das", "dust", "desk", "dashed", "dashes", "ash", "dasch", "and dash")
UNDERSCORES = (
    "underscore",
    "under score",
    "underline",
    "under scored",
    "underscored",
    "undersquare",
    "and underscore",
    "low dash",
    "and score",
    "under the score",
)
PLUSES = ("plus", "plus sign")
ATS = (
    "at sign",
    "the at sign",
    "at symbol",
    "the at symbol",
    "at the sign",
    "at the at sign",
    "at at sign",
    "at the at symbol",
    "ampersat",
    "at-sign",
    "and the at sign",
    "then at",
    "and then at",
    "then the at sign",
    "arroba",
)
# What recognisers write for "at"; only where an address has none.
ATS_HEARD = (
    "add",
    "ad",
    "hat",
    "that",
    "et",
    "act",
    "@@",
    "app",
    "apt",
    "adds",
    "had",
    "out",
    "art",
    "ate",
    "as",
    "the",
    "to",
    "an",
    "and",
    "in",
    "from",
)
GLUE = ("all one word", "one word", "no spaces", "no space", "all lowercase", "all lower case",
        "lower case", "lowercase", "all together", "altogether", "all in one word",
        "in one word", "as one word", "all small letters", "all small", "no dots", "no dot",
        "no punctuation", "all caps", "all joined", "all joined together", "together",
        "with no spaces", "without spaces", "with no space", "all as one word", "run together",
        "no gaps", "all run together", "just one word", "that's one word", "it's one word",
        "that's all one word", "it's all one word", "small letters", "no hyphen", "no dash",
        "with no dot", "without a dot", "without dots", "with no dots", "the letters",
        "all in lowercase", "in lowercase", "no underscore", "the number", "the digits",
        "the digit", "numeral", "the numeral", "number", "the numbers", "digits", "the letter",
        "and then", "then", "followed by", "uh", "um", "er", "erm", "hmm", "as a word",
        "the word", "like the word", "the year", "as in the", "and uh", "and um")  # fmt: skip
# Left of the address: not part of it.
STOPS = {
    "is", "it's", "it", "its", "that's", "thats", "that", "email", "e-mail", "mail", "address",
    "my", "the", "use", "at", "on", "be", "would", "send", "to", "me", "reach", "uh", "um",
    "so", "yeah", "sure", "and", "i'm", "i", "have", "you", "can", "please", "yes", "no", "ok",
    "okay", "back", "contact", "try", "with", "of", "for", "in", "a", "an", "this", "here",
    "was", "will", "it'll", "it'd", "that'd", "that'll", "hmm", "well", "actually", "or", "by",
    "under", "then", "work", "personal", "business", "company", "got", "read", "let", "right",
    "correct", "confirm", "said", "spelled", "spelt", "as", "from", "via", "just", "write",
    "put", "say", "we", "we're", "our", "us", "best", "one", "not", "but", "if", "i've", "oh",
    "there's", "there", "goes", "go", "down", "hi", "hello", "hey", "course", "think", "should",
    "mine", "called", "name", "first", "last", "again", "repeat", "wait", "sorry", "mean",
    "meant", "like", "know", "spell", "i'll", "do", "does", "don't", "works", "working", "look",
    "looking", "based", "meet", "see", "get", "give", "him", "her", "them", "are", "am", "over",
    "absolutely", "certainly", "happy", "thanks", "great", "perfect", "good", "now", "also",
    "change", "change's", "update", "new", "old", "account", "info's", "e", "erm", "er", "ah",
    "alright", "guess", "everything", "ignore", "sent", "receive", "reachable", "emails",
    "message", "messages", "note", "noted", "heard", "what", "which", "who", "where", "how",
    "phone", "number", "budget", "people", "about", "because", "since", "listen", "okey",
    "instead", "rather", "correction", "i'd", "you'll", "you'd", "he's", "she's", "let's",
    "basically", "probably", "maybe", "full", "complete", "whole", "entire", "main", "primary",
    "professional", "private", "home", "direct", "usual", "current", "can't", "cannot", "won't",
    "same", "has", "had", "been", "did", "uhm", "umm", "mhm", "yep", "yup", "nope", "fine",
}  # fmt: skip
# Stop words that are also usual local parts when they stand right before the at.
ROLE_WORDS = {"contact", "hello", "info", "me", "mail", "office", "hi", "email", "work", "business",
              "we", "us", "team", "sales", "support", "admin", "billing", "home", "hey", "i",
              "you", "e", "a", "company", "personal", "name", "number", "phone", "budget",
              "people", "first", "last", "one", "new", "look", "see", "go"}  # fmt: skip
PROVIDERS = {
    "gmail": "gmail.com", "googlemail": "googlemail.com", "yahoo": "yahoo.com",
    "hotmail": "hotmail.com", "outlook": "outlook.com", "icloud": "icloud.com",
    "aol": "aol.com", "protonmail": "protonmail.com", "proton": "proton.me", "live": "live.com",
    "msn": "msn.com", "me": "me.com", "gmx": "gmx.com", "fastmail": "fastmail.com",
    "zoho": "zoho.com", "yandex": "yandex.com", "comcast": "comcast.net", "verizon": "verizon.net",
    "att": "att.net", "mac": "mac.com", "ymail": "ymail.com", "hey": "hey.com",
    "rocketmail": "rocketmail.com", "tutanota": "tutanota.com", "sbcglobal": "sbcglobal.net",
    "cox": "cox.net", "btinternet": "btinternet.com", "web": "web.de", "orange": "orange.fr",
}  # fmt: skip
# What recognisers write for the providers.
PROVIDERS_HEARD = {
    "g mail": "gmail", "gee mail": "gmail", "g-mail": "gmail", "jimail": "gmail", "gmial": "gmail",
    "jee mail": "gmail", "gmale": "gmail", "g male": "gmail", "jmail": "gmail", "hot mail":
    "hotmail", "hotmale": "hotmail", "hot male": "hotmail", "out look": "outlook",
    "i cloud": "icloud", "eye cloud": "icloud", "icloud's": "icloud", "yahu": "yahoo",
    "ya hoo": "yahoo", "yahoo's": "yahoo", "a o l": "aol", "proton mail": "protonmail",
    "jimmy l": "gmail", "gmail's": "gmail", "fast mail": "fastmail", "google mail": "googlemail",
    "gmell": "gmail", "gmo": "gmail", "i clout": "icloud", "outluck": "outlook",
}  # fmt: skip
TLDS_HEARD = {
    "calm": "com", "come": "com", "kom": "com", "comm": "com", "con": "com", "comb": "com",
    "coms": "com", "call": "com", "column": "com", "common": "com", "coom": "com", "cam": "com",
    "income": "com", "palm": "com", "org's": "org", "orc": "org", "ork": "org", "org.": "org",
    "organ": "org", "orgs": "org", "knit": "net", "nett": "net", "met": "net", "nut": "net",
    "eye oh": "io", "iou": "io", "aye oh": "io", "eoh": "io", "ayo": "io", "i.o": "io", "ceo": "co",
    "aio": "io", "iow": "io", "i owe": "io", "a eye": "ai", "ay i": "ai", "edo": "edu",
    "deaf": "dev", "def": "dev", "devs": "dev", "coe": "co", "koh": "co", "app's": "app",
    "yukay": "uk", "you kay": "uk", "youk": "uk", "bees": "biz", "biss": "biz", "e you": "eu",
    "coms.": "com", "com's": "com", "tom": "com", "khan": "com", "qom": "com", "khom": "com",
    "gone": "com", "calm.": "com", "khong": "com", "pom": "com", "combat": "com", "mom": "com",
    "cough": "co", "inf": "info", "tack": "tech", "tac": "tech", "teck": "tech",
}  # fmt: skip
TLDS = frozenset(
    """com org net io co ai dev app edu gov mil int info biz me tv us uk ca au nz ie de fr es it nl be
    ch at se no dk fi pl cz sk hu ro bg gr pt ru ua by lt lv ee is lu li mt cy hr si rs ba mk al tr
    il ae sa qa kw eg za ng ke gh ma tn in pk bd lk np cn hk tw jp kr sg my th vn ph id mx br ar cl
    pe ve uy ec bo py cr pa do gt hn sv ni cu pr jm tt bz eu asia cloud tech online site store shop
    agency solutions systems software digital media group global company consulting services design
    studio health care finance financial bank capital partners ventures legal law energy education
    academy school university news blog email network works world life live today space zone xyz
    pro name mobi jobs travel coop museum aero tel cat post arpa club team center centre inc llc
    ltd limited gmbh technology engineering industries international marketing management support
    tools house homes realty estate properties construction build builders supply supplies parts
    auto cars bike fitness yoga clinic dental doctor hospital pharmacy vet dog pet pets farm garden
    green eco bio organic kitchen restaurant cafe coffee pizza bar wine beer fun games game play
    toys gifts fashion jewelry style beauty salon spa photography photos pics gallery art music
    band audio video film movie show theater tickets events party wedding flowers church foundation
    charity org fund gives ngo ong vote city town country london paris berlin nyc vegas miami
    amsterdam hamburg wien koeln moscow tokyo africa ist page sh gg gs fm am im to cc ws vc ly ac la
    so ax fo gl ga ml tk re pm st su sx mn mu ms lc ag ai bi bm bs cx dj ng ki pw ph sc sr tc tl vg
    vu wf money credit loans cash exchange trade trading investments holdings insurance tax
    accountants associates codes computer host hosting domains website web data link one ninja guru
    expert careers recruit training courses how wiki reviews report directory guide tips press
    direct express delivery logistics""".split()
)
