"""Money words."""

CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
CURRENCY_WORDS = {
    "dollars": "USD", "dollar": "USD", "bucks": "USD", "usd": "USD", "buck": "USD",
    "us dollars": "USD", "american dollars": "USD", "u.s": "USD",
    "euros": "EUR", "euro": "EUR", "eur": "EUR",
    "pounds": "GBP", "pound": "GBP", "quid": "GBP", "gbp": "GBP", "sterling": "GBP",
    "pounds sterling": "GBP", "british pounds": "GBP",
    "yen": "JPY", "jpy": "JPY", "rupees": "INR", "rupee": "INR", "inr": "INR",
    "francs": "CHF", "franken": "CHF", "chf": "CHF", "swiss francs": "CHF",
    "cad": "CAD", "canadian dollars": "CAD", "canadian": "CAD", "aud": "AUD",
    "australian dollars": "AUD", "aussie dollars": "AUD", "nzd": "NZD",
    "new zealand dollars": "NZD", "singapore dollars": "SGD", "sgd": "SGD",
    "hong kong dollars": "HKD", "kronor": "SEK", "sek": "SEK", "kroner": "DKK", "dkk": "DKK",
    "nok": "NOK", "zloty": "PLN", "pln": "PLN", "pesos": "MXN", "mxn": "MXN", "reais": "BRL",
    "yuan": "CNY", "rmb": "CNY", "cny": "CNY", "shekels": "ILS", "dirhams": "AED", "aed": "AED",
    "rand": "ZAR", "zar": "ZAR", "won": "KRW",
}  # fmt: skip
# What recognisers make of the period right behind "sixty thousand a".
RATES = {"a", "an", "per", "each"}
MISHEARD_PERIODS = {
    **dict.fromkeys(("mine", "mouth", "moth", "monk", "mont", "munt", "moon", "mump"), "month"),
    **dict.fromkeys(("ear", "yeah", "hear", "here", "yer"), "year"),
}
# Phrases, how many of them make the period, and the period.
PERIODS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "year": ((
        "a year", "per year", "per annum", "annually", "annual", "yearly", "each year",
        "every year", "p . a", "pa", "an year", "/ year", "/ yr", "per yr", "for the year",
        "over the year", "in a year", "this year's budget", "a yr", "the year", "/ annum",
        "for a year", "over a year", "over twelve months", "over 12 months", "next year's budget",
        "in the year", "year on year", "one year", "for this year", "for next year",
        "per fiscal year",
        "a fiscal year", "every twelve months",
    ), 1, "year"),
    "quarter": (("a quarter", "per quarter", "quarterly", "each quarter", "every quarter"),
                4, "year"),
    "month": ((
        "a month", "per month", "monthly", "each month", "every month", "/ month", "/ mo",
        "per mo", "a mo", "month to month", "the month", "for the month",
    ), 1, "month"),
    "week": (("a week", "per week", "weekly", "each week", "every week"), 52, "year"),
    "once": ((
        "one time", "one-time", "once", "one off", "one-off", "upfront", "up front", "in total",
        "total", "all in", "lump sum", "for the project", "for the whole project", "onetime",
        "a one time", "for the whole thing", "altogether", "flat", "single payment", "all up",
        "for everything", "for the entire project", "one shot", "overall", "fixed", "as a whole",
        "all told", "all together",
    ), 1, "once"),
}  # fmt: skip
AT_MOST = (
    "up to", "at most", "no more than", "not more than", "under", "less than", "below", "maximum",
    "max", "a maximum of", "maximum of", "max of", "capped at", "cap of", "within", "not over",
    "nothing over", "a cap of", "can't go over", "can't exceed", "cannot exceed", "not exceed",
    "not exceeding", "tops", "limit of", "limit is", "ceiling of", "ceiling is", "not above",
    "fewer than", "max is", "maximum is", "at the most", "stay under", "as much as", "cap is",
)  # fmt: skip
AT_LEAST = (
    "at least", "more than", "over", "above", "minimum", "a minimum of", "minimum of", "upwards of",
    "starting at", "starting from", "not less than", "no less than", "min", "north of",
    "in excess of", "upward of", "from", "greater than", "well over", "minimum is", "exceeding",
)  # fmt: skip
MONEY_WORDS = {
    "budget", "spend", "spending", "pay", "paying", "cost", "costs", "invest", "afford",
    "budgeted", "price", "allocated", "money", "fund", "funds", "earmarked", "approved",
    "investment", "set", "aside",
}  # fmt: skip
# A number in front of these is no amount.
NOT_MONEY = {
    "people", "users", "user", "seats", "seat", "employees", "employee", "folks", "staff",
    "persons", "reps", "agents", "members", "customers", "clients", "kids", "children", "months",
    "month", "weeks", "week", "days", "day", "years", "year", "hours", "hour", "minutes",
    "minute", "percent", "%", "times", "offices", "locations", "countries", "sites", "calls",
    "leads", "tickets", "emails", "orders", "engineers", "developers", "salespeople", "contacts",
    "o'clock", "am", "pm", "miles", "products", "licenses", "licences", "laptops", "devices",
    "servers", "followers", "records", "transactions", "invoices", "stores", "shops", "teams",
    "departments", "headcount", "quarters", "units", "th", "st", "nd", "rd", "contractors",
    "managers", "subscribers", "visitors", "pages", "projects", "branches", "of us", "warehouses",
}  # fmt: skip
# No people, but an amount may well stand in front of them ("twenty a month", "ten grand").
MAY_BE_MONEY = {
    "k", "grand", "dollars", "bucks", "euros", "pounds", "usd", "a", "p", "quarter", "more",
    "thousand dollars", "million dollars", "point", "total", "leads", "step", "once",
}  # fmt: skip
SIX_FIGURES = {"four": 4, "4": 4, "five": 5, "5": 5, "six": 6, "6": 6, "seven": 7, "7": 7,
               "eight": 8, "8": 8}  # fmt: skip
