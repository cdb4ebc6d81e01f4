"""Ranges of hyperparameters in Ray Tune's own words: ``loguniform(1e-5, 1e-3)``, ``randint(0, 10)``, ``choice([16,
32])``.

The words, the order of their arguments and their meaning are ``ray.tune``'s: the upper bound of ``randint`` and
``lograndint`` is never drawn, that of the words with a ``q`` is, save where whole numbers have ``q`` 1. Values of
``quniform`` and ``qloguniform`` are rounded to the nearest multiple of ``q``, so that the two ends come half as often
as the others; the multiples of ``qrandint`` come equally often. Imports neither torch nor Ray.
"""

from harness.ranges.interval import INTERVALS as INTERVALS
from harness.ranges.interval import Interval as Interval
from harness.ranges.lists import Choice as Choice
from harness.ranges.lists import Constant as Constant
from harness.ranges.lists import GridSearch as GridSearch
from harness.ranges.reading import LISTS as LISTS
from harness.ranges.reading import Range as Range
from harness.ranges.reading import range_from as range_from
from harness.ranges.reading import space as space
from harness.ranges.words import choice as choice
from harness.ranges.words import grid_search as grid_search
from harness.ranges.words import lograndint as lograndint
from harness.ranges.words import loguniform as loguniform
from harness.ranges.words import qlograndint as qlograndint
from harness.ranges.words import qloguniform as qloguniform
from harness.ranges.words import qrandint as qrandint
from harness.ranges.words import quniform as quniform
from harness.ranges.words import randint as randint
from harness.ranges.words import uniform as uniform
