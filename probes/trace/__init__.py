"""Where a packet ends, and who passes it on: probes with a chosen hop limit, and their replies.

`wire` says what every way to send them has in common; `raw`, `ping`, `frames` and `shell` are the
ways; `asking` asks many addresses at once, no server faster than it answers.
"""
