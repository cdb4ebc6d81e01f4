"""Bold scores in tables, and the note on them."""

from analysis.sections import best, languages, stress, summary
from tests.helpers.report_rows import COLD, HOT, at_rates, cells, marked, table_of, two_rates, view


def test_nothing_is_bold_and_nothing_said_of_it_where_there_is_one_method() -> None:
    for rows in (at_rates({"vanilla": [COLD, HOT]}), at_rates({"bitfit": [COLD, HOT]})):
        seen = view(rows)
        sections = [module.section(seen) for module in (summary, best, languages, stress)]
        made_of = [table for section in sections if section is not None for table in section.tables]
        assert {"summary", "best", "best-languages", "languages", "stress"} <= {table.name for table in made_of}
        for table in made_of:
            assert not any("Bold" in note for note in table.notes), table.name
            assert "**" not in table.markdown().partition("\n")[2], table.name


def test_what_is_bold_is_over_the_most_runs_and_languages_and_is_said() -> None:
    rows = two_rates(("vanilla", ("de", "hi")), ("l2(strength=1)", ("de", "hi")), ("ewc(strength=1)", ("de",)))
    rows = [
        {**row, "score": row["score"] + 1} if row["method"].startswith("l2") and row["language"] == "hi" else row
        for row in rows
    ]
    high = view(rows)
    for section, name in ((summary.section(high), "summary"), (best.section(high), "best")):
        assert not marked(table_of(section, name), "zero-shot")  # ewc's 70 is higher, but only for German
    assert not any(
        cell.best
        for cell in cells(table_of(languages.section(high), "languages"), "zero-shot").values()
        if cell != "zero-shot"
    )
    low = [
        {**row, "score": 20.0} if row["method"].startswith("ewc") and row["language"] == "de" else row for row in rows
    ]
    seen = view(low)
    for section, name in ((summary.section(seen), "summary"), (best.section(seen), "best")):
        table = table_of(section, name)
        assert marked(table, "zero-shot") == ["l2(strength=1)"]
        assert marked(table, "en") == ["vanilla", "l2(strength=1)", "ewc(strength=1)"]  # equally good
        assert any(
            note.startswith("Bold: the highest mean of a column among the means over the most finished runs (")
            for note in table.notes
        )
    for section, name in ((languages.section(seen), "languages"), (best.section(seen), "best-languages")):
        row = cells(table_of(section, name), "zero-shot")
        assert [row[method].best for method in seen.results.methods] == [False, True, False]
        assert any(note.startswith("Bold: the highest mean of a row") for note in table_of(section, name).notes)
