"""Where callers say they are, as far as it says which time zone they live by."""

PLACES = {
    "boston": "America/New_York", "philadelphia": "America/New_York", "atlanta": "America/New_York",
    "miami": "America/New_York", "florida": "America/New_York", "georgia": "America/New_York",
    "washington d c": "America/New_York", "washington dc": "America/New_York",
    "new jersey": "America/New_York", "massachusetts": "America/New_York",
    "pennsylvania": "America/New_York", "ohio": "America/New_York", "virginia": "America/New_York",
    "north carolina": "America/New_York", "detroit": "America/Detroit",
    "houston": "America/Chicago", "dallas": "America/Chicago", "austin": "America/Chicago",
    "minneapolis": "America/Chicago", "minnesota": "America/Chicago",
    "illinois": "America/Chicago", "wisconsin": "America/Chicago", "st louis": "America/Chicago",
    "new orleans": "America/Chicago", "nashville": "America/Chicago",
    "colorado": "America/Denver", "utah": "America/Denver", "salt lake city": "America/Denver",
    "new mexico": "America/Denver", "montana": "America/Denver",
    "phoenix": "America/Phoenix", "arizona": "America/Phoenix",
    "seattle": "America/Los_Angeles", "washington state": "America/Los_Angeles",
    "oregon": "America/Los_Angeles", "nevada": "America/Los_Angeles",
    "las vegas": "America/Los_Angeles", "san diego": "America/Los_Angeles",
    "silicon valley": "America/Los_Angeles", "the bay area": "America/Los_Angeles",
    "vancouver": "America/Vancouver", "montreal": "America/Toronto", "calgary": "America/Edmonton",
    "halifax": "America/Halifax", "mexico city": "America/Mexico_City",
    "england": "Europe/London", "scotland": "Europe/London", "wales": "Europe/London",
    "britain": "Europe/London", "the uk": "Europe/London", "the united kingdom": "Europe/London",
    "manchester": "Europe/London", "edinburgh": "Europe/London", "ireland": "Europe/Dublin",
    "germany": "Europe/Berlin", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin",
    "frankfurt": "Europe/Berlin", "france": "Europe/Paris", "lyon": "Europe/Paris",
    "spain": "Europe/Madrid", "barcelona": "Europe/Madrid", "portugal": "Europe/Lisbon",
    "lisbon": "Europe/Lisbon", "italy": "Europe/Rome", "rome": "Europe/Rome",
    "milan": "Europe/Rome", "the netherlands": "Europe/Amsterdam", "belgium": "Europe/Brussels",
    "brussels": "Europe/Brussels", "switzerland": "Europe/Zurich", "austria": "Europe/Vienna",
    "vienna": "Europe/Vienna", "poland": "Europe/Warsaw", "warsaw": "Europe/Warsaw",
    "prague": "Europe/Prague", "sweden": "Europe/Stockholm", "stockholm": "Europe/Stockholm",
    "norway": "Europe/Oslo", "oslo": "Europe/Oslo", "denmark": "Europe/Copenhagen",
    "copenhagen": "Europe/Copenhagen", "finland": "Europe/Helsinki", "athens": "Europe/Athens",
    "israel": "Asia/Jerusalem", "tel aviv": "Asia/Jerusalem", "mumbai": "Asia/Kolkata",
    "bangalore": "Asia/Kolkata", "delhi": "Asia/Kolkata", "hong kong": "Asia/Hong_Kong",
    "shanghai": "Asia/Shanghai", "beijing": "Asia/Shanghai", "china": "Asia/Shanghai",
    "seoul": "Asia/Seoul", "melbourne": "Australia/Melbourne", "brisbane": "Australia/Brisbane",
    "perth": "Australia/Perth", "new zealand": "Pacific/Auckland", "auckland": "Pacific/Auckland",
}  # fmt: skip
AT_HOME = (
    "i'm in", "i am in", "we're in", "we are in", "i live in", "based in", "located in",
    "calling from", "i'm on", "i am on", "we're on", "we are on", "i'm over in", "i'm based out of",
    "based out of", "here in", "i'm out in", "we're out in", "i'm calling from", "my time zone is",
    "our time zone is", "i work from", "our office is in", "we are out of", "we're out of",
)  # fmt: skip
MY_TIME = ("my time", "our time", "my local time", "local time", "time here", "over here",
           "where i am", "on my end", "my time zone")  # fmt: skip
YOUR_TIME = ("your time", "your local time", "where you are", "on your end",
             "your time zone")  # fmt: skip
SPOKEN = (
    ("Eastern time", "America/New_York"), ("Central time", "America/Chicago"),
    ("Mountain time", "America/Denver"), ("Pacific time", "America/Los_Angeles"),
    ("London time", "Europe/London"), ("Central European time", "Europe/Berlin"),
    ("Indian time", "Asia/Kolkata"),
)  # fmt: skip
"""How a zone is said, the usual ones first; others are said as an offset."""
