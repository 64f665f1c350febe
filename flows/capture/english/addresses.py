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
GLUE = ("all one word", "then my last name", "and then my last name", "then my first name",
        "and my last name", "then last name", "then the number", "and the number", "and the word",
 "one word", "no spaces", "no space", "all lowercase", "all lower case",
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
    "email's", "address's", "e-mail's", "mail's", "one's", "that'd", "work's",
    "is", "it's", "it", "its", "that's", "thats", "that", "email", "e-mail", "mail", "address",
    "my", "the", "use", "at", "on", "be", "would", "send", "to", "me", "reach", "uh", "um",
    "so", "yeah", "sure", "and", "i'm", "i", "have", "you", "can", "please", "yes", "no", "ok",
    "okay", "back", "contact", "try", "with", "of", "for", "in", "a", "an", "this", "here",
    "was", "will", "it'll", "it'd", "that'll", "hmm", "well", "actually", "or", "by",
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
