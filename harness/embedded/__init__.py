"""The embedded default: a small multilingual encoder and real text, so that a study runs without a hub and without a
GPU.

``encoder/`` is a folder as ``save_pretrained`` writes it. ``data/`` is in XTREME's download layout. ``text/`` holds
unlabelled passages, one a line. ``make_corpora.py`` wrote the data and the text; ``e5_small.py`` and
``make_encoder.py`` wrote the encoder. NOTICE names the sources and licences.
"""

from pathlib import Path

HERE = Path(__file__).parent
ENCODER = HERE / "encoder"
DATA = HERE / "data"
UDPOS = DATA / "udpos"
PAWSX = DATA / "pawsx"
TEXT = HERE / "text"
