"""The command line's commands, one file each: the options and the action of a command.

Each command imports heavy libraries itself, so ``list`` and ``--help`` answer at once.
"""

from harness.cli.commands import (
    check,
    compare,
    completion,
    doctor,
    fisher,
    list_studies,
    plan,
    report,
    run,
    search,
    show,
)

COMMANDS = (list_studies, show, check, plan, run, search, report, compare, fisher, doctor, completion)
"""The commands in the order of the help. Each module has a function ``add`` that adds the command's parser."""
