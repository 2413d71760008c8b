"""Sampling a plane: exact, the same with and without vector instructions, and never outside the source."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.renderer.pipeline import resample as subject

Grid = tuple[float, float, float, float]

WIDEST_STEP = 1.6
"""Stills are scaled so that no wider one is asked for."""

steps = st.floats(0.01, WIDEST_STEP)
edges = st.floats(-20, 300)
grids = st.tuples(edges, edges, steps, steps)
opacities = st.one_of(st.just(1.0), st.floats(0, 1))
shapes = st.tuples(st.integers(2, 90), st.integers(16, 200))
targets = st.tuples(st.integers(1, 40), st.integers(1, 150))


@pytest.fixture(scope="module")
def kernel() -> ctypes.CDLL:
    found = subject.load_kernel()
    if found is None and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("there is no C compiler here to build the kernel with")
    assert found is not None, "the kernel was not built; install the package again and read what the compiler says"
    return found


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)


def exact(source: np.ndarray, shape: tuple[int, int], grid: Grid) -> np.ndarray:
    """Bilinear samples in floating point."""
    left, top, step_x, step_y = grid
    across = np.clip(left + step_x * np.arange(shape[1]), 0, source.shape[1] - 1)
    down = np.clip(top + step_y * np.arange(shape[0]), 0, source.shape[0] - 1)
    column = np.minimum(across.astype(int), source.shape[1] - 2)
    row = np.minimum(down.astype(int), source.shape[0] - 2)
    share_x, share_y = across - column, (down - row)[:, np.newaxis]
    values = source.astype(float)
    upper = values[row][:, column] * (1 - share_x) + values[row][:, column + 1] * share_x
    lower = values[row + 1][:, column] * (1 - share_x) + values[row + 1][:, column + 1] * share_x
    return upper * (1 - share_y) + lower * share_y


@settings(max_examples=200, deadline=None)
@given(shapes, targets, grids, opacities)
def test_vector_instructions_change_no_sample(kernel, shape, target_shape, grid, opacity):
    source = noise(shape)
    fast, portable = noise(target_shape), noise(target_shape)

    assert subject.draw_natively(kernel, source, fast, grid, opacity)
    assert subject.draw_natively(kernel, source, portable, grid, opacity, portable=True)

    np.testing.assert_array_equal(fast, portable)


@settings(max_examples=200, deadline=None)
@given(shapes, targets, grids)
def test_a_sample_is_the_exact_one_but_for_the_weights_128_steps(kernel, shape, target_shape, grid):
    source, target = noise(shape), np.zeros(target_shape, np.uint8)

    assert subject.draw_natively(kernel, source, target, grid)

    error = np.abs(target - exact(source, target_shape, grid))
    assert error.max() <= 0.5 + 255 / 256 + 0.02


@settings(max_examples=200, deadline=None)
@given(shapes, targets, grids, opacities)
def test_a_translucent_sample_is_mixed_with_what_was_there(kernel, shape, target_shape, grid, opacity):
    source, below = noise(shape), noise(target_shape)
    mixed = below.copy()

    assert subject.draw_natively(kernel, source, mixed, grid, opacity)

    expected = below * (1 - opacity) + exact(source, target_shape, grid) * opacity
    assert np.abs(mixed - expected).max() <= 0.5 + 255 / 256 * opacity + 0.03


def test_opencv_mixes_like_the_kernel(kernel):
    source, native = noise((60, 90)), noise((30, 40))
    fallback = native.copy()

    assert subject.draw_natively(kernel, source, native, (10.3, 5.7, 0.9, 0.8), 0.3)
    subject.draw_with_opencv(source, fallback, (10.3, 5.7, 0.9, 0.8), 0.3)

    assert np.abs(native.astype(int) - fallback).max() <= 3


def test_only_the_asked_for_part_of_a_padded_plane_is_written(kernel):
    padded = np.full((20, 64), 7, np.uint8)

    assert subject.draw_natively(kernel, noise((40, 80)), padded[:, :50], (3.5, 2.25, 0.9, 0.8))

    assert (padded[:, 50:] == 7).all()


@pytest.mark.parametrize(
    ("shape", "grid"),
    [((40, 15), (0, 0, 0.5, 0.5)), ((1, 80), (0, 0, 0.5, 0.5)), ((40, 400), (0, 0, 3.0, 1.0))],
    ids=["narrow", "one row", "wide step"],
)
def test_what_the_kernel_has_no_method_for_opencv_samples(kernel, shape, grid):
    source, target = noise(shape), np.zeros((8, 16), np.uint8)
    assert not subject.draw_natively(kernel, source, target, grid)

    subject.resample(source, target, grid[2], grid[3], grid[0], grid[1])

    expected = np.zeros_like(target)
    subject.draw_with_opencv(source, expected, grid)
    np.testing.assert_array_equal(target, expected)
    assert target.any()


def test_without_the_kernel_opencv_works_under_another_identity(kernel, monkeypatch):
    source, native, fallback = noise((60, 90)), np.zeros((30, 40), np.uint8), np.zeros((30, 40), np.uint8)
    with_kernel = subject.resampler_identity()
    subject.resample(source, native, 0.9, 0.8, 10.3, 5.7)

    monkeypatch.setattr(subject, "_KERNEL", None)
    subject.resample(source, fallback, 0.9, 0.8, 10.3, 5.7)

    assert subject.resampler_identity() != with_kernel
    assert np.abs(native.astype(int) - fallback).max() <= 5  # OpenCV's weights have 32 steps


def test_a_kernel_built_from_another_source_is_not_used(kernel, tmp_path, monkeypatch):
    name = Path(kernel._name).name
    (tmp_path / name).write_bytes(Path(kernel._name).read_bytes())
    assert subject.load_kernel(tmp_path) is not None

    monkeypatch.setattr(subject, "KERNEL_VERSION", subject.KERNEL_VERSION + 1)

    assert subject.load_kernel(tmp_path) is None
