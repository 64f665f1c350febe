"""Words around names of people and companies."""

NAME_LEADS = (
    "my name is", "my name's", "my full name is", "name is", "the name is", "the name's",
    "this is", "i'm", "i am", "it's", "it is", "call me", "you can call me", "i'm called",
    "full name is", "they call me", "first name is", "my first name is", "first name",
    "i go by", "name's", "you're speaking with", "you're speaking to", "you are speaking with",
    "you're talking to", "speaking with", "my name's actually", "people call me", "myself",
    "you are talking to", "my name would be", "here is", "the name would be",
)  # fmt: skip
SURE_NAME_LEADS = (
    "my name is", "my name's", "my full name is", "the name is", "the name's", "call me",
    "you can call me", "they call me", "i go by", "you're speaking with", "you're speaking to",
    "you're talking to", "my first name is", "my name would be", "you are speaking with",
)  # fmt: skip
WEAK_NAME_LEADS = ("this is", "i'm", "i am")
LAST_NAME = ("last name is", "last name", "my last name is", "surname is", "surname",
             "my surname is", "family name is", "family name", "my family name is",
             "and last name is", "and the last name is", "and my last name is", "the last name is",
             "second name is", "last name's")  # fmt: skip
FIRST_NAME = ("first name is", "first name", "my first name is", "given name is", "given name",
              "the first name is", "first name's")  # fmt: skip
# A name ends in front of these.
NAME_ENDS = {
    "without", "from", "at", "with", "and", "of", "calling", "speaking", "here", "by", "but", "i",
    "i'm",
    "my", "we", "the", "ceo", "cto", "cfo", "coo", "vp", "director", "head", "manager", "founder",
    "owner", "president", "over", "for", "in", "who", "as", "that's", "thats", "spelled", "spelt",
    "it's", "is", "on", "working", "work", "works", "lead", "what", "how", "nice", "if", "or",
    "so", "because", "you", "your", "can", "not", "no", "yes", "please", "thanks",
    "thank", "to", "calls", "that", "this", "email", "phone", "company", "last", "first", "there",
    "are", "was", "would", "do", "does", "could", "will", "don't", "hyphenated", "about", "just",
    "like", "right", "a", "an", "have", "need", "want", "looking", "interested", "i'll", "let",
    "good", "sorry", "actually", "also", "our", "they", "he", "she", "senior", "junior", "then",
    "number", "am", "all", "one", "representing", "i've", "i'd", "we're", "did", "it", "its",
}  # fmt: skip
# Behind "I'm" or "this is" they are no names. Also: an answer that holds one of these is no name.
NOT_NAMES = {
    "interested", "looking", "calling", "good", "fine", "great", "okay", "ok", "well", "here",
    "not", "sure", "sorry", "afraid", "busy", "happy", "glad", "ready", "just", "trying", "going",
    "a", "an", "the", "in", "at", "on", "from", "with", "working", "running", "responsible",
    "really", "very", "so", "also", "still", "only", "currently", "actually", "using", "driving",
    "about", "wondering", "hoping", "thinking", "done", "doing", "having", "getting", "back",
    "right", "wrong", "correct", "it", "that", "this", "what", "why", "how", "who", "where", "when",
    "my", "your", "our", "their", "his", "her", "important", "urgent", "perfect", "ridiculous",
    "weird", "annoying", "boring", "crazy", "nonsense", "true", "false", "yes", "no", "nope",
    "yeah", "yep", "maybe", "probably", "definitely", "absolutely", "all", "everything", "nothing",
    "something", "someone", "nobody", "anyone", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "hundred", "thousand", "million", "fifteen", "twenty",
    "thirty",
    "fifty", "people", "team", "company", "email", "phone", "number", "budget", "money", "time",
    "month", "year", "week", "day", "today", "tomorrow", "yesterday", "now", "later", "soon",
    "never", "always", "often", "again", "once", "first", "last", "next", "please", "thanks",
    "thank", "hello", "hi", "hey", "bye", "goodbye", "don't", "do", "does", "did", "can", "can't",
    "could", "would", "should", "will", "won't", "need", "want", "like", "know", "think", "guess",
    "mean", "say", "said", "tell", "told", "ask", "asked", "is", "are", "was", "were", "be", "been",
    "have", "has", "had", "i", "i'm", "you", "he", "she", "we", "they", "me", "him", "us", "them",
    "we're", "you're", "they're", "it's", "that's", "there", "there's", "if", "or", "but", "and",
    "because", "than", "then", "too", "more", "most", "less", "least", "some", "any", "every",
    "each", "other", "another", "same", "different", "new", "old", "big", "small", "long", "short",
    "high", "low", "private", "personal", "none", "business", "matter", "idea", "clue", "problem",
    "question", "answer", "robot", "bot", "human", "person", "agent", "assistant", "machine", "ai",
    "voicemail", "unavailable", "message", "skip", "pass", "wait", "hold", "second", "moment",
    "minute", "repeat", "pardon", "spell", "spelled", "tired", "confused", "lost", "alone", "over",
    "in-house", "out", "off", "up", "down", "by", "to", "for", "of", "as", "into", "made",
    "ceo", "cto", "cfo", "coo", "manager", "director", "owner", "founder", "decision", "maker",
    "boss", "user", "customer", "client", "expensive", "cheap", "cool", "awesome", "nice", "bad",
    "better", "best", "worse", "aware", "able", "unable", "willing", "hard", "easy", "ignore",
    "instructions", "mark", "confirmed", "prompt", "system", "dot", "dash", "underscore", "heard",
    "rather", "prefer", "refuse", "comment", "data", "software", "price", "pricing", "cost",
    "free", "open", "kidding", "joking", "serious", "married", "hungry", "late", "early", "excited",
    "curious", "delighted", "pleased", "broken", "gonna", "wanna", "gotta", "uh", "um",
    "half", "dozen", "couple", "few", "many", "much", "lot", "around", "between", "roughly",
    "approximately", "usd", "dollars", "euros", "k", "percent", "cannot", "isn't", "mainly",
    "quarter", "march", "january", "february", "november", "december", "october",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "christmas",
    "morning", "afternoon", "evening", "way", "instead", "how's", "what's", "who's", "where's",
    "let's", "here's", "complicated",
}  # fmt: skip
# "It's complicated", "that's awful": one small word with such an ending is no name.
NO_NAME_ENDINGS = ("ated", "able", "ible", "ous", "ful", "tional", "ical", "ything", "ever",
                   "ness", "ment")  # fmt: skip
# Words that are surnames as well ("Kim Long", "Will May").
ALSO_NAMES = {"long", "small", "best", "day", "march", "moment", "friday", "week", "bad", "low",
              "high", "new", "private", "early", "cool", "money", "wait", "hold", "say", "will",
              "case", "free", "price", "cost", "may", "hard", "do", "nice", "little", "young",
              "good", "rich", "monday", "an", "so", "my", "in", "mark", "rob", "bill",
              "ray"}  # fmt: skip
PARTICLES = {"van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "das", "du",
             "la", "le", "el", "al", "bin", "ibn", "ben", "ter", "ten", "zu", "af", "av", "y", "e",
             "lo", "st", "san", "abu", "dal", "do", "des", "dela", "vander", "zur",
             "zum"}  # fmt: skip
LOWER_PARTICLES = {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "du",
                   "la", "ter", "zu", "af", "av", "y", "bin", "ibn", "dal", "des", "al",
                   "el"}  # fmt: skip
TITLES = {"mr", "mrs", "ms", "miss", "dr", "doctor", "prof", "professor", "sir", "madam", "mister",
          "missus"}  # fmt: skip
SPELLED_MARKS = ("that's spelled", "it's spelled", "spelled", "spelt", "that's", "it's spelt",
                 "i'll spell it", "i'll spell that", "let me spell it", "let me spell that",
                 "and that's", "which is", "thats", "i spell it", "i spell that", "that is",
                 "it's", "so", "you spell it", "you spell that", "so that's", "it is spelled",
                 "let me spell that for you", "let me spell it for you", "that is spelled",
                 "spelling", "written", "spells", "i'll spell it for you", "and it's spelled",
                 "and that's spelled", "which is spelled", "again that's", "is",
                 "is spelled")  # fmt: skip
COMPANY_LEADS = (
    "the name is", "the name's", "name is",
    "my own company", "our own company", "my own business", "a company named", "a firm named",
    "a business named", "company named", "a shop called", "a firm called", "an agency called",
    "i work for", "i work at", "i'm working for", "i'm working at", "i'm with", "i am with",
    "we're with", "i'm from", "i am from", "we are from", "we're from", "calling from",
    "my company is", "our company is", "the company is", "the company is called", "company is",
    "my company is called", "our company is called", "company name is", "the company name is",
    "the name of the company is", "the company's name is", "my company's name is", "we're called",
    "we are called", "it's called", "our company's name is", "on behalf of", "i represent",
    "the business is called", "our business is called", "my business is called", "company's called",
    "it's a company called", "a company called", "i run", "i own", "i'm the owner of",
    "company name's", "the company name's", "the firm is", "the firm is called",
    "we call ourselves", "the company's called", "founder of",
    "ceo of", "cto of", "cfo of", "owner of", "employed at", "employed by", "here at", "over at",
    "work with", "work over at", "i'm at", "i am at", "the company would be", "called",
    "our name is", "we go by", "we're", "we are", "from", "with", "at", "for", "i'm here at",
    "i work with", "head of sales at", "director at", "manager at", "vp at",
    "we trade as", "trading as", "representing", "the organization is", "the startup is called",
)  # fmt: skip
SURE_COMPANY_LEADS = (
    "a company named", "a firm named", "a business named", "a firm called", "an agency called",
    "a shop called",
    "i work for", "i work at", "i'm working for", "i'm working at", "my company is",
    "our company is", "the company is called", "my company is called", "our company is called",
    "company name is", "the company name is", "the name of the company is",
    "the company's name is", "my company's name is", "on behalf of", "i represent",
    "our company's name is", "the company's called", "a company called", "calling from",
    "the business is called", "our business is called", "my business is called", "we're called",
    "we are called", "the company is", "founder of", "ceo of", "cto of", "cfo of", "owner of",
    "company name's", "the company name's", "company's called", "the firm is called",
    "the startup is called", "i'm with", "i am with",
    "employed at", "employed by", "head of sales at", "over at", "we trade as", "trading as",
)  # fmt: skip
WEAK_COMPANY_LEADS = ("from", "with", "at", "here at", "representing")
COMPANY_ENDS = {
    "and", "we", "we're", "i", "i'm", "my", "in", "based", "which", "where", "who", "that's",
    "thats", "it's", "spelled", "spelt", "they", "our", "but", "is", "was", "has", "have",
    "calling",
    "speaking", "here", "so", "with", "as", "on", "you", "can", "would", "looking", "because",
    "what", "not", "about", "there's", "there", "that", "then", "if", "please", "to", "from",
    "located", "since", "i've", "we've", "a", "an", "need", "want", "just", "thanks", "sorry",
    "actually", "right", "could", "are", "your", "how", "it", "got", "did", "let", "out", "over",
}  # fmt: skip
NOT_COMPANIES = {
    "please", "thanks",
    "pretty", "very", "quite", "really", "too", "tiny", "same", "important",
    "home", "work", "you", "me", "us", "them", "him", "her", "it", "that", "this", "all", "least",
    "my", "our", "your", "the", "a", "an", "now", "first", "noon", "night", "here", "there", "one",
    "interested", "looking", "good", "fine", "not", "sure", "hiring", "growing", "going", "trying",
    "using", "about", "fifty", "twenty", "ten", "small", "big", "just", "still", "currently",
    "email", "phone", "yes", "no", "what", "sales", "marketing", "monday", "tuesday", "wednesday",
    "thursday", "friday", "done", "ready", "happy", "based", "located", "in", "on", "right", "some",
    "any", "someone", "something", "nothing", "everything", "people", "time", "day", "once",
    "hello",
    "wait", "hold", "don't", "do", "can't", "i", "i'm", "we", "why", "how", "when", "who", "where",
    "next", "last", "end", "january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december", "q1", "q2", "q3", "q4", "two", "three",
    "four", "five", "six", "seven", "eight", "nine", "around", "none", "private", "never",
    "certain", "budget", "help", "pricing", "approval", "a.m", "pm", "am", "gmail", "scratch",
    "new", "london", "berlin", "california", "texas", "germany", "france", "england", "canada",
    "chicago", "boston", "spain", "india", "america", "europe", "australia", "paris", "toronto",
}  # fmt: skip
COMPANY_FORMS = {"inc": "Inc", "llc": "LLC", "ltd": "Ltd", "gmbh": "GmbH", "corp": "Corp",
    "co": "Co",
                 "ag": "AG", "plc": "PLC", "sa": "SA", "kg": "KG", "llp": "LLP", "bv": "BV",
                 "pty": "Pty", "ab": "AB", "oy": "Oy", "as": "AS", "srl": "SRL",
                 "spa": "SpA"}  # fmt: skip
# Companies begin with these as answers do ("Hold On Tight Logistics", "Hello Fresh").
TITLE_STARTS = {
    "no", "not", "yes", "yeah", "okay", "ok", "sure", "right", "hello", "hi", "hey", "wait", "hold",
    "hang", "maybe", "goodbye", "bye", "never", "we", "you", "i", "my", "our", "your", "it", "what",
    "why", "who", "how", "where", "when", "can", "do", "please", "thanks", "thank", "perfect",
    "great", "exactly", "absolutely", "certainly", "one", "just", "so", "well", "always", "all",
    "next", "skip", "pass", "stop", "call", "good", "the", "a", "and", "but", "are", "is", "let",
    "don't", "pardon", "sorry", "correct", "true", "may", "human",
}  # fmt: skip
SMALL_WORDS = {"of", "and", "the", "for", "in", "de", "on", "at", "by", "a", "an", "to", "or", "n"}
# "No company", "no employer at the moment": there is none.
NAMELESS = {
    "company", "business", "job", "employer", "firm", "name", "work", "idea", "clue", "comment",
    "problem", "problems", "worries", "way", "affiliation", "organization", "organisation",
    "particular", "longer", "employed", "employment", "boss", "office", "more", "need", "chance",
    "matter", "rush", "hurry", "reason", "interest", "website", "brand", "real", "actual", "such",
    "myself", "yourself", "itself", "ourselves",
}  # fmt: skip
# Behind a bare answer one of these makes it a sentence about somebody ("Peter told me").
SENTENCE_VERBS = {
    "is", "was", "are", "were", "has", "had", "have", "does", "did", "told", "tells", "said",
    "says", "works", "worked", "turned", "wants", "wanted", "needs", "needed", "keeps", "kept",
    "uses", "used", "gave", "gives", "went", "goes", "got", "gets", "makes", "made", "called",
    "calls", "charges", "charged", "costs", "sounds", "looks", "seems", "feels", "means", "won't",
    "can't", "doesn't", "didn't", "isn't", "wasn't", "will", "would", "should", "might", "must",
    "recommended", "mentioned", "sent", "sends", "thinks", "thought", "hates", "loves", "likes",
    "failed", "fails", "stopped", "started", "happened", "happens", "depends", "matters",
}  # fmt: skip
# "Jane is my name" is no such sentence.
SAYS_SO = {"my", "the", "our", "what", "who", "me", "i"}
# Given names, in one language or another, that are English words as well.
GIVEN_NAMES_TOO = {
    "sunday", "monday", "friday", "april", "may", "june", "august", "summer", "autumn", "will",
    "rich", "young", "mark", "bill", "rob", "ray", "grant", "long", "an", "my", "in", "do", "so",
    "to", "ai", "you", "ye", "hai", "mai", "thu", "sue", "pat", "drew", "chase", "hope", "faith",
    "joy", "grace", "dawn", "art", "free", "major", "justice", "christian", "guy", "chance",
    "happy", "lucky", "precious", "blessing", "patience", "prosper", "wisdom", "goodluck", "sunny",
    "bob", "van", "new", "man", "sean", "see", "say", "yes", "song", "star", "price", "wait",
    "early", "best", "cash", "case", "penny", "dean", "frank", "earnest",
}  # fmt: skip
# Alone behind "my name is", or as the whole answer.
NAMES_ALONE = {"mark", "bill", "rob", "ray", "grant", "april", "june", "august", "dawn", "hope",
               "will", "faith", "joy", "grace", "rich", "chase", "drew", "sue", "pat", "penny",
               "dean", "frank", "happy", "lucky", "sunday", "sunny"}  # fmt: skip
# Surnames of which the given name before them is often an English word ("My Tran", "In Park").
SURNAMES = {
    "nguyen", "tran", "le", "pham", "hoang", "huynh", "phan", "vu", "vo", "dang", "bui", "ngo",
    "duong", "ly", "kim", "lee", "park", "choi", "jung", "jeong", "kang", "cho", "yoon", "jang",
    "lim", "han", "shin", "seo", "kwon", "hwang", "tanaka", "suzuki", "sato", "takahashi", "ito",
    "watanabe", "yamamoto", "nakamura", "kobayashi", "kato", "chen", "wang", "li", "zhang", "liu",
    "huang", "zhao", "wu", "zhou", "xu", "sun", "ma", "zhu", "lin", "wong", "chan", "cheung",
    "adeyemi", "okafor", "okonkwo", "mensah", "owusu", "smith", "jones", "brown", "wilson",
}  # fmt: skip
