"""Ranges of hyperparameters in Ray Tune's words: ``loguniform(1e-5, 1e-3)``, ``randint(0, 10)``, ``choice([16, 32])``.

The words, the order of their arguments and their meaning are taken from ``ray.tune``:

- ``randint`` and ``lograndint`` never draw the upper bound.
- The words with a ``q`` may draw the upper bound, except for whole numbers with ``q`` 1.
- ``quniform`` and ``qloguniform`` round to the nearest multiple of ``q``, so an end gets values from one side only.
  ``quniform`` draws an end half as often as another multiple.
- ``qrandint`` draws its multiples equally often.

Imports neither torch nor Ray.
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
