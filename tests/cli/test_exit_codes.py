from pathlib import Path

from assess.cli.exit_codes import MEANINGS, ExitCode


def test_the_docs_have_the_table_of_the_code():
    table = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert rows == [f"| {code.value} | {MEANINGS[code]} |" for code in ExitCode]
