"""The questions that screens, commands and the API ask, a file a subject. They only read."""
