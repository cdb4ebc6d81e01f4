"""The text of a user's own task."""

OWN = '''
from harness.tasks import PairTask


class Echo(PairTask):
    """Whether the second text repeats the first."""

    name = "echo"
    languages = ("en", "de", "sw")
    labels = ("no", "yes")


TASK = Echo()
'''
