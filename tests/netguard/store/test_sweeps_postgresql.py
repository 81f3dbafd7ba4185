"""The last sweep of each segment, on a PostgreSQL server of our own."""

from tests.netguard.store import test_postgresql as postgresql
from tests.netguard.store import test_sweeps as cases

pytestmark = postgresql.pytestmark
server, url, store = postgresql.server, postgresql.url, postgresql.store

test_each_segment_has_its_own_last_sweep = cases.test_each_segment_has_its_own_last_sweep
test_a_name_may_hold_anything = cases.test_a_name_may_hold_anything
test_a_sweep_is_found_under_any_number_of_others = (
    cases.test_a_sweep_is_found_under_any_number_of_others
)
