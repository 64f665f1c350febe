"""The ends of addresses: mail providers, top-level domains, and what is heard of them."""

from __future__ import annotations

from flows.capture.endings import RARE_TLDS

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
    "eye0": "io", "eye": "io", "i0": "io", "c0": "co", "eye oh": "io", "iou": "io", "aye oh": "io",
    "eoh": "io", "ayo": "io", "i.o": "io", "ceo": "co",
    "aio": "io", "iow": "io", "i owe": "io", "a eye": "ai", "ay i": "ai", "edo": "edu",
    "deaf": "dev", "def": "dev", "devs": "dev", "coe": "co", "koh": "co", "app's": "app",
    "yukay": "uk", "you kay": "uk", "youk": "uk", "bees": "biz", "biss": "biz", "e you": "eu",
    "coms.": "com", "com's": "com", "tom": "com", "khan": "com", "qom": "com", "khom": "com",
    "gone": "com", "calm.": "com", "khong": "com", "pom": "com", "combat": "com", "mom": "com",
    "cough": "co", "inf": "info", "tack": "tech", "tac": "tech", "teck": "tech",
}  # fmt: skip
_COMMON_TLDS = frozenset({
    "ac", "academy", "accountants", "ae", "aero", "africa", "ag", "agency", "ai", "al", "am",
    "amsterdam", "app", "ar", "arpa", "art", "asia", "associates", "at", "au", "audio",
    "auto", "ax", "ba", "band", "bank", "bar", "bd", "be", "beauty", "beer", "berlin", "bg",
    "bi", "bike", "bio", "biz", "blog", "bm", "bo", "br", "bs", "build", "builders", "by",
    "bz", "ca", "cafe", "capital", "care", "careers", "cars", "cash", "cat", "cc", "center",
    "centre", "ch", "charity", "church", "city", "cl", "clinic", "cloud", "club", "cn", "co",
    "codes", "coffee", "com", "company", "computer", "construction", "consulting", "coop",
    "country", "courses", "cr", "credit", "cu", "cx", "cy", "cz", "data", "de", "delivery",
    "dental", "design", "dev", "digital", "direct", "directory", "dj", "dk", "do", "doctor",
    "dog", "domains", "ec", "eco", "edu", "education", "ee", "eg", "email", "energy",
    "engineering", "es", "estate", "eu", "events", "exchange", "expert", "express", "farm",
    "fashion", "fi", "film", "finance", "financial", "fitness", "flowers", "fm", "fo",
    "foundation", "fr", "fun", "fund", "ga", "gallery", "game", "games", "garden", "gg", "gh",
    "gifts", "gives", "gl", "global", "gmbh", "gov", "gr", "green", "group", "gs", "gt",
    "guide", "guru", "hamburg", "health", "hk", "hn", "holdings", "homes", "hospital", "host",
    "hosting", "house", "how", "hr", "hu", "id", "ie", "il", "im", "in", "inc", "industries",
    "info", "insurance", "int", "international", "investments", "io", "is", "ist", "it",
    "jewelry", "jm", "jobs", "jp", "ke", "ki", "kitchen", "koeln", "kr", "kw", "la", "law",
    "lc", "legal", "li", "life", "limited", "link", "live", "lk", "llc", "loans", "logistics",
    "london", "lt", "ltd", "lu", "lv", "ly", "ma", "management", "marketing", "me", "media",
    "miami", "mil", "mk", "ml", "mn", "mobi", "money", "moscow", "movie", "ms", "mt", "mu",
    "museum", "music", "mx", "my", "name", "net", "network", "news", "ng", "ngo", "ni",
    "ninja", "nl", "no", "np", "nyc", "nz", "one", "ong", "online", "org", "organic", "pa",
    "page", "paris", "partners", "parts", "party", "pe", "pet", "pets", "ph", "pharmacy",
    "photography", "photos", "pics", "pizza", "pk", "pl", "play", "pm", "post", "pr", "press",
    "pro", "properties", "pt", "pw", "py", "qa", "re", "realty", "recruit", "report",
    "restaurant", "reviews", "ro", "rs", "ru", "sa", "salon", "sc", "school", "se",
    "services", "sg", "sh", "shop", "show", "si", "site", "sk", "so", "software", "solutions",
    "spa", "space", "sr", "st", "store", "studio", "style", "su", "supplies", "supply",
    "support", "sv", "sx", "systems", "tax", "tc", "team", "tech", "technology", "tel", "th",
    "theater", "tickets", "tips", "tk", "tl", "tn", "to", "today", "tokyo", "tools", "town",
    "toys", "tr", "trade", "trading", "training", "travel", "tt", "tv", "tw", "ua", "uk",
    "university", "us", "uy", "vc", "ve", "vegas", "ventures", "vet", "vg", "video", "vn",
    "vote", "vu", "web", "website", "wedding", "wf", "wien", "wiki", "wine", "works", "world",
    "ws", "xyz", "yoga", "za", "zone",
})  # fmt: skip
# A domain that ends in none of them is doubtful.
TLDS = _COMMON_TLDS | RARE_TLDS
