"""An attempt that a second Ctrl-C tears out of its loop: prints what is told, then the history.

In a process of its own: Python 3.11 counts its recursion wrongly after such an end.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from netguard.cli import port_acts
from netguard.cli.common import App, print_json
from netguard.config import read
from netguard.emergency.known import Known
from netguard.emergency.report import planned
from netguard.remember import Memory
from netguard.shutdown import plan
from netguard.switches.switch import PortState
from tests.closing import Device, Pages, attempt
from tests.config_files import write
from tests.deciding import closing


class Torn(Device):
    async def set_admin_status(self, port: PortState, *, up: bool) -> str:
        await super().set_admin_status(port, up=up)
        raise KeyboardInterrupt  # as the event loop does at the second one


def main(folder: Path) -> None:
    pages, situation = Pages(), closing()
    known = Known(url="", memory=Memory(url=""), journal=pages)
    desk = port_acts._Desk(App(), read(write(folder)).config, known)
    before = planned(plan(situation))
    report = port_acts._carried_out(desk, situation, attempt(Torn(), pages), before)
    print_json({"report": report, "steps": [record.step for record in pages.written]})


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        main(Path(name))
