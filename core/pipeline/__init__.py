"""The use cases, step by step: the only verbs by which screens, commands and the API write."""
