"""Tests of `registry.ptychography.groups`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import UsageError
from registry.ptychography.groups import scan_groups


def test_gridsize_1_is_every_position_by_itself(v1):
    """At gridsize 1 group n is position n."""
    groups = scan_groups(v1["xcoords"], v1["ycoords"], 1, (64, 64))
    assert groups.tolist() == [[n] for n in range(64)], "another grouping"


def test_gridsize_2_takes_the_nearest(v1):
    """A group is its leader and the three positions nearest to it, nearest first."""
    x, y = v1["xcoords"], v1["ycoords"]
    groups = scan_groups(x, y, 2, (64, 64))
    assert groups.shape == (64, 4), "not one group of four for each position"
    for n, group in enumerate(groups):
        distance = np.hypot(x - x[n], y - y[n])
        assert group[0] == n, "a group that its position does not lead"
        assert np.all(np.diff(distance[group]) >= 0), "not ordered by distance"
        others = np.setdiff1d(np.arange(64), group)
        assert distance[group].max() <= distance[others].min(), "a nearer position was left out"


def test_v1_has_known_groups(v1):
    """The first groups of v1 at gridsize 2, as they were when the workflow was published."""
    groups = scan_groups(v1["xcoords"], v1["ycoords"], 2, (64, 64))
    assert groups[:3].tolist() == FIRST_GROUPS, "other neighbours than before"


FIRST_GROUPS = [[0, 7, 4, 11], [1, 6, 8, 12], [2, 5, 9, 13]]


def test_equal_distances_go_by_index():
    """Ties are broken by index, so that groups are the same everywhere."""
    x, y = np.array([0.0, 1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0, -1.0])
    assert scan_groups(x, y, 2, (8, 8))[0].tolist() == [0, 1, 2, 3], "another order"


def test_the_leader_comes_first_where_positions_coincide():
    """Of two positions in one place each leads its own group."""
    x = np.array([5.0, 5.0, 6.0, 7.0])
    assert scan_groups(x, x, 2, (8, 8))[:, 0].tolist() == [0, 1, 2, 3], "led by its twin"


def test_sixteen_positions_are_enough(n16):
    """The smallest fixture makes groups at gridsize 2."""
    groups = scan_groups(n16["xcoords"], n16["ycoords"], 2, (64, 64))
    assert groups.shape == (16, 4), "too few groups"


def test_too_few_positions():
    """Fewer positions than a group has members are an error that says how many are needed."""
    x = np.zeros(3)
    with pytest.raises(UsageError) as caught:
        scan_groups(x, x, 2, (8, 8), "training on a")
    assert caught.value.subject == "training on a: gridsize 2"
    assert caught.value.expected == "at least 4 positions, the members of one group"
    assert caught.value.found == "3"


def test_groups_that_do_not_overlap():
    """Frames too far apart to overlap are an error that names the first group."""
    x = np.array([0.0, 3.0, 6.0, 9.0])
    with pytest.raises(UsageError) as caught:
        scan_groups(x, np.zeros(4), 2, (8, 8))
    assert caught.value.found.startswith(
        "4 of 4 groups that do not; the first is that of position 0, 9.0 px wide and 0.0 px high"
    )


def test_another_gridsize():
    """Only 1 and 2 are known."""
    with pytest.raises(UsageError) as caught:
        scan_groups(np.zeros(9), np.zeros(9), 3, (8, 8))
    assert caught.value.expected == "1 or 2", "another list of gridsizes"


def test_neighbours_follow_the_group(v1):
    """Behind each group come the next nearest; the group itself is the same."""
    x, y = v1["xcoords"], v1["ycoords"]
    alone = scan_groups(x, y, 2, (64, 64))
    found = scan_groups(x, y, 2, (64, 64), neighbours=3)
    assert found.shape == (64, 7)
    assert np.array_equal(found[:, :4], alone), "another group"
    distance = np.hypot(x[found] - x[:, None], y[found] - y[:, None])
    assert (np.diff(distance, axis=1) >= 0).all(), "not by distance"


def test_neighbours_that_are_too_far_are_left_out():
    """As many as overlap with every group; none where none does, and no more than there are."""
    x = np.array([0.0, 1.0, 2.0, 3.0, 11.5])
    assert scan_groups(x, x, 1, (8, 8), neighbours=3).tolist() == [[0], [1], [2], [3], [4]]
    assert scan_groups(x[:4], x[:4], 1, (8, 8), neighbours=2)[0].tolist() == [0, 1, 2]
    assert scan_groups(x[:4], x[:4], 1, (8, 8), neighbours=9)[3].tolist() == [3, 2, 1, 0]
    assert scan_groups(x[:4], x[:4], 1, (8, 2), neighbours=3).shape == (4, 2), "too far in x"
