"""How people say what is wrong in a value."""

REPLACES = ("instead of", "rather than", "not", "and not")
AT_THE_END = ("at the end", "on the end", "in the end", "at the very end", "last")
AT_THE_START = (
    "at the beginning",
    "at the start",
    "in the beginning",
    "in front",
    "at the front",
    "first",
)
WITH = ("with a", "with an", "with the letter", "it's a", "it's an", "that's a", "that's an",
        "it is a", "it should be a", "it should be an", "with", "it's", "should be a", "is a",
        "it starts with a", "starts with a", "it starts with", "starts with", "begins with",
        "begins with a", "it begins with a", "starts with an", "has a", "has an", "there's a",
        "there's an", "there is a", "make it a", "should be an", "that should be a", "it was a",
        "i said", "use a", "you missed a", "you missed an", "you missed the", "missing a",
        "missing an", "missing the", "add a", "add an", "needs a", "a", "an", "the",
        "it ends with a",
        "ends with a", "ends in a", "ends with an", "ends in an", "spelled with a", "but with a",
        "spelled with an", "but with an", "there should be a", "there should be an",
        "as")  # fmt: skip
ENDING_WITH = ("ends with", "ends in", "ending in", "ending with", "it ends")
STARTING_WITH = ("starts with", "begins with", "starting with", "beginning with")
MISSED = ("missed", "missing", "forgot", "add", "extra", "there's", "there", "needs", "need")
WITHOUT = ("without a", "without an", "without the", "without", "no", "drop the", "remove the",
           "there's no", "there is no", "minus the", "leave out the", "take out the", "not a",
           "delete the", "lose the", "doesn't have a", "doesn't have an",
           "get rid of the")  # fmt: skip
SINGLE = ("one", "a single", "single", "only one", "just one", "1")
LAST_DIGITS = ("last", "final", "end")
FIRST_DIGITS = ("first", "beginning")
COUNTS = {"digit": 1, "number": 1, "one": 1, "two": 2, "2": 2, "three": 3, "3": 3, "four": 4,
          "4": 4, "five": 5, "5": 5, "six": 6, "6": 6, "seven": 7, "7": 7, "couple": 2}  # fmt: skip
AREA_CODE = ("area code", "prefix", "area code's")
LOCAL_PART = ("before the at", "in front of the at", "the first part", "first part",
    "the name part",
              "the local part", "before at", "the part before", "the beginning", "the username",
              "the user name")  # fmt: skip
DOMAIN_PART = ("after the at", "the domain", "domain", "behind the at", "the second part",
    "the part after",
               "the last part", "the company part", "the domain name", "after at",
               "the ending")  # fmt: skip
