"""netguard that dies by SIGKILL at one step of an emergency: `python -m tests.dying STEP ARG...`.

STEP is the beginning of what is said just before the step, e.g. `reading back`.
"""

import os
import signal
import sys

from netguard.cli import main, port_acts


def main_until(step: str, arguments: list[str]) -> None:
    """Run a command line, and end as by the kernel's hand when the step is about to be taken."""

    def die(said: str) -> None:
        if said.startswith(step):
            os.kill(os.getpid(), signal.SIGKILL)

    vars(port_acts)["show_step"] = die
    main(arguments)


if __name__ == "__main__":
    main_until(sys.argv[1], sys.argv[2:])
