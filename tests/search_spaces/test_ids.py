"""Ids of the shipped studies: a store of an older version stays valid as long as they do."""

import hashlib

import pytest

import search_spaces
from harness.study import NUMERICS, NUMERICS_16_BIT, Study, TrialConfig

IDS = {
    "designs/grid": (16, "f5177c6296ce3448"),
    "designs/latin-hypercube": (16, "b587d5f17dea5408"),
    "designs/one-at-a-time": (16, "43d56c6def272243"),
    "designs/random": (16, "c618212422fac997"),
    "designs/sobol": (16, "78c76f8ea006770d"),
    "ewc-variants": (24, "f84e9808c46c432e"),
    "example/ladder": (84, "1a9e07e660df17f1"),
    "example/panx": (144, "50f9e0dd904ec997"),
    "example/strength-panx": (10, "d3d0299cb04069fd"),
    "example/strength-udpos": (10, "11ecc3471a47f6d2"),
    "example/udpos": (144, "9bae8c94eb985ceb"),
    "methods": (28, "d890c1cabdc19729"),
    "paper/ewc-variants": (15, "32f4ab417ebb188f"),
    "paper/extreme-panx": (6, "7a14bdfa6aae4f1a"),
    "paper/extreme-pawsx": (6, "589d4161a9e7af77"),
    "paper/extreme-udpos": (6, "0e5988bcfe853d5d"),
    "paper/extreme-xnli": (6, "26973569c64be6e7"),
    "paper/frechet": (3, "5727d672ea2ead69"),
    "paper/frechet-panx": (3, "12ecb23923330f14"),
    "paper/frechet-pawsx": (3, "e2b8b7b221621ed2"),
    "paper/frechet-udpos": (3, "8a61f9583a08e70e"),
    "paper/frozen-udpos": (15, "31521e1264208f6a"),
    "paper/frozen-xnli": (15, "b1ba0de1308047e4"),
    "paper/lambda-xnli": (36, "d02e32b97b6ee0df"),
    "paper/sensitivity-panx": (10, "3f154e8e04cf6a8b"),
    "paper/sensitivity-pawsx": (10, "c4b63c821635fa31"),
    "paper/sensitivity-udpos": (10, "117a22e40c921fad"),
    "paper/sensitivity-xnli": (10, "6331f838c39f0148"),
    "paper/xlmr-large-panx": (2, "c2d636c446373f50"),
    "paper/xlmr-large-pawsx": (2, "7b3bca178cebca47"),
    "paper/xlmr-large-udpos": (2, "3e453b4bace7e8e1"),
    "paper/xlmr-large-xnli": (2, "038dbe11c45b254c"),
    "paper/zero-shot-panx": (48, "7f9eccffbd6197a5"),
    "paper/zero-shot-pawsx": (21, "7ca192029523ecc0"),
    "paper/zero-shot-udpos": (45, "3f37accc32998f60"),
    "paper/zero-shot-xnli": (45, "e99cd768243d3423"),
    "quickstart": (24, "5412b1c6a6679afa"),
    "search/udpos": (6, "5c96bd6eecccbb24"),
    "short/sensitivity-udpos": (10, "1ff76e0aefd41bd3"),
    "short/sensitivity-udpos-tenfold": (10, "ab4b3f00f809113f"),
    "stability": (28, "8d2b2856f4c8dbf3"),
    "stress/batch": (24, "fc09cc220170caa5"),
    "stress/epochs": (24, "6f49a078c35ffcae"),
    "stress/label-noise": (24, "891ffd5728e2ab34"),
    "stress/ladder": (63, "08f620e4c452be52"),
    "stress/train-size": (24, "f16ae6e1a2c0d754"),
    "stress/warmup": (24, "e34c7ad9fa2d7aaa"),
}
"""Number of trials and hash of their ids, at ``NUMERICS`` 3 and ``NUMERICS_16_BIT`` 4.

A study that is changed on purpose gets a new hash.
"""


def ids(study: Study) -> list[str]:
    """These ids have fixed fingerprints in the place of the data's, the text's and the encoder's."""
    return [
        TrialConfig(
            task=study.task,
            source=study.source,
            method=method,
            setting=setting,
            seed=seed,
            replicate=replicate,
            precision="fp32" if study.precision == "auto" else study.precision,
            checkpoint=study.checkpoint,
            selected_on="dev" if study.checkpoint == "best" else "",
            encoder_revision="revision",
            training_data="train",
            texts={language: f"text of {language}" for e in method.estimates() for language in e.languages},
            encoder=study.encoder,
            data=study.data,
            targets=targets,
            test_data=dict.fromkeys((study.source, *targets), "test"),
            trim_vocabulary=study.trim_vocabulary,
        ).id
        for method, targets, setting, seed, replicate in study.runs()
    ]


def test_all_shipped_studies_are_here() -> None:
    assert sorted(IDS) == search_spaces.names()
    assert (NUMERICS, NUMERICS_16_BIT) == (3, 4)


@pytest.mark.parametrize("name", IDS)
def test_ids_stay(name: str) -> None:
    found = ids(search_spaces.load(name))
    assert (len(found), hashlib.sha256(" ".join(found).encode()).hexdigest()[:16]) == IDS[name]
