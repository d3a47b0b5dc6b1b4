"""What the documents say is what the program does."""

import re
from pathlib import Path

from pipeline.cli import COMMANDS
from pipeline.manifest import load
from pipeline.model import TRANSITIONS, Status

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def diagram() -> str:
    """The state table as a mermaid diagram."""
    lines = ["stateDiagram-v2", "    [*] --> pending"]
    for before, afters in TRANSITIONS.items():
        lines += [f"    {before} --> {after}" for after in Status if after in afters]
    return "\n".join(lines)


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `catalog3d (\w+)", README, re.MULTILINE)
    assert listed == list(COMMANDS)


def test_the_readme_names_every_state() -> None:
    table = README.partition("## States")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [status.value for status in Status]


def test_the_readmes_manifest_is_a_right_one(tmp_path: Path) -> None:
    text = README.partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    assert [job.id for job in load(path).jobs()] == ["mug", "lamp-2", "vase"]


def test_the_design_shows_the_state_table() -> None:
    assert diagram() in DESIGN


def test_the_sample_manifests_are_right() -> None:
    assert load(ROOT / "configs" / "demo.yaml").count >= 8
    nightly = load(ROOT / "configs" / "nightly.yaml")
    assert nightly.budget.credits_micro == 25_000_000
