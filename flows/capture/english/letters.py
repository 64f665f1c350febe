"""Letters as they are said: their names, words for letters, and what recognisers make of them."""

NATO = {
    "alpha": "a", "alfa": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e",
    "foxtrot": "f", "golf": "g", "hotel": "h", "india": "i", "juliet": "j", "juliett": "j",
    "kilo": "k", "lima": "l", "mike": "m", "november": "n", "oscar": "o", "papa": "p",
    "quebec": "q", "romeo": "r", "sierra": "s", "tango": "t", "uniform": "u", "victor": "v",
    "whiskey": "w", "whisky": "w", "xray": "x", "x-ray": "x", "yankee": "y", "zulu": "z",
}  # fmt: skip
# Seen or likely: what recognisers write for the words above.
NATO_HEARD = {
    "alfred": "a", "alfalfa": "a", "offa": "a", "elpha": "a", "alphas": "a", "brava": "b",
    "bravado": "b", "brother": "b", "charly": "c", "charley": "c", "charles": "c", "shirley": "c",
    "delva": "d", "delter": "d", "dalta": "d", "elta": "d", "dealt": "d", "eco": "e", "ecko": "e",
    "eggo": "e", "ekko": "e", "echoed": "e", "fox": "f", "foxtrots": "f", "fox-trot": "f",
    "gulf": "g", "gold": "g", "goals": "g", "gough": "g", "hotell": "h", "hotels": "h",
    "otel": "h", "indya": "i", "indian": "i", "hindia": "i", "julia": "j", "juliette": "j",
    "julie": "j", "juliets": "j", "giuliet": "j", "kilos": "k", "keelo": "k", "killo": "k",
    "lema": "l", "leema": "l", "lemur": "l", "leaner": "l", "myke": "m", "mic": "m", "might": "m",
    "mikes": "m", "novembers": "n", "remember": "n", "oskar": "o", "oscars": "o", "ask her": "o",
    "pappa": "p", "poppa": "p", "puppa": "p", "papaw": "p", "kebec": "q", "cubic": "q",
    "quebeck": "q", "kibek": "q", "cue back": "q", "romio": "r", "rome": "r", "romeos": "r",
    "siera": "s", "sierre": "s", "cierra": "s", "sera": "s", "sarah": "s", "tangle": "t",
    "kangal": "t", "tanger": "t", "mango": "t", "kango": "t", "tangos": "t", "uniforms": "u",
    "unicorn": "u", "vector": "v", "viktor": "v", "victory": "v", "wiskey": "w", "viskey": "w",
    "risky": "w", "exray": "x", "ex-ray": "x", "extra": "x", "yanky": "y", "yankees": "y",
    "janky": "y", "yanki": "y", "zoolo": "z", "zulus": "z", "sulu": "z", "sooloo": "z",
    "lulu": "z", "zoo loo": "z",
}  # fmt: skip
# Common words for letters besides NATO, for "N november"-like pairs and for saying a letter.
LETTER_NAMES = {
    "ay": "a", "eh": "a", "hey": "a", "bee": "b", "be": "b", "cee": "c", "see": "c", "sea": "c",
    "si": "c", "dee": "d", "de": "d", "ee": "e", "ef": "f", "eff": "f", "gee": "g", "jee": "g",
    "aitch": "h", "haitch": "h", "aych": "h", "eye": "i", "aye": "i", "jay": "j", "jaye": "j",
    "kay": "k", "cay": "k", "el": "l", "ell": "l", "elle": "l", "em": "m",
    "emm": "m", "en": "n", "enn": "n", "oh": "o", "owe": "o", "pee": "p", "pea": "p", "cue": "q",
    "queue": "q", "kew": "q", "are": "r", "ar": "r", "arr": "r", "our": "r", "ess": "s", "es": "s",
    "tee": "t", "tea": "t", "ti": "t", "you": "u", "yu": "u", "ew": "u", "vee": "v", "ve": "v",
    "dubya": "w", "ex": "x", "eks": "x", "why": "y", "wye": "y", "zee": "z", "zed": "z", "zet": "z",
}  # fmt: skip
# Never a word of its own, so that even alone it is a letter.
PURE_LETTER_NAMES = {"cee", "aitch", "haitch", "wye", "zed", "dubya", "eff", "emm", "enn", "ess",
                     "vee", "zee", "aych"}  # fmt: skip
# Letter names that are too common as words to begin spelling with.
COMMON_WORDS = {
    "be",
    "see",
    "sea",
    "si",
    "de",
    "hey",
    "eh",
    "oh",
    "owe",
    "are",
    "our",
    "you",
    "why",
    "eye",
    "okay",
    "ok",
    "es",
    "el",
    "ex",
    "ew",
    "tea",
    "an",
    "en",
}
# Groups that recognisers (and people on the telephone) take for each other.
SOUND_ALIKE = ("bdegptcvz3", "ajhk8", "fsx", "iy5", "mn", "uqw2", "o0l4", "cksq", "szc", "fpv",
               "jgy", "vwb", "ieay", "dt", "bp", "kg")  # fmt: skip
# Said between letter and word: "B as in boy".
AS_IN = ("as it", "as a", "is an", "isn't a", "isn't an", "as is", "as the", "as in", "is in",
    "as an", "like in", "as and", "for", "like", "as", "from", "is for",
         "as in the word", "such as", "has in", "azin", "asin", "of", "isn't", "in")  # fmt: skip
SURE_AS_IN = ("as in", "is in", "as an", "like in", "as in the word", "has in", "is for", "azin",
              "asin", "as and", "as", "such as",
              "as it", "as a", "is an", "isn't a", "isn't an", "as is", "as the")  # fmt: skip
PHONETIC = {
    "a": "Alpha", "b": "Bravo", "c": "Charlie", "d": "Delta", "e": "Echo", "f": "Foxtrot",
    "g": "Golf", "h": "Hotel", "i": "India", "j": "Juliet", "k": "Kilo", "l": "Lima", "m": "Mike",
    "n": "November", "o": "Oscar", "p": "Papa", "q": "Quebec", "r": "Romeo", "s": "Sierra",
    "t": "Tango", "u": "Uniform", "v": "Victor", "w": "Whiskey", "x": "X-ray", "y": "Yankee",
    "z": "Zulu",
}  # fmt: skip
