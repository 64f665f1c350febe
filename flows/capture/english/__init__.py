"""The English words that capture knows. Another language is another folder with the same names."""
