"""The hyperparameters of one fine-tuning. Imports neither torch nor Ray."""

from harness.setting.class_weights import by_label as by_label
from harness.setting.labels import ABSENT as ABSENT
from harness.setting.labels import setting_labels as setting_labels
from harness.setting.labels import value_label as value_label
from harness.setting.limits import MAX_TRIALS as MAX_TRIALS
from harness.setting.limits import SCHEDULES as SCHEDULES
from harness.setting.other_names import OTHER_NAMES as OTHER_NAMES
from harness.setting.other_names import unknown_field as unknown_field
from harness.setting.seeds import SEEDS as SEEDS
from harness.setting.setting import INSTEAD as INSTEAD
from harness.setting.setting import LATER as LATER
from harness.setting.setting import Setting as Setting
