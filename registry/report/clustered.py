"""Pages that the workers of a cluster draw: asked for, and taken as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from registry.build.answer import AGAIN, Answer
from registry.build.task import shown
from registry.errors import CheckError
from registry.report import task
from registry.report.facts import Facts

if TYPE_CHECKING:
    from registry.build.cluster import Cluster


def draw(
    cluster: Cluster, root: Path, items: Sequence[Facts], text: str, fields: Iterable[str]
) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Names of fixtures and the files of their pages, by their path in the report.

    Parameters
    ----------
    cluster : Cluster
    root : path
        The registry's top folder.
    items : sequence of Facts
        What is drawn.
    text, fields : str, iterable of str
        What `registry.report.program.text` says of these fields.

    Raises
    ------
    CheckError, MissingError
        A worker has another program, or a page cannot be drawn.
    """
    cluster.hold(task.refusal, text, fields)
    asked = {}
    for item in items:
        order = task.order(root, item, text, fields, cluster.topic)
        future = cluster.call(
            task.draw,
            order,
            {file["sha256"]: root / file["path"] for file in order["files"]},
            partial(_held, item.name),
            subject=f"fixture {item.name}",
            key=item.name,
            here=f"fixtures report {item.name} draws it here",
        )
        asked[future] = item.name
    # in no order, so that none is kept that has come
    for future in as_completed(list(asked)):
        yield asked.pop(future), future.result()


def _held(name: str, answer: Answer) -> Mapping[str, bytes]:
    """Files that a worker drew, none of which is to be written elsewhere than beside the page."""
    page, others = f"{name}/index.html", []
    for path in answer.files:
        file = PurePosixPath(path)
        if path != page and (file.suffix not in (".svg", ".png") or path != f"{name}/{file.name}"):
            others.append(path)
    if others or page not in answer.files:
        raise CheckError(
            f"fixture {name}: files",
            expected=f"{page}, and pictures beside it",
            found=f"{', '.join(others) or 'no page'}, from {shown(answer.machine)}",
            remedy=AGAIN,
        )
    return answer.files
