"""What a store that `older_store` made must hold once it is brought up to date."""

from netguard.inventory import SwitchPort
from netguard.store import AlertCursor, ServerRecord, Store
from netguard.view import Stay
from tests.remembering import (
    THIEF,
    action,
    at,
    binding,
    finding,
    old_findings,
    remember,
    said,
    sweep_record,
)

_TAKEN, _OVER = (found.id for found in old_findings())


def holds_what_an_older_one_did(store: Store, version: str) -> None:
    """Ask for everything that this version knew of."""
    assert store.findings() == old_findings()
    told = [(e.happening, e.at, e.who, e.note) for e in store.history(_TAKEN)]
    assert told == [("opened", at(0), None, ""), ("acknowledged", at(1), "mara", "on it")]
    assert [e.happening for e in store.history(_OVER)] == ["opened", "resolved"]
    assert store.bindings(THIEF) == (binding(),)
    assert [(i.mac, i.confirmed) for i in store.gateway_identities()] == [(said().mac, at(0))]
    assert store.last_sweep() == sweep_record(2)
    assert store.actions() == ((action(), action("outcome", minute=1)) if version >= "0002" else ())
    assert store.verify().broken is None
    assert store.servers() == ((_server(),) if version >= "0003" else ())
    assert store.flights(["web-226"]) == (_flights() if version >= "0004" else {})
    assert store.alert_cursors() == ({"5e1f": _cursor()} if version >= "0005" else {})


def _server() -> ServerRecord:
    return ServerRecord(
        server="ds0142",
        checked=at(3),
        verdict="plain",
        summary="All 5 addresses are on it.",
        states={"198.51.100.20": "bound"},
        sweep=1,
    )


def _cursor() -> AlertCursor:
    return AlertCursor(
        alert="5e1f", told=2, told_at=at(2), attempts=1, last_attempt=at(3), error="not delivered"
    )


def _flights() -> dict[tuple[str, str], tuple[Stay, ...]]:
    return {
        ("web-226", THIEF): (
            Stay(port=SwitchPort("cat1", "Fa0/3"), vlan=226, seen=at(0)),
            Stay(port=SwitchPort("cat2", "Fa0/1"), vlan=None, seen=at(1)),
        )
    }


def goes_on(store: Store) -> None:
    """Write to every table: what is new continues what is old."""
    both = [finding(minute=30), finding("198.51.100.9", minute=30)]
    changes = remember(store, both, minute=30, bindings=[binding(minute=30)], moving={})
    (event,) = changes.events
    assert (event.finding, event.happening) == (_OVER, "reopened")
    assert len(store.history(_OVER)) == 3
    assert {f.flaps for f in store.findings()} == {0}  # nobody knows since when it was quiet
    assert store.bindings(THIEF)[0].first_seen == at(0)
    assert store.flights(["web-226"]) == {}
    before = store.verify().count
    store.begin(action("intent", "a9"))
    assert (store.verify().count, store.verify().broken) == (before + 1, None)
    assert store.frozen() == ()
    store.freeze("maintenance")
    assert store.thaw()
