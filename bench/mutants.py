"""``python -m bench.mutants [MODULE...]``: what would the tests notice?

Small faults are put into modules whose verdicts everything rests on, one at a time, each in a copy
of the checkout. The mutated module's own test file has to fail; where it passes the fault has
survived, and a test is missing or the line is worth nothing. Faults are sampled evenly over all
places. Takes minutes: it is no part of ``python -m bench``.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten

from bench.results import table
from bench.timing import ROOT
from registry import console
from registry.errors import CheckError, UsageError

# Identity, load, storage, compare and the fields' criteria. A folder stands for the modules that
# lie in it, not for those of its folders.
TARGETS = (
    "registry/identity",
    "registry/storage",
    "registry/compare",
    "registry/arrays/acceptance.py",
    "registry/arrays/contract.py",
    "registry/arrays/field.py",
    "registry/arrays/mistakes.py",
    "registry/ptychography",
    "registry/field.py",
    "registry/contract.py",
    "registry/loading.py",
    "registry/verify.py",
)
# Share of mutants that must be killed.
LIMIT = 0.95
# What tests of no length at all take, on a machine that does other things as well.
_LEAST_SECONDS = 4
# What pytest ends with where tests pass, and where none was selected.
_PASSED, _NONE_SELECTED = 0, 5

_COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Lt: ast.GtE(),
    ast.GtE: ast.Lt(),
    ast.Gt: ast.LtE(),
    ast.LtE: ast.Gt(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
_ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Mult(),
    ast.Pow: ast.Mult(),
    ast.MatMult: ast.Mult(),
    ast.LShift: ast.RShift(),
    ast.RShift: ast.LShift(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
    ast.BitXor: ast.BitAnd(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One fault: ``source[start:end]`` of a module is replaced."""

    module: str
    line: int
    kind: str
    start: int
    end: int
    old: str
    new: str
    # the first line that is changed, as it becomes
    text: str

    def of(self, source: bytes) -> bytes:
        """The module's text with the fault in it."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def __str__(self) -> str:
        old, new = (shorten(text, 60, placeholder=" ...") for text in (self.old, self.new))
        return f"{self.module}:{self.line} {self.kind}: {old} -> {new}; that is: {self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Mutants that were tried, and those of them that no test noticed."""

    tried: list[Mutant]
    survivors: list[Mutant]
    # test files that their modules ought to have
    missing: list[str]

    @property
    def met(self) -> bool:
        """Whether enough mutants were killed."""
        return len(self.tried) - len(self.survivors) >= LIMIT * len(self.tried)

    def __str__(self) -> str:
        rows = []
        for module in sorted({mutant.module for mutant in self.tried}):
            tried, survived = (
                sum(mutant.module == module for mutant in mutants)
                for mutants in (self.tried, self.survivors)
            )
            rows.append([module, str(tried), str(tried - survived)])
        killed, total = len(self.tried) - len(self.survivors), len(self.tried)
        return "\n".join(
            [
                table(["module", "mutants", "killed"], rows),
                "",
                *(f"no test file: {tests}" for tests in self.missing),
                *(f"survived: {mutant}" for mutant in self.survivors),
                f"{killed} of {total} killed ({killed / max(total, 1):.1%}), "
                f"target at least {LIMIT:.0%}: {'met' if self.met else 'missed'}",
            ]
        )


def mutants(module: str, source: bytes) -> list[Mutant]:
    """All faults that can be put into a module, in the order of their places.

    Left out is what no test should hold: annotations, decorators, messages (of errors, warnings
    and logs), code for type checkers.
    """
    places = _Places(module, source)
    places.visit(ast.parse(source))
    return sorted(places.found, key=lambda mutant: (mutant.start, mutant.end, mutant.kind))


class _Places(ast.NodeVisitor):
    def __init__(self, module: str, source: bytes) -> None:
        self.module, self.source = module, source
        self.found: list[Mutant] = []
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def _add(self, kind: str, node: ast.expr | ast.stmt, new: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        end = self._lines[node.end_lineno - 1] + node.end_col_offset
        before, after = self.source[self._lines[node.lineno - 1] : start], self.source[end:]
        self.found.append(
            Mutant(
                module=self.module,
                line=node.lineno,
                kind=kind,
                start=start,
                end=end,
                old=self.source[start:end].decode(),
                new=new,
                text=f"{before.decode()}{new}{after.decode().partition(chr(10))[0]}".strip(),
            )
        )

    # The six kinds

    def visit_Compare(self, node: ast.Compare) -> None:
        for n, operator in enumerate(node.ops):
            turned = [*node.ops[:n], _COMPARISONS[type(operator)], *node.ops[n + 1 :]]
            new = ast.Compare(left=node.left, ops=turned, comparators=node.comparators)
            self._add("comparison", node, f"({ast.unparse(new)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not (_is_text(node.left) or _is_text(node.right)):
            new = ast.BinOp(left=node.left, op=_ARITHMETIC[type(node.op)], right=node.right)
            self._add("arithmetic", node, f"({ast.unparse(new)})")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if not _is_text(node.value):
            op = _ARITHMETIC[type(node.op)]
            new = ast.AugAssign(target=node.target, op=op, value=node.value)
            self._add("arithmetic", node, ast.unparse(new))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        operand = f"({ast.unparse(node.operand)})"
        if isinstance(node.op, ast.Not):
            self._add("not", node, operand)
        elif isinstance(node.op, ast.USub):
            self._add("arithmetic", node, f"(+{operand})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        new = ast.BoolOp(op=other, values=node.values)
        self._add("and/or", node, f"({ast.unparse(new)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            self._add("constant + 1", node, repr(node.value + 1))

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not _is_none(node.value):
            self._add("return None", node.value, "None")
        self.generic_visit(node)

    def _condition(self, test: ast.expr) -> None:
        """A ``not`` put before what is asked, where that is no comparison and has no ``not``."""
        if isinstance(test, ast.BoolOp):
            for value in test.values:
                self._condition(value)
        elif not isinstance(test, ast.Compare | ast.Constant) and not (
            isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        ):
            self._add("not", test, f"(not ({ast.unparse(test)}))")

    def visit_If(self, node: ast.If) -> None:
        names = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
        # for type checkers, or for a module that is run as a program
        if names & {"TYPE_CHECKING", "__name__"}:
            self._all(node.orelse)
            return
        self._condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._condition(test)
        self.generic_visit(node)

    # What is left out

    def _all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._all([*node.args.defaults, *node.args.kw_defaults, *node.body])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._all(node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._all([node.target, node.value])

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Mostly words; and before Python 3.12 the places of what is in it are wrong."""

    def visit_Raise(self, node: ast.Raise) -> None:
        if not isinstance(node.exc, ast.Call):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not _only_words(node.func):
            self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    """Whether an operand is a literal text: what joins or repeats texts is no arithmetic."""
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return constant or isinstance(node, ast.JoinedStr)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _only_words(function: ast.expr) -> bool:
    """Whether a call makes an error or a criterion's failure, warns, or logs."""
    *owner, name = ast.unparse(function).split(".")
    if owner and owner[-1].strip("_").lower() in {"log", "logger", "logging", "warnings"}:
        return True
    return name.endswith(("Error", "Failure", "Warning"))


def find(root: Path, targets: Iterable[str]) -> list[str]:
    """Modules named by targets, as paths from the root.

    Raises
    ------
    UsageError
        A target is neither a module nor a folder of modules.
    """
    found: list[str] = []
    for target in targets:
        path = root / target
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise UsageError(
                f"target {target}",
                expected=f"a module, or a folder of modules, in {root}",
                found="none",
                remedy="name it as a path from the repository's top folder",
            )
        found += (str(file.relative_to(root)) for file in files)
    return list(dict.fromkeys(found))


def tests_of(module: str) -> str:
    """A module's own test file.

    >>> tests_of("registry/compare/operand.py")
    'tests/compare/test_operand.py'

    What a package gives by its own name is tested with what it imports.

    >>> tests_of("registry/ptychography/__init__.py")
    'tests/test_imports.py'
    """
    if module.endswith("/__init__.py"):
        return "tests/test_imports.py"
    path = Path(*Path(module).parts[1:])
    return str("tests" / path.with_name(f"test_{path.name}"))


def measure(
    root: Path,
    targets: Iterable[str],
    *,
    count: int,
    seed: int,
    jobs: int,
    patience: float = 5,
) -> Result:
    """Try a random sample of mutants.

    Parameters
    ----------
    root : Path
        Top folder of the checkout. It is copied; nothing in it changes.
    targets : iterable of str
        As for `find`.
    count, seed : int
        How many mutants, and which of all choices of so many.
    jobs : int
        How many to try at a time.
    patience : float
        How many times as long as with the module as it is tests may take; what hangs is noticed.
    """
    found = find(root, targets)
    every = [new for module in found for new in mutants(module, (root / module).read_bytes())]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    expected = {tests_of(mutant.module) for mutant in every}
    missing = sorted(tests for tests in expected if not (root / tests).is_file())
    # nothing can kill those whose tests are not there
    alive = {mutant for mutant in chosen if tests_of(mutant.module) in missing}
    testable = [mutant for mutant in chosen if mutant not in alive]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = _Trial(root, [Path(folder, str(n)) for n in range(jobs)])
        with ThreadPoolExecutor(jobs) as pool:
            try:
                modules = sorted({mutant.module for mutant in testable})
                seconds = dict(zip(modules, pool.map(trial.seconds, modules), strict=True))
                outcomes = pool.map(
                    lambda mutant: trial.notices(mutant, patience * seconds[mutant.module]),
                    testable,
                )
                for n, (mutant, noticed) in enumerate(zip(testable, outcomes, strict=True), 1):
                    if not noticed:
                        alive.add(mutant)
                    # minutes pass until there is a table
                    outcome = "killed" if noticed else "SURVIVED"
                    print(f"{n} of {len(testable)} {outcome} {mutant}", file=sys.stderr)
            except BaseException:
                # Ctrl-C, or tests that fail by themselves: what still runs is of no use any more
                pool.shutdown(wait=False, cancel_futures=True)
                trial.stop()
                raise
    in_order = sorted(chosen, key=lambda mutant: (mutant.module, mutant.start, mutant.end))
    return Result(
        tried=in_order,
        survivors=[mutant for mutant in in_order if mutant in alive],
        missing=missing,
    )


class _Trial:
    """Copies of a checkout; in each of them one process at a time runs tests."""

    def __init__(self, root: Path, folders: Iterable[Path]) -> None:
        self._free: queue.Queue[Path] = queue.Queue()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        for folder in folders:
            shutil.copytree(root, folder / "checkout", ignore=partial(_left_out, root))
            self._free.put(folder)

    def stop(self) -> None:
        """End what is running; nothing else starts."""
        self._stopped = True
        for process in list(self._running):
            _end(process)

    def seconds(self, module: str) -> float:
        """How long a module's tests take, which must pass, and be tests of the copy."""
        with self._folder() as folder:
            start = time.perf_counter()
            name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            program = f"import importlib; print(importlib.import_module({name!r}).__file__)"
            _, printed = self._run(folder, ["-c", program], None)
            if Path(printed.strip()) != folder / "checkout" / module:
                raise CheckError(
                    f"module {module}",
                    expected=f"an import of {name} to find the copy in which it is mutated",
                    found=printed.strip()[-500:],
                    remedy="see what comes first on Python's path",
                )
            for marker in _markers(folder / "checkout" / tests_of(module)):
                code, printed = self._run(folder, _pytest(module, marker), None)
                if code not in (_PASSED, _NONE_SELECTED):
                    raise CheckError(
                        f"tests {tests_of(module)}",
                        expected="all pass, with the module as it is",
                        found=" ".join(printed.split())[-500:],
                        remedy=f"python -m pytest {tests_of(module)}",
                    )
            return max(_LEAST_SECONDS, time.perf_counter() - start)

    def notices(self, mutant: Mutant, seconds: float) -> bool:
        """Whether a module's tests fail, or hang, with a mutant in the module's place."""
        with self._folder() as folder:
            path = folder / "checkout" / mutant.module
            source = path.read_bytes()
            _write(path, mutant.of(source))
            try:
                for marker in _markers(folder / "checkout" / tests_of(mutant.module)):
                    code, _ = self._run(folder, _pytest(mutant.module, marker), seconds)
                    if code not in (_PASSED, _NONE_SELECTED):
                        return True
                return False
            finally:
                _write(path, source)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = self._free.get()
        try:
            yield folder
        finally:
            self._free.put(folder)

    def _run(self, folder: Path, arguments: list[str], seconds: float | None) -> tuple[int, str]:
        """Run Python on a copy: its exit code, not 0 where it hangs, and what it printed."""
        # what a caller asks of pytest, and bytecode kept elsewhere, would outlive a mutant
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"PYTEST_ADDOPTS", "PYTHONPYCACHEPREFIX"}
        }
        # an installed checkout comes after this, also for processes that tests start
        environment["PYTHONPATH"] = str(folder / "checkout")
        with (folder / "output").open("w+b") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder / "checkout",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
            try:
                if self._stopped:
                    _end(process)
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            finally:
                # with it servers and the like that its tests have started
                _end(process)
                self._running.discard(process)
            output.seek(0)
            return code, output.read().decode(errors="replace")


def _left_out(root: Path, folder: str, names: list[str]) -> set[str]:
    """What of a checkout no copy has: git, environments, caches, what was built beside fixtures."""
    found = set(fnmatch.filter(names, "*_cache")) | {".git", ".venv", ".dvc", ".hypothesis"}
    return found | {"build", "dist"} if Path(folder) == root else found


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _write(path: Path, source: bytes) -> None:
    """Write a module; bytecode of another text of the same second and length is not found."""
    path.write_bytes(source)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def _markers(tests: Path) -> list[str]:
    """Quick tests first, most mutants need no others."""
    return ["not slow", "slow"] if b"mark.slow" in tests.read_bytes() else ["not slow"]


def _pytest(module: str, marker: str) -> list[str]:
    options = ["-x", "-q", "-p", "no:cacheprovider", "-n", "0", "--basetemp", "../scratch"]
    return ["-m", "pytest", *options, "-m", marker, tests_of(module)]


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Entry point; 1 where too many mutants survive."""
    return console.run(lambda: _main(argv, root))


def _main(argv: Sequence[str] | None, root: Path) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument(
        "modules",
        metavar="MODULE",
        nargs="*",
        help=f"modules, or folders of them; without any: {', '.join(TARGETS)}",
    )
    parser.add_argument("--count", type=int, default=200, help="how many mutants (200)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    asked = parser.parse_args(argv)
    result = measure(
        root, asked.modules or TARGETS, count=asked.count, seed=asked.seed, jobs=asked.jobs
    )
    print(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
