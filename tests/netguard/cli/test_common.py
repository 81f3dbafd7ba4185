import pytest

from netguard.cli.common import print_table, printable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("cat1", "cat1"),
        ("\x1b[2J\x1b[31mowned", "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}[31mowned"),
        (
            "two\nlines\tand a tab",
            "two\N{REPLACEMENT CHARACTER}lines\N{REPLACEMENT CHARACTER}and a tab",
        ),
        ("Zürich", "Zürich"),
        (None, ""),
        (7, "7"),
    ],
)
def test_what_a_device_says_cannot_move_the_cursor(said: object, shown: str) -> None:
    assert printable(said) == shown


def test_a_pipe_gets_one_line_for_a_row_whatever_a_device_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("NAME", "ALIAS"), [("Fa0/3", "a\nb\tc")])
    assert capsys.readouterr().out.count("\n") == 1
