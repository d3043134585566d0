"""Random lives: what maintainers do right and wrong, in any order, on branches that they merge."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from registry.identity import ledger, pins
from tests.lives.life import MODEL, Life

NAMES = ("a_v1", "a_v2", "b_v1", "b_v2", "c_v1", "c_v2")
FRAMES = st.integers(16, 18)
BRANCHES = st.sampled_from(["one", "two"])
# Of what a branch declares, or main has published: whichever there are.
CHOICE = st.integers(0, len(NAMES))
MISTAKES = (
    "entry removed",
    "entry and pin removed",
    "entry edited",
    "lock of main",
    "ledger emptied",
    "forged",
    "forged, its line removed",
    "forged and published",
)
# What one life may consist of.
STEPS = 20


class Lives(RuleBasedStateMachine):
    """Rules do to a branch what its author could commit, whether careful, careless or malicious.

    Only what `verify` passes is merged into main. Whatever happened, no version that main ever
    published is then another one, and none has lost its bytes.
    """

    template: Life

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.life = self.template.copy(self.folder / "life")

    def teardown(self) -> None:
        """The last word has a fresh clone."""
        self.life.check()
        self.life.check_clone()
        shutil.rmtree(self.folder)

    def _work_on(self, branch: str) -> None:
        """Check a branch out; a new one starts from main."""
        if branch not in self.life.branches():
            self.life.switch("main")
            self.life.start(branch)
        elif branch != self.life.branch:
            self.life.switch(branch)

    def _some(self, branch: str, choice: int) -> str:
        """A version that the branch declares; one is made where there is none."""
        self._work_on(branch)
        declared = sorted(self.life.declared())
        if not declared:
            self.add(branch, NAMES[0], 16)
            return NAMES[0]
        return declared[choice % len(declared)]

    # as the documentation has it

    @rule(branch=BRANCHES, name=st.sampled_from(NAMES), frames=FRAMES)
    def add(self, branch: str, name: str, frames: int) -> None:
        """A version is declared, built, published and pushed."""
        self._work_on(branch)
        if name not in self.life.declared():
            self.life.declare(name, frames)
        self.life.build()
        self.life.publish()
        self.life.push()

    @rule(branch=BRANCHES, drivers=st.booleans())
    def release(self, branch: str, drivers: bool) -> None:
        """A pull request; the branch is done with, merged or not."""
        self._work_on(branch)
        self.life.commit()
        self.life.release(branch, drivers=drivers)
        self.life.git("branch", "--quiet", "-D", branch)
        self.life.check()

    @rule(branch=BRANCHES, name=st.sampled_from(NAMES), frames=FRAMES, drivers=st.booleans())
    def ship(self, branch: str, name: str, frames: int, drivers: bool) -> None:
        """One version, and its pull request."""
        self.add(branch, name, frames)
        self.release(branch, drivers)

    @rule(branch=BRANCHES, drivers=st.booleans())
    def update(self, branch: str, drivers: bool) -> None:
        """What is on main is merged into the branch."""
        self._work_on(branch)
        self.life.merge("main", drivers=drivers)

    @rule(branch=BRANCHES, choice=CHOICE)
    def deprecate(self, branch: str, choice: int) -> None:
        """A version is said to be old."""
        name = self._some(branch, choice)
        if name not in self.life.deprecated():
            self.life.deprecate(name)

    @rule(branch=BRANCHES, choice=CHOICE)
    def retire(self, branch: str, choice: int) -> None:
        """A version is withdrawn."""
        self.life.retire(self._some(branch, choice))

    @rule(cache=st.booleans(), keep=st.booleans())
    def collect(self, cache: bool, keep: bool) -> None:
        """What nobody wants is removed, on the remote, too; the rest is as it was."""
        self.life.commit()
        self.life.fixtures(
            *("gc", "--delete", "--workspace", "--remote"),
            *(["--cache"] if cache else []),
            *(["--keep", "main"] if keep else []),
        )
        self.life.check()

    # mistakes, and worse

    @rule(branch=BRANCHES, choice=CHOICE, frames=FRAMES, kind=st.sampled_from(MISTAKES))
    def spoil(self, branch: str, choice: int, frames: int, kind: str) -> None:
        """Something is done that nobody may do to a published version."""
        name = self._some(branch, choice)
        if kind in ("entry removed", "entry and pin removed"):
            self.life.undeclare(name)
            if kind == "entry and pin removed":
                self.life.unpin(name)
        elif kind == "entry edited":
            self.life.redeclare(name, frames)
            self.life.build()
        elif kind == "lock of main":
            self.life.git("checkout", "main", "--", pins.LOCK)
        elif kind == "ledger emptied":
            self._keep_lines(lambda line: line.startswith(("#", f"{MODEL} ")))
        else:
            # the version is made anew by hand, all of it
            self.life.redeclare(name, frames)
            self.life.make(name, frames, guarded=False)
            if kind != "forged":
                self._keep_lines(lambda line: not line.startswith(f"{name} "))
            if kind == "forged and published":
                self.life.publish()
        self.life.push()

    @rule()
    def lose_the_cache(self) -> None:
        """A remote is for that."""
        shutil.rmtree(self.life.root / ".dvc" / "cache", ignore_errors=True)

    def _keep_lines(self, wanted: Callable[[str], bool]) -> None:
        path = self.life.root / ledger.FILE
        path.write_text("".join(filter(wanted, path.read_text().splitlines(keepends=True))))


def run(template: Life, count: int) -> None:
    """Live so many lives, always the same; one that breaks the rule is shown.

    It is not made shorter: to live a life takes a second, and to shorten one hundreds.
    """

    class FromTemplate(Lives):
        pass

    FromTemplate.template = template
    run_state_machine_as_test(
        FromTemplate,
        settings=settings(
            max_examples=count,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
