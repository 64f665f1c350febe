"""What people say around a value: fillers, self-corrections, lead-ins, tails."""

FILLERS = {
    "uh", "um", "er", "erm", "hmm", "hm", "ah", "eh", "mm", "uhm", "umm", "uhh", "well", "so",
    "like", "okay", "ok", "please", "yeah", "alright",
}  # fmt: skip

# After one of these the caller says it again, right this time. Longest first.
CORRECTION_MARKS = (
    "let me start over", "let me start again", "let me try again", "let me try that again",
    "let me correct that", "let me correct myself", "let me rephrase", "start over",
    "scratch that", "strike that", "forget that", "my mistake", "my bad", "i meant to say",
    "i meant", "i mean", "make that", "make it", "sorry", "excuse me", "pardon me", "actually",
    "correction", "or rather", "rather", "wait", "hold on", "hang on", "oops", "whoops",
    "no no no", "no no", "no", "nope", "i take that back", "apologies", "that's wrong",
    "that is wrong", "not that", "change that to", "well actually",
)  # fmt: skip
# "no" is not a correction in front of these.
NO_PLUS = {
    "more", "less", "later", "longer", "need", "problem", "budget", "space", "spaces", "dot",
    "dots", "dash", "dashes", "hyphen", "hyphens", "underscore", "idea", "earlier", "fewer",
    "rush", "hurry", "periods", "period", "capital", "capitals", "worries", "matter", "reply",
    "h", "e", "w", "k", "caps", "one", "doubt", "extension", "www", "gaps", "break",
}  # fmt: skip
NEGATIONS = {"not", "isn't", "wasn't", "ain't", "never", "aren't", "except"}

# Stripped from the front of an answer, again and again, before a name, company or text is read.
LEAD_INS = tuple(
    sorted(
        {
            "uh", "um", "er", "erm", "hmm", "hm", "ah", "oh", "well", "so", "okay", "ok", "sure",
            "it's just", "we're just",
            "yes", "yeah", "yep", "yup", "no", "nope", "please", "right", "alright", "all right",
            "of course", "certainly", "absolutely", "sure thing", "no problem", "hi", "hello",
            "hey", "hi there", "hello there", "hey there", "good morning", "good afternoon",
            "good evening", "thanks", "thank you", "yes sure", "no wait", "wait", "sorry",
            "actually", "i mean", "i said", "it's", "it is", "its", "that's", "that is", "thats",
            "that'd be", "that would be", "that will be", "that'll be", "it would be", "it'd be",
            "it'll be", "this is", "you can use", "just use", "use", "try", "you can try",
            "let's use", "let's say", "let's go with", "go with", "put down", "put", "just put",
            "write", "write down", "you can put", "take", "and", "but", "the answer is", "like",
            "i think it's", "i believe it's", "i guess", "i think", "let me see", "let's see",
            "let me think", "you know", "again", "once again", "once more", "one more time",
            "here it is", "here you go", "there you go", "here goes", "here we go", "as i said",
            "like i said", "correct", "exactly", "great", "good question", "sure it's", "to be",
            "you got it", "okay so", "basically", "let me spell it", "let me spell that",
            "let me spell that for you", "let me spell it for you", "i'll spell it",
            "i'll spell that", "i'll spell it for you", "i'll spell it out", "it's spelled",
            "that's spelled", "spelled", "spelt", "it's spelt", "my", "mine is", "the", "then",
            "let me read that back", "let me read it back", "i have", "i've got", "i got",
            "so i have", "so that's", "so that is", "got it", "just to confirm", "to confirm",
            "just to check", "let me check", "you said", "i heard", "perfect", "sounds good",
            "listen", "look", "yeah sure", "no worries", "glad to", "happy to", "sure no problem",
            "nice to meet you", "pleased to meet you", "how are you", "i'm fine", "as for",
            "my apologies", "apologies", "correction", "no no", "scratch that", "make that",
            "rather", "or rather", "it should be", "should be", "it's actually", "i meant",
            "is", "was", "it was", "we'll say", "i'd say", "i would say", "would be",
        },
        key=lambda phrase: -len(phrase),
    )
)  # fmt: skip

# What a read-back or an eager caller says after the value.
TAILS = (
    "is that right", "is that correct", "did i get that right", "did i get it right",
    "do i have that right", "have i got that right", "is this right", "is this correct",
    "right", "correct", "okay", "ok", "please", "thanks", "thank you", "that's it", "thats it",
    "that is it", "that's all", "you know", "got it", "did you get that", "did you get it",
    "if that helps", "if that works", "i think", "i believe", "i guess", "yes", "yeah", "sir",
    "ma'am", "by the way", "speaking", "here", "all right", "alright", "is it", "isn't it",
    "over", "does that work", "is that okay", "is that ok", "that's right", "that's correct",
    "and you", "what about you", "how are you", "how can i help", "nice to meet you", "as well",
    "too", "for sure", "you see", "will do", "sorry", "or so", "and that's it", "say",
)  # fmt: skip

# Around a value that the bot reads back.
FRAME_STARTS = (
    "let me read that back",
    "let me read it back",
    "i have",
    "so that's",
    "so that is",
    "got it",
    "okay",
    "just to confirm",
    "to confirm",
    "let me check",
    "i've got",
)
FRAME_ENDS = (
    "is that right",
    "is that correct",
    "did i get that right",
    "right",
    "correct",
    "do i have that right",
    "is this right",
    "is this correct",
    "did i get it right",
    "have i got that right",
)
