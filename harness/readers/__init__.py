"""Files of words and tags in the layouts that people have, each read as what it is or refused by its name."""

from harness.readers.tagged import Tagged as Tagged
from harness.readers.tagged import checked as checked
from harness.readers.tagged import columns as columns
from harness.readers.tagged import tagged_words as tagged_words
