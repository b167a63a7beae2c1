"""The store: state and small results, on SQLite or Postgres by one URL. Every SQL sentence to it stands here."""
