"""A URL is shown without its password."""

import pytest

from harness.cli.main import main
from harness.common.errors import without_credentials
from tests.helpers.passwords import PASSWORD


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@host/x", "https://***@host/x"),
        ("s3://AKIA:se/cr+et=@bucket/a@b", "s3://***@bucket/a@b"),
        ("ftp://token@host, hdfs://u:p@h", "ftp://***@host, hdfs://***@h"),
        ("s3://bucket/run@3 a@b.c https://host:80/x", "s3://bucket/run@3 a@b.c https://host:80/x"),
    ],
)
def test_a_url_is_shown_without_its_password(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize(
    "command",
    [
        ["run", "quickstart", "--store", "URL"],
        ["show", "quickstart", "--set", "data=URL"],
        ["report", "x", "--store", "URL"],
    ],
)
@pytest.mark.parametrize(
    "url", [f"nonsense://key:{PASSWORD}@bucket/x", f"https://key:{'k' * 200}{PASSWORD}@127.0.0.1:9/x"]
)
def test_no_message_shows_a_password(command: list[str], url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([url if word == "URL" else word.replace("URL", url) for word in command]) in (0, 2)
    told = "".join(capfd.readouterr())
    assert "***@" in told
    assert PASSWORD not in told
    assert "kkk" not in told
