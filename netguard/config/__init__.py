"""netguard.toml: what it says, and everything that is wrong with it.

`load` is what commands call. Inside: `tables` and `shapes` read the file, `values` its texts,
`server_file` the CSV beside it; `consistency` and `references` say what contradicts what;
`logins` has the secrets, once they are needed.
"""

from netguard.config.logins import credentials, ssh_login, write_credentials
from netguard.config.reading import Config, Reading, load, read, secret_problems

__all__ = [
    "Config",
    "Reading",
    "credentials",
    "load",
    "read",
    "secret_problems",
    "ssh_login",
    "write_credentials",
]
