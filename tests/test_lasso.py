"""Lines around points: who lies inside, and that a link says the same as the line."""

import math

import numpy as np
import pytest

from probing.projections.lasso import Lasso, turned

TRIANGLE = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))


def test_a_triangle_by_its_sides() -> None:
    points = np.random.default_rng(0).uniform(-1, 5, (500, 2)).astype(np.float32)
    x, y = points.astype(np.float64).T
    expected = (x > 0) & (y > 0) & (x + y < 4)
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(Lasso("pca2_cls_1", TRIANGLE).holds(points), expected)


def winding(point: tuple[float, float], corners: list[tuple[float, float]]) -> bool:
    """Whether a line that does not cross itself goes round a point: by angles."""
    angle = 0.0
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        ax, ay, bx, by = x1 - point[0], y1 - point[1], x2 - point[0], y2 - point[1]
        angle += math.atan2(ax * by - ay * bx, ax * bx + ay * by)
    return abs(angle) > math.pi


def test_a_line_with_dents_by_the_angles_that_it_turns_through() -> None:
    rng = np.random.default_rng(1)
    corners = [
        (float(r * math.cos(a)), float(r * math.sin(a)))
        for r, a in zip(rng.uniform(0.3, 1, 20), np.linspace(0, 2 * math.pi, 21)[:-1], strict=True)
    ]
    points = rng.uniform(-1, 1, (400, 2))
    expected = [winding((float(x), float(y)), corners) for x, y in points]
    found = Lasso("umap2_mean_3", tuple(corners)).holds(points)
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.sum() < 400


def test_what_a_line_crosses_twice_lies_outside() -> None:
    star = tuple((math.sin(4 * math.pi * i / 5), math.cos(4 * math.pi * i / 5)) for i in range(5))
    middle = np.zeros((1, 2))
    assert not Lasso("pca2_cls_1", star).holds(middle)[0]  # even-odd, as the page draws it


def test_a_space_is_selected_as_it_is_seen() -> None:
    points = np.random.default_rng(2).normal(size=(300, 3)).astype(np.float32)
    front = Lasso("pca3_cls_1", ((-1, -1), (1, -1), (1, 1), (-1, 1)))
    x, y, z = points.T
    np.testing.assert_array_equal(front.holds(points), (abs(x) < 1) & (abs(y) < 1))
    side = Lasso(front.map, front.corners, yaw=math.pi / 2)  # z lies where x lay
    np.testing.assert_array_equal(side.holds(points), (abs(z) < 1) & (abs(y) < 1))
    top = Lasso(front.map, front.corners, pitch=math.pi / 2)  # z lies where y lay
    np.testing.assert_array_equal(top.holds(points), (abs(x) < 1) & (abs(z) < 1))


def test_turning_keeps_what_turns_with_it() -> None:
    ball = np.random.default_rng(3).normal(size=(50, 3))
    seen = turned(ball, 0.7, -0.4)
    assert (np.linalg.norm(seen, axis=1) <= np.linalg.norm(ball, axis=1) + 1e-9).all()
    np.testing.assert_allclose(turned(ball, 0, 0), ball[:, :2])


@pytest.mark.parametrize(
    "lasso",
    [
        Lasso("umap2_cls_6", ((1.5, 2.0), (3.0, -0.25), (0.0, 1e-7))),
        Lasso("pca3_mean_words_12", TRIANGLE, 0.5, -1.25),
    ],
)
def test_a_link_gives_the_line_back(lasso: Lasso) -> None:
    assert Lasso.parse(str(lasso)) == lasso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rows~1~2~3",
        "umap2_cls_6~1_2~3_4",
        "umap2_cls_6~1_2~3_4~nan_0",
        "umap2_cls_6~1_2~3_4~inf_0",
        "umap2_cls_6~1_2~3_4~x",
        "umap2_cls_6~1_2~3_4~5_6_7",
        "../../x~1_2~3_4~5_6",
        "umap4_cls_6~1_2~3_4~5_6",
        "umap2_cls_6@x~1_2~3_4~5_6",
        "umap2_cls_6" + "~1_2" * 65,
    ],
)
def test_anything_else_in_a_link_is_no_line(text: str) -> None:
    assert Lasso.parse(text) is None
