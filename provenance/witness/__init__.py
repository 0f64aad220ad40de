"""A witness for logs of this kind: it cosigns what it has replayed, and nothing else (C2SP tlog-witness)."""
