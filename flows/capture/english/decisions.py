"""Who decides, and who consents."""

DECIDES = (
    "i decide", "i make the decision", "i make the decisions", "i make that decision",
    "i make those decisions", "my decision", "my call", "i make the call", "i sign off",
    "i'm the decision maker", "i am the decision maker", "i'm the one who decides", "that's me",
    "that would be me", "that'd be me", "i do", "i am", "i can decide", "i'm in charge",
    "i have the final say", "final say is mine", "i own the budget", "i hold the budget",
    "i'm the owner", "i'm the ceo", "i am the ceo", "i'm the founder", "just me", "only me",
    "i call the shots", "the buck stops with me", "i have the authority", "i approve", "i sign",
    "i'm the one", "i am the one", "i'm the boss", "it's me", "i control the budget", "it's up to me",
    "up to me", "i'll be deciding", "i will decide", "i get to decide", "i do decide", "me alone",
    "i'm authorized", "i have sign off", "i have signing", "i'd be the one", "decision is mine",
    "decision's mine", "i am the one who", "i'm the final", "i am the final", "i'm the sole",
    "i'd be the decision maker", "the decision maker is me", "i am in charge", "mine to make",
    "i can sign", "i make all", "i do the buying", "that's on me", "i've got the final say",
)  # fmt: skip
DOES_NOT_DECIDE = (
    "my boss", "my manager", "my ceo", "my cfo", "my cto", "my director", "our ceo", "our cfo",
    "our cto", "the board", "someone else", "somebody else", "not me", "i don't decide", "my partner",
    "i don't make", "i do not make", "it's not my", "not my decision", "not my call", "i'd need approval",
    "need approval", "i need to ask", "have to ask", "need to check with", "check with my", "committee",
    "the ceo decides", "the owner decides", "procurement", "i'm not the", "i am not the", "he decides",
    "she decides", "they decide", "above my pay grade", "up to my", "the team decides", "my supervisor",
    "our director", "our vp", "the cfo", "the cto", "the vp", "i just gather", "i'm just gathering",
    "i only recommend", "i just recommend", "i can only recommend", "my husband", "my wife",
    "have to run it by", "need to run it by", "run it past", "head office", "i don't have the authority",
    "i'm just researching", "just doing research", "i'd have to check", "i would have to ask",
    "doesn't sit with me", "not mine", "the ceo has", "our owner", "the owner does", "our founder",
    "the ceo does", "the ceo signs", "my vp", "our head of", "my head of", "the head of", "leadership",
    "upper management", "corporate", "the director", "our board", "isn't mine", "is not mine",
    "isn't me", "is not me", "isn't up to me", "not up to me", "our procurement", "our manager",
)  # fmt: skip
SHARED = ("me and my", "my co-founder and i", "together with", "along with my", "and i decide",
          "we decide together", "jointly", "both of us", "partly", "one of", "and i do",
          "part of the team", "and me", "a group decision", "team decision", "and i")  # fmt: skip
CONSENTS = (
    "you may", "you can", "feel free", "go ahead", "that's fine", "that is fine", "fine by me",
    "fine with me", "i consent", "i agree", "no problem", "i don't mind", "i do not mind", "of course",
    "by all means", "please do", "that's okay", "that's ok", "that is okay", "that is ok", "i'm okay",
    "i'm ok", "it's fine", "it's okay", "happy to", "that works", "works for me", "i'm fine with",
    "no objection", "no objections", "you have my permission", "you have my consent", "okay", "ok",
    "fine", "permission granted", "sounds good", "sounds fine", "alright", "all right", "i'm good with",
    "i'd be happy", "i would be happy", "please contact me", "i'd like that", "i would like that",
    "good with me", "you're welcome to", "okay with me", "ok with me", "i'd love that", "not a problem",
    "i allow", "you're allowed", "i'm cool with", "i give my consent", "i give you permission",
)  # fmt: skip
REFUSES_CONSENT = (
    "don't contact", "do not contact", "don't call", "do not call", "rather you didn't", "please don't",
    "rather not", "i don't consent", "i do not consent", "i don't agree", "i do not agree", "no thanks",
    "no thank you", "i'd prefer not", "prefer not", "prefer you didn't", "not okay", "not ok", "not fine",
    "i don't want", "i do not want", "i refuse", "i object", "you may not", "you can't", "you cannot",
    "not comfortable", "please do not", "i'd prefer you didn't", "i mind", "not interested", "stop",
    "leave me alone", "i decline", "absolutely not", "i withdraw", "don't want you", "that's not fine",
    "i'd rather you", "not happy with", "no way", "certainly not", "of course not", "not allowed",
)  # fmt: skip
