"""Fisher diagonals for a whole study: each is computed once, before the trials that need it, and reaches every node."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from harness import corpus, encoders, fisher, models
from harness.estimate import Estimate
from harness.fisher import Request
from harness.masking import windows
from harness.plan import origin_of
from harness.store import Store
from harness.study import Study, TrialConfig


def needed(trials: Iterable[TrialConfig]) -> list[Request]:
    """The diagonals that trials need, each once."""
    return list({request.name: request for trial in trials for request in fisher.requests(trial)}.values())


def provide(request: Request, store: Store, threads: int) -> Path:
    """A diagonal's file on this node: from its cache, from the store, or computed and then put into the store for the other nodes."""
    store.fetch(request.name)
    torch.set_num_threads(threads)
    fisher.stored(request, store.cache)
    store.publish(request.name)
    return store.cache / request.name


def lacking(requests: Iterable[Request], store: Store) -> list[Request]:
    """Those that neither this node nor the store has."""
    return [request for request in requests if not (store.has(request.name) or fisher.is_stored(request, store.cache))]


def of_study(study: Study, options: Estimate, languages: Sequence[str]) -> dict[str, Request]:
    """Each language's diagonal of a study's encoder, estimated as ``options`` says but for its languages.

    Raises ``UserError`` where a language has too little text or the encoder no masked-language-model head.
    """
    origin, encoder = origin_of(study), encoders.find(study.encoder)
    models.check_masked_language_model(encoder)
    requests: dict[str, Request] = {}
    for language in languages:
        estimate = replace(options, languages=(language,))
        windows(encoder, estimate, origin)
        requests[language] = fisher.request(encoder, estimate, origin, corpus.fingerprints(estimate, origin))
    return requests


def announce(requests: Sequence[Request], console: Console) -> None:
    """Say what takes a while."""
    if requests:
        named = ", ".join(dict.fromkeys("+".join(request.estimate.languages) for request in requests))
        console.print(f"Fisher information: {len(requests)} to compute ({named})", highlight=False)
