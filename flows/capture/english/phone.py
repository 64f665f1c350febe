"""Words in and around phone numbers."""

EXTENSION = ("extension", "ext .", "ext", "x", "extension number", "with extension", "extent",
             "and the extension is", "and extension", ", extension", "# ext", "the extension is",
             "and then extension", "ext number")  # fmt: skip
COUNTRY_CODE = ("country code", "country code plus", "country code is", "plus country code",
                "international code")  # fmt: skip
# Between two groups of digits.
CONNECTORS = (
    "-", ".", ",", "(", ")", "/", "–", "—", ";", "…", "and", "then", "and then", "uh", "um", "er",
    "erm", "dash", "hyphen", "dot", "space", "area code", "hmm", "ah", "followed by", "again",
    "and again", "'", "pause", "okay", "ok", "you know", "so", "plus", "and uh", "and um", ":",
    "then the number is", "and the number is", "the number is", "and the rest is", "number",
    "the rest is", "and finally", "finally", "next", "and lastly", "ending in", "ending", "like",
)  # fmt: skip
PHONE_WORDS = {"phone", "number", "call", "cell", "mobile", "reach", "telephone", "extension",
               "cellphone", "landline", "dial", "digits", "text", "ring", "area", "callback",
               "line", "digit", "whatsapp"}  # fmt: skip
