"""MLflow: one experiment per study and one run per trial, in an SQLite file or at ``MLFLOW_TRACKING_URI``."""

import logging
import os
from pathlib import Path

# MLflow reads these at import. By default it sends usage data, and retries a missing server for minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial

SERVER = "MLFLOW_TRACKING_URI"
TRIAL, ENDED, ERROR = "steadytune.trial", "steadytune.ended", "error"
"""Tags of a run. The second is set last, so a run without it is incomplete."""
METRICS_AT_ONCE = 1000
"""Largest number of metrics in one request to MLflow."""
MAX_TAG = 5000


class MlflowLogger(Logger):
    """Uses MLflow's client, because its fluent functions would tag runs with user, script and commit."""

    def __init__(self, folder: Path, study: str) -> None:
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)  # they report every table that they create
        if os.environ.get(SERVER):
            self._place, artifacts = SERVER, None  # the address itself may have a password
            self.client = MlflowClient(os.environ[SERVER])
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._place, artifacts = (
                f"sqlite:///{(folder / 'mlflow.db').resolve()}",
                (folder / "artifacts").resolve().as_uri(),
            )
            self.client = MlflowClient(self._place)
        found = self.client.get_experiment_by_name(study)
        self.experiment = found.experiment_id if found is not None else self.client.create_experiment(study, artifacts)
        self.runs = self._runs()

    def _runs(self) -> dict[str, dict[str, str]]:
        """Runs of each trial, with the time at which the trial had ended."""
        found: dict[str, dict[str, str]] = {}
        token: str | None = None
        while True:
            page = self.client.search_runs([self.experiment], page_token=token)
            for run in page:
                if (trial := run.data.tags.get(TRIAL)) is not None:
                    found.setdefault(trial, {})[run.info.run_id] = run.data.tags.get(ENDED, "")
            if not (token := page.token):
                return found

    @property
    def place(self) -> str:
        return self._place

    def has(self, trial: str, stamp: int) -> bool:
        return str(stamp) in self.runs.get(trial, {}).values()

    def log(self, trial: EndedTrial) -> None:
        end = trial.stamp * 1000
        run = self.client.create_run(
            self.experiment, start_time=end - int(trial.seconds * 1000), tags={TRIAL: trial.id}, run_name=trial.id
        ).info.run_id
        rows = [*trial.history, {"step": trial.steps, **trial.metrics}]
        metrics = [
            Metric(name, value, end, int(row["step"])) for row in rows for name, value in row.items() if name != "step"
        ]
        self.client.log_batch(run, params=[Param(name, str(value)) for name, value in trial.parameters.items()])
        for start in range(0, len(metrics), METRICS_AT_ONCE):
            self.client.log_batch(run, metrics=metrics[start : start + METRICS_AT_ONCE])
        self.client.set_terminated(run, "FAILED" if trial.error else "FINISHED", end_time=end)
        tags = [RunTag(ENDED, str(trial.stamp))] + ([RunTag(ERROR, trial.error[:MAX_TAG])] if trial.error else [])
        self.client.log_batch(run, tags=tags)
        for replaced in self.runs.get(trial.id, {}):
            self.client.delete_run(replaced)
        self.runs[trial.id] = {run: str(trial.stamp)}
