"""The command line's commands, a file each: its options, and what it does with them.

Heavy libraries are imported where a command needs them, so that ``list`` and ``--help`` answer at once.
"""

from harness.cli.commands import check, compare, fisher, list_studies, report, run, search, show

COMMANDS = (list_studies, show, check, run, search, report, compare, fisher)
"""In the order of the help; each has ``add``, which adds its parser."""
