"""What people see: a file a page, and what they share in components."""
