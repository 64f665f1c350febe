"""`leadline bench recovery`: bots are killed in calls on real audio; what the caller hears."""
