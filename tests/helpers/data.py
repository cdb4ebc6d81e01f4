"""A helper that makes data folders of four tasks, and the origin of the shipped tagging data."""

from pathlib import Path

from harness.data.origin import Origin

ORIGIN = Origin("udpos", "embedded")


LINES = {
    "udpos": "Dogs\tNOUN\nbark\tVERB\n.\tPUNCT\n\nCats\tNOUN\nsleep\tVERB\n",
    "panx": "Marie\tB-PER\nCurie\tI-PER\nin\tO\nParis\tB-LOC\n\nUN\tB-ORG\nmet\tO\n",
    "xnli": "Dogs bark.\tAnimals make noise.\tentailment\nDogs bark.\tIt rains.\tneutral\nDogs bark.\tAll is "
    "quiet.\tcontradiction\n",
    "pawsx": "Ann saw Bob .\tBob saw Ann .\t0\nAnn met Bob .\tBob met Ann .\t1\n",
}


def folder_of(tmp_path: Path, task: str, **files: str) -> str:
    """A hand-made data folder in XTREME's layout, with the same few lines in every file unless ``files`` says
    otherwise."""
    folder = tmp_path / "data" / task
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (folder / f"{name}.tsv").write_text(files.get(name, LINES[task]), encoding="utf-8")
    return str(folder.parent)
