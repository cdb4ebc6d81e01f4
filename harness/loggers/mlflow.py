"""MLflow: one experiment per study and one run per trial, in an SQLite file or at ``MLFLOW_TRACKING_URI``."""

import logging
import os
import time
from pathlib import Path

# MLflow reads these at import. By default it sends usage data, and retries a missing server for minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial, Row, RunningTrial, later

SERVER = "MLFLOW_TRACKING_URI"
TRIAL, ENDED, ERROR = "steadytune.trial", "steadytune.ended", "error"
"""Tags of a run. ``ENDED`` is set last, so a run without it is incomplete."""
FOLLOWED = "train/loss"
"""The metric that marks the last written step of a run."""
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
        self.open: dict[str, tuple[str, int]] = {}
        """The unfinished run of a trial, and the last step in it."""

    def _runs(self, only: str = "") -> dict[str, dict[str, str]]:
        """Each trial's end in seconds since 1970 by run id; empty for an unfinished run. ``only`` filters the runs."""
        found: dict[str, dict[str, str]] = {}
        token: str | None = None
        while True:
            page = self.client.search_runs([self.experiment], only, page_token=token)
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

    def follow(self, trial: RunningTrial) -> None:
        run = self._open_run(trial, trial.began * 1000)
        self._write(run, later(trial.history, self.open[trial.id][1]), int(time.time() * 1000))
        self.open[trial.id] = run, max([self.open[trial.id][1], *(int(row["step"]) for row in trial.history)])

    def _open_run(self, trial: EndedTrial | RunningTrial, start: int) -> str:
        """The trial's unfinished run, or a new run, with the trial's parameters."""
        if trial.id not in self.open:
            self.runs[trial.id] = self._runs(f"tags.`{TRIAL}` = '{trial.id}'").get(trial.id, {})
            unfinished = [run for run, ended in self.runs[trial.id].items() if not ended]
            if unfinished:
                points = self.client.get_metric_history(unfinished[0], FOLLOWED)
                self.open[trial.id] = unfinished[0], max((int(point.step) for point in points), default=-1)
            else:
                run = self.client.create_run(
                    self.experiment, start_time=start, tags={TRIAL: trial.id}, run_name=trial.id
                ).info.run_id
                self.open[trial.id] = run, -1
                self.runs[trial.id][run] = ""
            told = [Param(name, str(value)) for name, value in trial.parameters.items()]
            self.client.log_batch(self.open[trial.id][0], params=told)
        return self.open[trial.id][0]

    def _write(self, run: str, rows: list[Row], moment: int) -> None:
        metrics = [
            Metric(name, value, moment, int(row["step"]))
            for row in rows
            for name, value in row.items()
            if name != "step"
        ]
        for start in range(0, len(metrics), METRICS_AT_ONCE):
            self.client.log_batch(run, metrics=metrics[start : start + METRICS_AT_ONCE])

    def log(self, trial: EndedTrial) -> None:
        end = trial.stamp * 1000
        run = self._open_run(trial, end - int(trial.seconds * 1000))
        last = self.open[trial.id][1]
        self._write(run, [*later(trial.history, last), {"step": trial.steps, **trial.metrics}], end)
        self.client.set_terminated(run, "FAILED" if trial.error else "FINISHED", end_time=end)
        tags = [RunTag(ENDED, str(trial.stamp))] + ([RunTag(ERROR, trial.error[:MAX_TAG])] if trial.error else [])
        self.client.log_batch(run, tags=tags)
        del self.open[trial.id]
        for replaced in self.runs[trial.id]:
            if replaced != run:
                self.client.delete_run(replaced)
        self.runs[trial.id] = {run: str(trial.stamp)}
