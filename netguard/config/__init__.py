"""netguard.toml: what it says, and everything that is wrong with it.

`load` is what commands call. Inside: `tables` and `shapes` read the file, `values` its texts,
`server_file` the CSV beside it; `consistency` and `references` say what contradicts what.
"""

from netguard.config.reading import Config, Reading, credentials, load, read, secret_problems

__all__ = ["Config", "Reading", "credentials", "load", "read", "secret_problems"]
