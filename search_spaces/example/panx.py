"""``example/panx``: named entities, 14 target languages. 144 trials, about 100 minutes on two cores with bf16."""

from search_spaces.example import full_depth

STUDY = full_depth("panx", strengths=(0.01, 0.1))
