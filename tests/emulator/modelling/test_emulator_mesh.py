from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from pipeline.emulator.modelling.grid import Grid
from pipeline.emulator.modelling.inflate import inflate
from pipeline.emulator.modelling.mesh import Mesh, build, normals

LEVELS = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8),
    elements=st.floats(-0.5, 0.5, width=32),
)


def made(level: NDArray[np.float32]) -> Mesh:
    padded = np.pad(level, 1, constant_values=-0.5)
    thickness = inflate(padded)
    return build(Grid(padded, (0.0, 0.0), 1.0), thickness, thickness)


def test_a_single_inner_node_is_an_octahedron() -> None:
    mesh = made(np.full((1, 1), 0.5, np.float32))
    # four quadrants in front and four behind; the node twice and four crossings half a cell away
    assert (len(mesh.triangles), len(mesh.places)) == (8, 6)
    assert mesh.places[2:].tolist() == [[0.5, 1], [1.5, 1], [1, 0.5], [1, 1.5]]
    assert mesh.heights[0] == -mesh.heights[1] > 0
    assert mesh.heights[2:].tolist() == [0, 0, 0, 0]


@given(LEVELS)
def test_every_edge_has_two_triangles_that_run_through_it_opposite_ways(
    level: NDArray[np.float32],
) -> None:
    mesh = made(level)
    edges = Counter(
        (int(triangle[n]), int(triangle[(n + 1) % 3]))
        for triangle in mesh.triangles
        for n in range(3)
    )
    assert set(edges.values()) <= {1}
    assert all((end, start) in edges for start, end in edges)
    assert set(np.unique(mesh.triangles)) == set(range(len(mesh.places)))


@given(LEVELS)
def test_the_surface_looks_outwards(level: NDArray[np.float32]) -> None:
    mesh = made(level)
    y_up = np.stack([mesh.places[:, 0], -mesh.places[:, 1], mesh.heights], axis=1)
    a, b, c = (y_up[mesh.triangles[:, n]].astype(np.float64) for n in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert (volume > 0) == bool((level > 0).any())
    vectors = normals(y_up, mesh.triangles)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_long_strip_turns_out_round() -> None:
    half, length = 10, 200
    x = np.abs(np.arange(-half - 4, half + 5))
    level = np.clip((half - x)[:, None] / 4 * np.ones(length), -0.5, 0.5).astype(np.float32)
    level[:, [0, -1]] = -0.5
    profile = inflate(level)[:, length // 2]
    circle = np.sqrt(np.maximum(0, half**2 - x.astype(np.float64) ** 2))
    assert np.abs(profile - circle).max() < 0.06 * half


@pytest.mark.parametrize("side", [3, 8, 9, 40])
def test_nothing_inside_stays_flat(side: int) -> None:
    assert not inflate(np.full((side, side), -0.5, np.float32)).any()
