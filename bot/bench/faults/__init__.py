"""`leadline bench faults`: providers fail in calls on real audio; what is heard of it?"""
