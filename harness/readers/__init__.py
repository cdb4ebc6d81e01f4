"""Readers for files of words and tags in common layouts. Errors name known layouts that are not supported."""

from harness.readers.tagged import Tagged as Tagged
from harness.readers.tagged import checked as checked
from harness.readers.tagged import columns as columns
from harness.readers.tagged import tagged_words as tagged_words
