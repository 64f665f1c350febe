"""English names for what a voice reads back."""

SEPARATORS = {".": "dot", "_": "underscore", "-": "dash", "+": "plus"}
DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAY_NAMES = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
PERIOD_NAMES = {"year": "a year", "month": "a month", "once": "in total"}
CURRENCIES = {
    "USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "INR": "rupees",
    "CHF": "Swiss francs", "CAD": "Canadian dollars", "AUD": "Australian dollars",
    "NZD": "New Zealand dollars", "SGD": "Singapore dollars", "HKD": "Hong Kong dollars",
    "SEK": "kronor", "DKK": "kroner", "PLN": "zloty", "MXN": "pesos", "BRL": "reais",
    "CNY": "yuan", "ILS": "shekels", "AED": "dirhams", "ZAR": "rand",
}  # fmt: skip
_ONSETS = """bl br ch cl cr dr dw fl fr gh gl gn gr kh kl kn kr mc ph pl pr ps rh sc sh sk sl sm sn
sp sq st sv sw th tr ts tw vl vr wh wr zh zw"""
ONSETS = frozenset(_ONSETS.split())
"""Two consonants with which a word can begin."""
