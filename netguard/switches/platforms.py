"""How the makes of devices differ where they are changed, as tables: a make is data, not code.

ifAdminStatus is the same on all of them. Saving is not, and OLD-CISCO-SYS-MIB writeMem is left out
on purpose: a 0 there erases what the device starts with.
"""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

_FOUNDRY = "1.3.6.1.4.1.1991.1.1.2.1"  # FOUNDRY-SN-AGENT-MIB snAgentGbl
_CC_COPY = "1.3.6.1.4.1.9.9.96.1.1.1.1"  # CISCO-CONFIG-COPY-MIB ccCopyEntry
_ROW = "{row}"

Assignment = tuple[str, int]
"""An object, and the INTEGER that it is set to."""


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """A way to make the running configuration the one the device starts with.

    `order` is set in one request, then `state` is read until it says `done` or `failed`; `row` in
    an object's name is a number that nobody else uses. `cause` says why it failed, `cleanup` is
    set once it has ended. `standing` means that `state` is there before the order, so that its
    absence shows that the device does not know this way.
    """

    order: tuple[Assignment, ...]
    state: str
    states: Mapping[int, str]
    done: str
    failed: str
    cause: str = ""
    causes: Mapping[int, str] = {}
    cleanup: tuple[Assignment, ...] = ()
    standing: bool = True


def in_row(way: Saving, row: int) -> Saving:
    """Return the way with the row's number in the names of its objects."""
    return replace(
        way,
        order=_named(way.order, row),
        state=way.state.format(row=row),
        cause=way.cause.format(row=row),
        cleanup=_named(way.cleanup, row),
    )


def _named(order: tuple[Assignment, ...], row: int) -> tuple[Assignment, ...]:
    return tuple((oid.format(row=row), value) for oid, value in order)


_NVRAM_STATES = {1: "normal", 2: "error", 3: "write", 4: "writing", 5: "busy"}
_WRITE = 3


def _foundry(oid: str) -> Saving:
    return Saving(
        order=((oid, _WRITE),), state=oid, states=_NVRAM_STATES, done="normal", failed="error"
    )


_CATALYST = Saving(
    order=(
        (f"{_CC_COPY}.3.{_ROW}", 4),  # ccCopySourceFileType runningConfig
        (f"{_CC_COPY}.4.{_ROW}", 3),  # ccCopyDestFileType startupConfig
        (f"{_CC_COPY}.14.{_ROW}", 4),  # ccCopyEntryRowStatus createAndGo
    ),
    state=f"{_CC_COPY}.10.{_ROW}",
    states={1: "waiting", 2: "running", 3: "successful", 4: "failed"},
    done="successful",
    failed="failed",
    cause=f"{_CC_COPY}.13.{_ROW}",
    causes={
        1: "unknown",
        2: "badFileName",
        3: "timeout",
        4: "noMem",
        5: "noConfig",
        6: "unsupportedProtocol",
        7: "someConfigApplyFailed",
        8: "systemNotReady",
        9: "requestAborted",
    },
    cleanup=((f"{_CC_COPY}.14.{_ROW}", 6),),  # destroy
    standing=False,
)

SAVING: Mapping[str, tuple[Saving, ...]] = {
    # snAgSaveConfig, and the older snAgWriteNVRAM that it replaces.
    "foundry": (_foundry(f"{_FOUNDRY}.73.0"), _foundry(f"{_FOUNDRY}.3.0")),
    "catalyst": (_CATALYST,),
}
