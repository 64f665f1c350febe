"""Words of dates and times."""

MONTHS = {
    "january": 1, "jan": 1, "february": 2, "feb": 2, "febuary": 2, "march": 3, "mar": 3,
    "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6, "july": 7, "jul": 7, "august": 8,
    "aug": 8, "september": 9, "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11,
    "nov": 11, "december": 12, "dec": 12,
}  # fmt: skip
WEEKDAYS = {
    "monday": 0, "mon": 0, "tuesday": 1, "tue": 1, "tues": 1, "wednesday": 2, "wed": 2,
    "thursday": 3, "thu": 3, "thur": 3, "thurs": 3, "friday": 4, "fri": 4, "saturday": 5,
    "sat": 5, "sunday": 6, "sun": 6, "wensday": 6,
}  # fmt: skip
WEEKDAYS["wensday"] = 2
QUARTERS = {"q1": 1, "q2": 2, "q3": 3, "q4": 4}
# The last month of a season, in the northern hemisphere.
SEASONS = {"spring": 5, "summer": 8, "fall": 11, "autumn": 11, "winter": 2, "springtime": 5}
UNITS = {
    "day": "day", "days": "day", "week": "week", "weeks": "week", "fortnight": "fortnight",
    "fortnights": "fortnight", "month": "month", "months": "month", "quarter": "quarter",
    "quarters": "quarter", "year": "year", "years": "year", "wk": "week", "wks": "week",
    "yr": "year", "yrs": "year", "weekend": "week", "sprint": "fortnight", "sprints": "fortnight",
    "week's": "week", "month's": "month", "weeks'": "week", "months'": "month", "days'": "day",
    "year's": "year",
}  # fmt: skip
TIME_ZONES = {
    "eastern": "America/New_York", "est": "America/New_York", "edt": "America/New_York",
    "et": "America/New_York", "new york": "America/New_York", "central": "America/Chicago",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago",
    "mountain": "America/Denver", "mst": "America/Denver", "mdt": "America/Denver",
    "pacific": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles", "utc": "UTC", "gmt": "UTC", "zulu": "UTC",
    "london": "Europe/London", "uk": "Europe/London", "british": "Europe/London",
    "bst": "Europe/London", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "berlin": "Europe/Berlin", "german": "Europe/Berlin", "paris": "Europe/Paris",
    "french": "Europe/Paris", "central european": "Europe/Berlin", "madrid": "Europe/Madrid",
    "indian": "Asia/Kolkata", "india": "Asia/Kolkata", "ist": "Asia/Kolkata",
    "tokyo": "Asia/Tokyo", "japan": "Asia/Tokyo", "jst": "Asia/Tokyo",
    "sydney": "Australia/Sydney", "aest": "Australia/Sydney", "aedt": "Australia/Sydney",
    "singapore": "Asia/Singapore", "hawaii": "Pacific/Honolulu", "alaska": "America/Anchorage",
    "chicago": "America/Chicago", "denver": "America/Denver", "dubai": "Asia/Dubai",
    "san francisco": "America/Los_Angeles", "california": "America/Los_Angeles",
    "texas": "America/Chicago", "east coast": "America/New_York",
    "west coast": "America/Los_Angeles", "los angeles": "America/Los_Angeles",
    "toronto": "America/Toronto", "amsterdam": "Europe/Amsterdam", "dublin": "Europe/Dublin",
    "irish": "Europe/Dublin", "zurich": "Europe/Zurich", "sao paulo": "America/Sao_Paulo",
}  # fmt: skip
SOON = ("as soon as possible", "asap", "a s a p", "right away", "immediately", "straight away",
        "right now", "as quickly as possible", "as fast as possible", "like yesterday",
        "yesterday", "as early as possible", "the sooner the better")  # fmt: skip
