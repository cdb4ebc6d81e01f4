"""Fisher diagonals for a whole study. Each is computed once, before the trials that need it, and reaches every node."""

from collections.abc import Iterable
from pathlib import Path

from harness.common.errors import UserError
from harness.common.machine import arithmetic
from harness.common.quarantine import quarantine
from harness.data import corpus
from harness.data.origin import Origin, origin_of
from harness.encoders import pinning
from harness.fisher import diagonal_files
from harness.fisher.diagonal_files import Request
from harness.fisher.windows import windows
from harness.methods.fisher_estimate import Estimate
from harness.store.heartbeats import Progress
from harness.store.store import Store
from harness.study import Study, TrialConfig


def needed(trials: Iterable[TrialConfig]) -> list[Request]:
    """The diagonals that trials need, each once."""
    found: dict[str, Request] = {}
    for trial in trials:
        encoder = pinning.pinned(trial.encoder, trial.encoder_revision)
        requests = diagonal_files.requests(trial, encoder, Origin.of(trial))
        found |= {request.name: request for request in requests}
    return list(found.values())


def provide(request: Request, store: Store, threads: int, progress: Progress | None = None) -> Path:
    """A diagonal's file on this node, from the node's cache or the store.

    A missing diagonal is computed here and put into the store for the other nodes. ``progress`` counts its windows.
    """
    store.fetch(request.name)
    arithmetic.settle(threads)
    if store.has(request.name) and not diagonal_files.is_stored(request, store.cache):
        quarantine(store.cache / request.name)
        store.fetch(request.name)
        if not diagonal_files.is_stored(request, store.cache):  # the store's file is broken, not only this node's copy
            store.note_fault(request.name, "it is torn")
            store.repair()
    diagonal_files.stored(request, store.cache, progress)
    store.publish(request.name)
    return store.cache / request.name


def lacking(requests: Iterable[Request], store: Store) -> list[Request]:
    """Requests whose diagonal is neither on this node nor in the store.

    A diagonal that only this node has is put into the store.
    """
    return [request for request in requests if not _there(request, store)]


def _there(request: Request, store: Store) -> bool:
    try:
        if diagonal_files.is_stored(request, store.cache):
            store.publish(request.name)
            return True
    except UserError:  # another estimate under this name: the trials that need the diagonal report it
        return False
    return store.has(request.name)


def of_study(study: Study, estimate: Estimate) -> Request:
    """The request for an estimate on a study's encoder.

    Raises ``UserError`` if a language has too little text or the encoder has no masked-language-model head.
    """
    encoder = pinning.find(study.encoder)
    origin = origin_of(study) if corpus.of_task(estimate.text) else Origin("", "")
    windows(encoder, estimate, origin)
    return diagonal_files.request(encoder, estimate, origin, corpus.fingerprints(estimate, origin))
