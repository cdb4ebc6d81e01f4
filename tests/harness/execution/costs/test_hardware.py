import pytest

from harness.common.errors import UserError
from harness.execution.costs.elsewhere import two_digits
from harness.execution.costs.hardware import PEAKS, Hardware, Timing, kind, on, relative_speed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8 A100", Hardware(8, "A100")),
        ("8xA100", Hardware(8, "A100")),
        ("4 x H100 PCIe", Hardware(4, "H100 PCIe")),
        ("L4", Hardware(1, "L4")),
        ("2 rtx 4090", Hardware(2, "RTX 4090")),
        ("64 cores", Hardware(64, "core")),
        ("NVIDIA A100-SXM4-80GB", Hardware(1, "A100 80GB")),
    ],
)
def test_hardware_is_read_from_words(text: str, expected: Hardware) -> None:
    assert on(text) == expected


def test_a_device_of_the_store_needs_no_entry_in_the_table() -> None:
    assert on("2 Own X1", devices=["Own X1"]) == Hardware(2, "Own X1")


def test_cores_under_the_stores_name_are_no_gpus() -> None:
    hardware = on("4 cpu (AVX512)", devices=["cpu (AVX512)"], gpus=0)
    assert (hardware, hardware.gpus) == (Hardware(4, "core"), 0)


def test_a_device_under_the_stores_name_has_its_entry_in_the_table() -> None:
    device = "NVIDIA H200"
    by_name, by_kind = (
        relative_speed(on(text, devices=[device]), "NVIDIA A100-SXM4-40GB", 1) for text in (f"8 {device}", "8 H200")
    )
    assert by_name == by_kind


@pytest.mark.parametrize("text", ["", "8", "0 A100", "8 A1000", "eight"])
def test_unknown_hardware_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--on"):
        on(text)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("AMD Instinct MI300X", "MI300X"),
        ("cpu (AVX512)", "core"),
        ("NVIDIA GeForce GTX 1080", None),
    ],
)
def test_device_names_of_torch_are_known(device: str, expected: str | None) -> None:
    assert kind(device) == expected


def test_the_table_gives_a_range_between_memory_and_arithmetic() -> None:
    speed = relative_speed(on("8 H100"), "NVIDIA A100-SXM4-40GB", 1)
    assert speed.low == pytest.approx(3350 / 1555)
    assert speed.high == pytest.approx(989 / 312)
    assert speed.low < speed.likely < speed.high
    assert "data sheets" in speed.source


def test_more_threads_make_a_cpu_less_slow() -> None:
    one, four = (relative_speed(on("A100"), "cpu (AVX2)", threads) for threads in (1, 4))
    assert four.likely == pytest.approx(one.likely / 4)


def test_measured_speeds_take_precedence_over_the_table() -> None:
    def timing(work: str, device: str, speed: float) -> Timing:
        return Timing(work, device, 1, speed)

    here, there = "NVIDIA L4", "NVIDIA A100-SXM4-40GB"
    timings = [timing("a", here, 10), timing("a", there, 30), timing("b", here, 10), timing("b", there, 50)]
    speed = relative_speed(on("A100"), here, 1, [*timings, timing("c", there, 1)])
    assert (speed.low, speed.likely, speed.high) == (3, 4, 5)
    assert speed.source == "2 trials of the store on A100"


def test_the_same_device_has_a_factor_of_one() -> None:
    assert relative_speed(on("8 A100"), "NVIDIA A100-SXM4-40GB", 1).likely == 1


def test_every_name_of_the_table_names_itself() -> None:
    assert {name: kind(name) for name in PEAKS} == {name: name for name in PEAKS}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1 / 2250, "0.000044"), (0.0213, "0.021"), (2.0, "2"), (10.4, "10"), (1_650.1, "1,700"), (12e6, "12,000,000")],
)
def test_numbers_have_two_digits_and_no_exponent(value: float, shown: str) -> None:
    assert two_digits(value) == shown
