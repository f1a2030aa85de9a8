from pathlib import Path

MAPPING = """
account = "old broker"
sides = { BOT = "buy", SLD = "sell" }
[columns]
execution_id = "Id"
executed_at = ["When"]
symbol = "Symbol"
side = "Side"
quantity = "Qty"
price = "Price"
""".replace("BOT", "bot").replace("SLD", "sld")
HEADER = "Id,When,Symbol,Side,Qty,Price\n"
FILE = HEADER + "1,2020-05-20T15:00:00Z,MSFT,BOT,10,300\n2,2020-05-21T15:00:00Z,MSFT,SLD,4,301\n"


def files(folder: Path, text: str = FILE) -> list[str]:
    (folder / "mapping.toml").write_text(MAPPING)
    (folder / "fills.csv").write_text(text)
    return ["import", str(folder / "fills.csv"), "--mapping", str(folder / "mapping.toml")]


def test_a_preview_tells_what_would_come_and_stores_nothing(daybias, tmp_path: Path):
    told = daybias(*files(tmp_path), "--preview")
    assert "2 executions (2 new, 0 revised, 0 same)" in told.output
    assert "MSFT" not in daybias("journal").output


def test_an_import_is_in_the_journal(daybias, tmp_path: Path):
    daybias(*files(tmp_path))
    assert "MSFT" in daybias("journal").output


def test_bad_lines_are_named_and_nothing_is_stored(daybias, tmp_path: Path):
    refused = daybias(*files(tmp_path, FILE.replace(",10,", ",ten,")))
    assert (refused.exit_code, "line 2" in refused.output) == (1, True)


def test_bad_lines_are_kept_where_that_is_asked_for(daybias, tmp_path: Path):
    told = daybias(*files(tmp_path, FILE.replace(",4,", ",four,")), "--keep-bad")
    assert "Lines that cannot be read" in told.output
    assert "four" in daybias("quarantine").output


def test_an_export_prints_what_was_imported(daybias, tmp_path: Path):
    daybias(*files(tmp_path))
    lines = daybias("export", "executions", "--account", "old broker").output.splitlines()
    assert [line.split(",")[3] for line in lines] == ["symbol", "MSFT", "MSFT"]


def test_an_export_goes_to_a_file(daybias, tmp_path: Path):
    daybias(*files(tmp_path))
    to = tmp_path / "out.jsonl"
    daybias("export", "executions", "--format", "jsonl", "--to", str(to))
    assert len(to.read_text().splitlines()) == 2


def test_a_mistake_does_not_empty_an_older_export(connected, tmp_path):
    file = tmp_path / "fills.csv"
    file.write_text("kept")
    told = connected("export", "executions", "--account", "PA9", "--to", str(file))
    assert (told.exit_code, file.read_text()) == (1, "kept")


def test_one_end_of_what_a_report_covers_is_not_left_out_in_silence(connected, tmp_path):
    file = tmp_path / "fills.csv"
    file.write_text("x")
    report = ("import", str(file), "--report", "tradovate:fills_report")
    assert connected(*report, "--whole-from", "2026-06-01").exit_code == 2
