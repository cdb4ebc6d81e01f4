"""A small table of results with the required columns only."""

MIN = "".join(
    f"{line}\n"
    for line in (
        "method,seed,language,score",
        "plain,0,en,90",
        "plain,0,de,70",
        "plain,1,en,91",
        "plain,1,de,60",
        "pulled,0,en,89",
        "pulled,0,de,72",
    )
)
