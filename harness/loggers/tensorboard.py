"""TensorBoard: one event file per trial. The HParams page compares settings and scores."""

import secrets
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from harness.common.filesystem import PART, replacing
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial, Parameter, Row, RunningTrial, later

LIVE = ".live"


class TensorBoardLogger(Logger):
    """Writes ``<study>/<trial>/events.out.tfevents.<time>``, whole or not at all.

    While a trial runs, a file whose name ends in ``.live`` grows. Each file begins with a restart event, so that
    an open TensorBoard drops the events that it has read from the trial's earlier file.

    TensorBoard's own writer hides its errors in a thread, and puts the machine's name into the file's name.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.folder = folder / study
        self.live: dict[str, tuple[IO[bytes], RecordWriter, int]] = {}
        """The open file of a running trial, its writer, and the last step in it."""

    @property
    def place(self) -> str:
        return str(self.folder)

    def _file(self, trial: str, stamp: int) -> Path:
        return self.folder / trial / f"events.out.tfevents.{stamp}"

    def has(self, trial: str, stamp: int) -> bool:
        return self._file(trial, stamp).exists()

    def follow(self, trial: RunningTrial) -> None:
        if trial.id not in self.live:
            folder = self.folder / trial.id
            folder.mkdir(parents=True, exist_ok=True)
            for former in folder.glob(f"*{LIVE}"):  # of a killed command: its last event may be torn
                former.unlink()
            file: IO[bytes] = (folder / f"events.out.tfevents.{int(time.time())}{LIVE}").open("wb")
            self.live[trial.id] = file, RecordWriter(file), -1
            _write(self.live[trial.id][1], _start(trial.parameters, trial.id, trial.began, trial.began))
        stream, records, last = self.live[trial.id]
        rows = later(trial.history, last)
        _write(records, _windows(rows, int(time.time())))
        stream.flush()
        self.live[trial.id] = stream, records, max([last, *(int(row["step"]) for row in rows)])

    def log(self, trial: EndedTrial) -> None:
        file = self._file(trial.id, trial.stamp)
        file.parent.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads every file with "tfevents" in its name, even before the file is whole.
        with (
            replacing(file, file.with_name(f".{secrets.token_hex(4)}{PART}")) as part,
            part.open("wb") as stream,
        ):
            _write(RecordWriter(stream), _events(trial))
        if trial.id in self.live:
            self.live.pop(trial.id)[0].close()
        for other in file.parent.glob("events.out.tfevents.*"):
            if other != file:
                other.unlink()


def _events(trial: EndedTrial) -> list[Event]:
    moment = trial.stamp
    error = [Event(wall_time=moment, summary=text_pb("error", trial.error))] if trial.error else []
    rows = [*trial.history, {"step": trial.steps, **trial.metrics}]
    return [
        *_start(trial.parameters, trial.id, moment - trial.seconds, moment),
        *error,
        *_windows(rows, moment),
        Event(wall_time=moment, summary=_end(trial)),
    ]


def _start(told: dict[str, Parameter], trial: str, began: float, moment: float) -> list[Event]:
    """The first events of a file: its format, the restart, and the trial's parameters."""
    return [
        Event(wall_time=moment, file_version="brain.Event:2"),
        Event(wall_time=moment, session_log=SessionLog(status=SessionLog.START)),
        Event(wall_time=moment, summary=hparams_pb(told, trial_id=trial, start_time_secs=began)),
    ]


def _windows(rows: Sequence[Row], moment: float) -> list[Event]:
    return [Event(wall_time=moment, step=int(row["step"]), summary=_scalars(row)) for row in rows]


def _write(records: RecordWriter, events: Iterable[Event]) -> None:
    for event in events:
        records.write(event.SerializeToString())


def _scalars(row: dict[str, float]) -> Summary:
    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in row.items() if name != "step"])


def _end(trial: EndedTrial) -> Summary:
    status = api_pb2.STATUS_FAILURE if trial.error else api_pb2.STATUS_SUCCESS
    end = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=trial.stamp))
    value = Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG, metadata=metadata.create_summary_metadata(end), tensor=metadata.NULL_TENSOR
    )
    return Summary(value=[value])
