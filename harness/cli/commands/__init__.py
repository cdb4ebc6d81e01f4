"""The command line's commands, one file each: the options and the action of a command.

Heavy libraries are imported only in the commands that need them, so that ``list`` and ``--help`` answer at once.
"""

from harness.cli.commands import check, compare, completion, doctor, fisher, list_studies, report, run, search, show

COMMANDS = (list_studies, show, check, run, search, report, compare, fisher, doctor, completion)
"""The commands in the order of the help. The ``add`` of each adds its parser."""
