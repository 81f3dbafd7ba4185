"""From numbers to Prometheus metrics, named as its conventions say: base units, `_total`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from netguard.metrics.numbers import FindingLabels, Numbers

Values = Iterable[tuple[Sequence[str], float]]  # the values of the labels, and the number


def render(numbers: Numbers) -> bytes:
    """Return the numbers in the text format, as UTF-8."""
    return generate_latest(registry(lambda: numbers))


def registry(source: Callable[[], Numbers]) -> CollectorRegistry:
    """Return a registry that asks for the numbers anew whenever somebody looks."""
    made = CollectorRegistry()
    made.register(_Numbers(source))
    return made


class _Numbers(Collector):
    """Shows what its source returns; only families that have something to show."""

    def __init__(self, source: Callable[[], Numbers]) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        numbers = self._source()
        for part in (_state, _sweeps, _ears, _received, _deeds):
            yield from (family for family in part(numbers) if family.samples)


def _state(numbers: Numbers) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that runs.", [((numbers.version,), 1)], "version")
    yield _gauge("store_up", "1 if the store could be used the last time.", _one(numbers.store_up))
    yield _gauge(
        "findings",
        "Findings that are open or acknowledged.",
        numbers.findings.items(),
        *FindingLabels._fields,
    )
    yield _gauge(
        "spooled_looks",
        "Looks that wait for the store, on disk or in memory.",
        _one(numbers.spooled_looks),
    )


def _sweeps(numbers: Numbers) -> Iterator[Metric]:
    swept, counts = numbers.swept, numbers.counts
    ends = _by({name: sweep.ended.timestamp() for name, sweep in swept.items()})
    took = _by({name: sweep.duration for name, sweep in swept.items()})
    gaps = _by({name: sweep.gaps for name, sweep in swept.items()})
    yield _gauge(
        "sweep_last_timestamp_seconds", "When the last sweep ended (Unix time).", ends, "segment"
    )
    yield _gauge("sweep_duration_seconds", "How long the last sweep took.", took, "segment")
    yield _gauge("sweep_gaps", "What the last sweep could not measure.", gaps, "segment")
    for name, text in (
        ("addresses_probed", "Addresses that the last sweeps asked for."),
        ("addresses_answered", "Addresses that answered in the last sweeps."),
        ("devices_read", "Devices that the last sweeps could read."),
    ):
        yield _gauge(name, text, _one(counts.get(name)))


def _ears(numbers: Numbers) -> Iterator[Metric]:
    for name, field, text in (
        ("frames", "frames", "Frames heard."),
        ("claims", "claims", "ARP and Neighbor claims among what was heard."),
        ("frames_malformed", "malformed", "Frames heard that break their standard."),
        ("frames_dropped", "dropped", "Frames that the kernel lost before they were read."),
        ("frames_repeated", "echoes", "Frames that came again at once, as in a loop."),
    ):
        values = {where: getattr(counters, field) for where, counters in numbers.heard.items()}
        yield _counter(name, text, _by(values), "segment")
    yield _counter(
        "notices",
        "Syslog lines and SNMP notifications by what they say.",
        _by(numbers.notices),
        "kind",
    )


def _received(numbers: Numbers) -> Iterator[Metric]:
    text = "Log lines and notifications: all that came, and what of it could not be understood."
    yield _counter("received", text, _by(numbers.received), "what")


def _deeds(numbers: Numbers) -> Iterator[Metric]:
    yield _counter("findings_opened", "Findings opened or reopened.", _by(numbers.opened), "kind")
    yield _counter("checks", "Targeted checks.", _one(numbers.checks))
    yield _counter("alerts_told", "Alerts that were taken.", _one(numbers.alerts_told))
    yield _counter("alert_failures", "Alerts that failed.", _one(numbers.alert_failures))
    yield _counter(
        "ports_closed",
        "Closings of ports that nobody asked for, by outcome.",
        _by(numbers.ports_closed),
        "outcome",
    )
    yield _counter(
        "schedule_late",
        "Runs that took longer than 1.5 of their intervals.",
        _by(numbers.late),
        "task",
    )


def _one(value: float | None) -> Values:
    return [] if value is None else [((), value)]


def _by(values: Mapping[str, float]) -> Values:
    return [((name,), value) for name, value in values.items()]


def _gauge(name: str, text: str, values: Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"netguard_{name}", text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _counter(name: str, text: str, values: Values, *labels: str) -> Metric:
    family = CounterMetricFamily(f"netguard_{name}", text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family
