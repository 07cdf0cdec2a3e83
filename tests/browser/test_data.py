"""The Data view in a real browser: labels merged and left out, and the report downloaded."""

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Window


def messy(path: Path) -> Path:
    """60 sentences of four labels, one of them spelt in two ways; a copy and a row without text."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text", "label"])
        for i in range(60):
            out.writerow([f"sentence number {i}", ("food", "food ", "travel", "hotel")[i % 4]])
        out.writerow(["sentence number 0", "travel"])
        out.writerow(["", "travel"])
        out.writerow(["=1+1", "travel"])
        out.writerow(["=1+1", "travel"])
    return path


def upload(page: Page, path: Path) -> None:
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    page.locator("input[type=file]").set_input_files(path)


def test_labels_are_edited_and_the_report_is_downloaded(window: Window, tmp_path: Path) -> None:
    page = window.page
    window.open("/data")
    upload(page, messy(tmp_path / "messy.csv"))
    expect(page.get_by_text("63 sentences · 4 classes · 1 row left out")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="Quality report (CSV)").click()
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        report = list(csv.DictReader(file))
    assert [row["line"] for row in report if row["finding"] == "left out"] == ["63"]
    assert [r["text"] for r in report if r["finding"] == "copy of a text"] == ["'=1+1", "'=1+1"]

    page.get_by_text("Rename, merge or leave out labels").first.click()
    page.get_by_role("button", name="Merge labels that differ only in case or blanks").click()
    expect(page.get_by_text("63 sentences · 3 classes")).to_be_visible()
    expect(page.get_by_text("1 label renamed (food␣ → food)")).to_be_visible()
    expect(page.locator(".st-key-classes .ytick")).to_have_count(3)  # what is above stands still
    editor = page.get_by_test_id("stDataFrameResizable").first
    editor.click(position={"x": 40, "y": 52})  # the first line: travel
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 label left out (travel)")).to_be_visible()
    expect(page.get_by_text("45 sentences · 2 classes")).to_be_visible()
    page.get_by_role("link", name="Layers").click()
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_text("45 sentences · 2 classes")).to_be_visible()
    expect(page.get_by_text("1 label left out (travel)")).to_be_visible()
    window.picture("data_labels")
