"""``example/udpos``: part-of-speech tags, the paper's 13 target languages. 144 trials, about three hours on two cores
with bf16.
"""

from search_spaces.example import full_depth

STUDY = full_depth("udpos", strengths=(0.01, 0.001))
