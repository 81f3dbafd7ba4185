"""The JSON that others build on: keys may be added, none may be renamed or go."""

from typing import get_args

import msgspec
import pytest

from netguard.alerts.listing import AlertState
from netguard.checking import FailingAlert, Seen
from netguard.checking import Verdict as Checked
from netguard.cli.alert import Delivery
from netguard.cli.device import DeviceReport, FdbRow
from netguard.emergency.report import PortReport
from netguard.findings import Claimant, Evidence, Finding, Location
from netguard.forwarding.changes import AddressChange, Change
from netguard.forwarding.listing import Row
from netguard.forwarding.records import (
    AddressReport,
    AddressState,
    BlockReport,
    Path,
    PathHop,
    ServerReport,
    Verdict,
)
from netguard.history import PortStatus
from netguard.inventory import SwitchPort
from netguard.servers.nightly import SweepReport
from netguard.sweep import Report
from netguard.watch.events import Event
from netguard.whereis import HostReport, Station
from probes.records import ArpEntry, Gap, Interface, InterfaceAddress, Neighbor

PROMISED = {
    Report: "started duration_s segments counts findings gaps",
    Event: "time event detail happening finding segments counts duration_s gap deed notice",
    Gap: "subject kind detail remedy",
    Finding: "id kind severity state first_seen last_seen segment address server claimants"
    " evidence summary advice",
    Claimant: "mac vendor role server location",
    Location: "device port if_index vlan seen",
    Evidence: "source seen detail",
    HostReport: "query stations gaps",
    Station: "mac addresses server location path",
    SwitchPort: "device port",
    DeviceReport: "name platform sys_descr sys_object_id interfaces addresses arp fdb neighbors"
    " virtual_gateways gaps",
    Interface: "if_index name descr alias phys_address admin_status oper_status",
    InterfaceAddress: "ip prefix_length if_index",
    ArpEntry: "ip mac if_index",
    FdbRow: "vlan mac base_port if_index port status",
    PortReport: "action_id device port if_index outcome refused_by before after stations"
    " conflict_cleared undo",
    PortStatus: "admin oper",
    Neighbor: "protocol if_index port remote_name remote_port remote_chassis",
    ServerReport: "server address verdict blocks addresses probes_sent duration_s findings gaps"
    " customer summary advice evidence overturned_by vantages disagreements started paths",
    BlockReport: "block bound forwarded looped elsewhere silent undecided asked sampled",
    AddressReport: "address state alive via hops rtt_ms evidence seen_from",
    Path: "address method arrived hops",
    PathHop: "hop said source name rtt_ms",
    Row: "server customer address verdict assigned used forwarded looped elsewhere silent undecided"
    " checked summary",
    SweepReport: "started duration_s segments counts findings gaps verdicts changes resolved"
    " resumed",
    Change: "server before after addresses",
    AddressChange: "address before after",
    Checked: "status summary findings segments failing_alerts stale_s details",
    Seen: "name last_sweep age_s stale gaps",
    FailingAlert: "alert attempts error",
    AlertState: "number scheme severity told_at waiting waiting_since attempts last_attempt error",
    Delivery: "number scheme severity delivered detail remedy",
}


@pytest.mark.parametrize("record", PROMISED, ids=lambda record: record.__name__)
def test_the_promised_keys_are_there(record: type[msgspec.Struct]) -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(record)}
    assert keys >= set(PROMISED[record].split())


def test_the_words_of_a_server_and_its_addresses_are_the_promised_ones() -> None:
    assert get_args(AddressState) == (
        *("bound", "forwarded", "looped", "elsewhere", "silent", "undecided"),
    )
    assert get_args(Verdict) == (
        *("plain", "vpn-gateway", "colocation-gateway", "gateway", "undecided"),
    )
