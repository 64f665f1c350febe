"""Words around a number of people."""

PEOPLE = {
    "people", "users", "user", "seats", "seat", "employees", "employee", "folks", "staff",
    "persons", "person", "reps", "agents", "members", "colleagues", "engineers", "developers",
    "salespeople", "headcount", "licenses", "licences", "sellers", "workers", "heads", "guys",
    "associates", "teammates", "consultants", "technicians", "fte", "ftes", "humans", "hires",
    "specialists", "analysts", "managers", "nurses", "drivers", "operators", "designers",
    "representatives", "sdrs", "aes", "individuals", "team", "strong", "logins", "accounts",
    "coworkers", "contractors", "lawyers", "recruiters", "marketers", "support", "sales",
    "dispatchers", "teachers", "clerks", "advisors", "advisers", "planners", "buyers", "men",
    "women", "souls", "bodies", "crew", "salesmen", "executives",
}  # fmt: skip
TEAM_WORDS = {"team", "company", "us", "headcount", "staff", "employ", "employs", "size",
              "organization", "department", "group", "business", "workforce", "shop", "we're",
              "we"}  # fmt: skip
# After "fifty people": these make it some other crowd.
ELSEWHERE = (
    "at the picnic", "at the party", "at the wedding", "at the conference", "at the event",
    "at the concert", "at my wedding", "at the meeting", "at the dinner", "at the show",
    "at the barbecue", "at the bbq", "at the game", "at the webinar", "at the gym", "at church",
    "at the church", "at the restaurant", "at the trade show", "at the booth", "in the room",
    "in line", "in the queue", "on the train", "on the bus", "on the plane", "on this call",
    "on the call", "on hold", "ahead of me", "have told me", "told me", "called me", "died",
    "came to", "showed up", "signed up for", "at a picnic", "at a party", "at a wedding",
    "at a conference", "at an event", "at our picnic", "at our party", "on my street",
    "in my family", "for dinner", "for lunch", "at the funeral", "in the audience", "at school",
    "watching", "at the table", "in my class", "at the festival", "on the list", "before me",
)  # fmt: skip
NOT_PEOPLE = {
    "kids", "children", "dogs", "cats", "years", "year", "months", "month", "weeks", "week",
    "days", "day", "hours", "hour", "minutes", "minute", "percent", "%", "dollars", "bucks",
    "euros", "pounds", "times", "offices", "locations", "countries", "k", "o'clock", "am", "pm",
    "siblings", "brothers", "sisters", "customers", "clients", "orders", "products", "calls",
    "questions", "thing", "things", "second", "seconds", "moment", "more", "way", "sec", "grand",
    "thousand dollars", "million dollars", "usd", "quarter", "teams", "departments", "leads",
    "meetings", "tickets", "stores", "shops", "branches", "emails", "invoices", "th", "st", "nd",
    "rd", "miles", "point", "of my", "reason", "option", "problem", "issue", "systems", "tools",
    "vendors", "a.m", "p.m", "sites", "warehouses", "minute's", "step", "word", "cars", "trucks",
    "idea", "clue", "degrees", "degree",
    "yards", "feet", "inches", "kilos", "o", "secs", "mins", "hrs",
    "street", "avenue", "floor", "floors", "pages", "slides", "beers", "coffees", "a", "p",
    "year's", "grandkids", "sons", "daughters",
}  # fmt: skip
JUST_ME = ("just me", "only me", "it's me alone", "just myself", "only myself", "myself only",
           "i'm alone", "i work alone", "it's only me", "one man show", "one man band",
           "one woman show", "i'm a one man", "solo", "i'm on my own", "on my own",
           "one person", "sole proprietor", "freelancer", "by myself", "i am the team",
           "i'm the team", "i'm the only one")  # fmt: skip
# Said behind "me and my": another person, however many people the company has.
PARTNERS = {"co-founder", "cofounder", "founder", "partner", "wife", "husband", "assistant",
            "colleague", "brother", "sister", "son", "daughter", "boss", "friend", "coworker",
            "secretary", "receptionist", "spouse"}  # fmt: skip
TEAMS = {"teams", "groups", "offices", "departments", "locations", "branches", "shifts", "crews",
         "squads", "stores", "clinics", "sites"}  # fmt: skip
