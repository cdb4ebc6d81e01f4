"""TensorBoard: one event file per trial. The HParams page compares settings and scores."""

import secrets
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from harness.common.filesystem import PART, replacing
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial


class TensorBoardLogger(Logger):
    """Writes ``<study>/<trial>/events.out.tfevents.<time>``, whole or not at all.

    TensorBoard's own writer hides its errors in a thread, and puts the machine's name into the file's name.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.folder = folder / study

    @property
    def place(self) -> str:
        return str(self.folder)

    def _file(self, trial: str, stamp: int) -> Path:
        return self.folder / trial / f"events.out.tfevents.{stamp}"

    def has(self, trial: str, stamp: int) -> bool:
        return self._file(trial, stamp).exists()

    def log(self, trial: EndedTrial) -> None:
        file = self._file(trial.id, trial.stamp)
        file.parent.mkdir(parents=True, exist_ok=True)
        # A name with "tfevents" would be read before the file is whole.
        with (
            replacing(file, file.with_name(f".{secrets.token_hex(4)}{PART}")) as part,
            part.open("wb") as stream,
        ):
            records = RecordWriter(stream)
            for event in _events(trial):
                records.write(event.SerializeToString())
        for other in file.parent.glob("events.out.tfevents.*"):
            if other != file:
                other.unlink()


def _events(trial: EndedTrial) -> list[Event]:
    time = trial.stamp
    told = [hparams_pb(trial.parameters, trial_id=trial.id, start_time_secs=time - trial.seconds)]
    if trial.error:
        told.append(text_pb("error", trial.error))
    rows = [*trial.history, {"step": trial.steps, **trial.metrics}]
    return [
        Event(wall_time=time, file_version="brain.Event:2"),
        *(Event(wall_time=time, summary=summary) for summary in told),
        *(Event(wall_time=time, step=int(row["step"]), summary=_scalars(row)) for row in rows),
        Event(wall_time=time, summary=_end(trial)),
    ]


def _scalars(row: dict[str, float]) -> Summary:
    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in row.items() if name != "step"])


def _end(trial: EndedTrial) -> Summary:
    status = api_pb2.STATUS_FAILURE if trial.error else api_pb2.STATUS_SUCCESS
    end = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=trial.stamp))
    value = Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG, metadata=metadata.create_summary_metadata(end), tensor=metadata.NULL_TENSOR
    )
    return Summary(value=[value])
