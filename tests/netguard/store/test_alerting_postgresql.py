"""How far each alert was told, on a PostgreSQL server of our own."""

from tests.netguard.store import test_alerting as cases
from tests.netguard.store import test_postgresql as postgresql

pytestmark = postgresql.pytestmark
server, url, store = postgresql.server, postgresql.url, postgresql.store

test_a_new_alert_is_told_only_of_what_is_from_now_on = (
    cases.test_a_new_alert_is_told_only_of_what_is_from_now_on
)
test_a_new_alert_is_told_of_what_this_run_has_written_already = (
    cases.test_a_new_alert_is_told_of_what_this_run_has_written_already
)
test_news_are_the_turns_in_their_order_with_the_finding_as_it_stands_now = (
    cases.test_news_are_the_turns_in_their_order_with_the_finding_as_it_stands_now
)
test_a_cursor_comes_back_whole_in_the_next_process = (
    cases.test_a_cursor_comes_back_whole_in_the_next_process
)
test_a_cursor_is_never_moved_back = cases.test_a_cursor_is_never_moved_back
test_of_two_processes_that_would_tell_the_same_one_does = (
    cases.test_of_two_processes_that_would_tell_the_same_one_does
)
test_retention_leaves_what_a_cursor_counts_by = cases.test_retention_leaves_what_a_cursor_counts_by
