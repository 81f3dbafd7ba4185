"""Asks what servers do with their addresses, from several places, and remembers what it was told.

`ground` is what must be known first, `places` where is asked from, `check` asks and reports,
`memory` keeps the reports, `nightly` goes through all servers and says what changed.
"""
