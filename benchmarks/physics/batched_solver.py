"""A second solver of the local-inertial equations: tensor operations over all storms at once, for a GPU.

Every storm has its own time and time step, both on the device. The host reads the times once every
``_STEPS_PER_CHECK`` steps, so that the device does not wait; finished storms take steps of length zero.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from strandline.errors import InputError
from strandline.simulator.hydrodynamics.local_inertia import Problem, Scheme, Solution, check_stability
from strandline.simulator.hydrodynamics.solver.faces import MEAN_SECONDS

_STEPS_PER_CHECK = 32


def solve(
    problem: Problem,
    progress: Callable[[float], None] | None = None,
    device: str = "cpu",
    precision: torch.dtype = torch.float64,
) -> Solution:
    """Simulate every storm of a problem on one device.

    Raises:
        InputError: rain, walls, pumps, gates, infiltration or subgrid tables, which the fused loop alone knows.
    """
    others = (problem.rain.weight, problem.barriers.face, problem.structures, problem.soil.rate, problem.held)
    if any(values.size for values in others) or np.isfinite(problem.wet_depth):
        raise InputError("batched solver", "knows the sea and rivers alone", "use the fused loop")
    state = _State(problem, torch.device(device), precision)
    start, end = problem.time[0], problem.time[-1]
    levels = []
    stops = [(float(time), True) for time in problem.output_times]
    if not stops or stops[-1][0] < end:
        stops.append((float(end), False))
    for stop, is_output in stops:
        state.advance(stop)
        if is_output:
            levels.append(state.level.clone().cpu())
        if progress is not None:
            progress(float((stop - start) / (end - start)))
    greatest = state.greatest.double().cpu().numpy()
    shown = torch.stack(levels, 1) if levels else state.level.new_zeros((len(state.level), 0, *state.level.shape[1:]))
    return Solution(
        greatest,
        shown.double().cpu().numpy(),
        state.level.double().cpu().numpy(),
        problem.held,
        state.net_inflow.cpu().numpy(),
        state.steps.cpu().numpy(),
        arrival=np.zeros(0),
        wet_time=np.zeros(0),
        failed_at=problem.barriers.crest,
    )


class _State:
    """The state of all storms on the device, and its time step."""

    def __init__(self, problem: Problem, device: torch.device, precision: torch.dtype) -> None:
        def field(values: object) -> Tensor:
            return torch.as_tensor(values, device=device, dtype=precision)

        def exact(values: object) -> Tensor:
            return torch.as_tensor(values, device=device, dtype=torch.float64)

        self.scheme: Scheme = problem.scheme
        self.cell_size = problem.cell_size
        self.level = field(problem.level).clone()  # (E, H + 2, W + 2)
        self.bed = field(problem.bed)
        self.greatest = self.level.clone()
        # faces inside the ring of walls; all others are closed
        self.flux_x = self.level.new_zeros((len(self.level), self.level.shape[1] - 2, self.level.shape[2] - 1))
        self.flux_y = self.level.new_zeros((len(self.level), self.level.shape[1] - 1, self.level.shape[2] - 2))
        self.friction_x = field(problem.west_friction)[1:-1, 1:]
        self.friction_y = field(problem.north_friction)[1:, 1:-1]
        self.sill_x = torch.maximum(self.bed[:, 1:-1, :-1], self.bed[:, 1:-1, 1:])
        self.sill_y = torch.maximum(self.bed[:, :-1, 1:-1], self.bed[:, 1:, 1:-1])
        self.time = exact(problem.time)
        self.boundary_level = exact(problem.boundary_level)
        self.boundary_weight = exact(problem.boundary_weight)
        self.discharge = exact(problem.discharge)
        columns = self.level.shape[2]
        self.boundary_cell = torch.as_tensor(problem.boundary_row * columns + problem.boundary_column, device=device)
        self.boundary_inside = torch.as_tensor(
            (problem.boundary_row - 1) * (columns - 2) + problem.boundary_column - 1, device=device
        )
        self.inflow_cell = torch.as_tensor(problem.inflow_row * columns + problem.inflow_column, device=device)
        self.boundary_bed = self.bed.flatten(1)[:, self.boundary_cell]
        face, row, column, sign = torch.as_tensor(problem.edges.face, device=device).T
        west = face == 0
        second = row * columns + column
        self.open_sides = second - torch.where(west, 1, columns), second
        self.open_sign = field(sign)
        inside_columns = columns - 2
        self.open_at = (  # among the western and the northern faces
            (row[west] - 1) * (columns - 1) + column[west] - 1, (row[~west] - 1) * inside_columns + column[~west] - 1,
        )  # fmt: skip
        self.is_west = west
        squared = torch.where(
            west, field(problem.west_friction).flatten()[second], field(problem.north_friction).flatten()[second]
        )
        self.open_friction = squared
        self.current = self.level.new_zeros((len(self.level), len(face)))
        self.clock = exact(problem.time[:1]).repeat(len(self.level))  # (E,)
        self.net_inflow = torch.zeros_like(self.clock)
        self.steps = torch.zeros(len(self.level), dtype=torch.int64, device=device)

    def advance(self, stop: float) -> None:
        """Advance every storm to time ``stop`` [s], exactly."""
        while bool((self.clock < stop).any()):
            before = self.clock
            for _ in range(_STEPS_PER_CHECK):
                self._step(stop)
            check_stability(((self.clock > before) | (self.clock == stop)).cpu().numpy())

    def _step(self, stop: float) -> None:
        scheme, size = self.scheme, self.cell_size
        deepest = (self.level - self.bed).flatten(1).amax(1).double()  # (E,)
        stable = scheme.courant * size / torch.sqrt(scheme.gravity * deepest.clamp_min(1e-300))
        remaining = stop - self.clock
        step = torch.minimum(stable.clamp_max(scheme.longest_step), remaining)  # (E,); 0 for a finished storm
        arrives = step >= remaining
        moves = step > 0
        small = step.to(self.level.dtype)[:, None, None]

        west, east = self.level[:, 1:-1, :-1], self.level[:, 1:-1, 1:]
        north, south = self.level[:, :-1, 1:-1], self.level[:, 1:, 1:-1]
        new_x = self._fluxes(west, east, self.sill_x, self.flux_x, self.friction_x, small, -1)
        new_y = self._fluxes(north, south, self.sill_y, self.flux_y, self.friction_y, small, -2)

        through = self._open_fluxes(self.flux_x, self.flux_y, step)
        new_x.view(len(new_x), -1)[:, self.open_at[0]] = through[:, self.is_west]
        new_y.view(len(new_y), -1)[:, self.open_at[1]] = through[:, ~self.is_west]

        ratio = small / size
        inside, bed = self.level[:, 1:-1, 1:-1], self.bed[:, 1:-1, 1:-1]
        leaving = (new_x[:, :, 1:].relu() + (-new_x[:, :, :-1]).relu()) + (
            new_y[:, 1:].relu() + (-new_y[:, :-1]).relu()
        )
        held = inside - bed
        outflow = ratio * leaving
        share = torch.where(outflow > held, held / outflow.clamp_min(1e-30), 1.0)
        share = torch.nn.functional.pad(share, (1, 1, 1, 1), value=1.0)
        new_x = new_x * torch.where(new_x > 0, share[:, 1:-1, :-1], share[:, 1:-1, 1:])
        new_y = new_y * torch.where(new_y > 0, share[:, :-1, 1:-1], share[:, 1:, 1:-1])
        gain = (new_x[:, :, :-1] - new_x[:, :, 1:]) + (new_y[:, :-1] - new_y[:, 1:])
        self.level[:, 1:-1, 1:-1] = torch.maximum(inside + ratio * gain, bed)
        self.flux_x = torch.where(moves[:, None, None], new_x, self.flux_x)
        self.flux_y = torch.where(moves[:, None, None], new_y, self.flux_y)

        through_boundary = -gain.flatten(1)[:, self.boundary_inside].sum(1, dtype=torch.float64) * step * size
        rivers = self._at(self.discharge, self.clock + 0.5 * step) * step[:, None]  # (E, R) [m3]
        self.level.view(len(self.level), -1).index_add_(1, self.inflow_cell, (rivers / size**2).to(self.level.dtype))
        self.net_inflow += through_boundary + rivers.sum(1)
        self.steps += moves
        self.clock = torch.where(arrives, torch.full_like(self.clock, stop), self.clock + step)
        self._set_boundary()
        torch.maximum(self.greatest, self.level, out=self.greatest)

    def _fluxes(
        self, first: Tensor, second: Tensor, sill: Tensor, old: Tensor, friction: Tensor, step: Tensor, axis: int
    ) -> Tensor:
        """New flux over the faces between first and second cells: (E, H', W')."""
        scheme = self.scheme
        depth = torch.maximum(first, second) - sill
        safe = depth.clamp_min(scheme.dry_depth)
        tail = (torch.minimum(first, second) - sill).clamp_min(0.0)
        pressed = safe - 0.5 * torch.minimum(safe - tail, tail)
        length = old.shape[axis]
        before, own, after = (
            old.narrow(axis, 0, length - 2),
            old.narrow(axis, 1, length - 2),
            old.narrow(axis, 2, length - 2),
        )
        mixed = scheme.theta * own + (0.5 * (1.0 - scheme.theta)) * (before + after)
        mixed = torch.where((before != 0) & (after != 0), mixed, own)
        edges = old.narrow(axis, 0, 1), old.narrow(axis, length - 1, 1)  # walls: always zero
        mixed = torch.cat([edges[0], mixed, edges[1]], axis)
        slope_factor = scheme.gravity * step / self.cell_size
        driven = mixed + slope_factor * pressed * (first - second)
        new = 2.0 * driven / (1.0 + torch.sqrt(1.0 + 4.0 * step * friction * safe ** (-7.0 / 3.0) * driven.abs()))
        fastest = safe * torch.sqrt(scheme.froude_limit**2 * scheme.gravity * safe)
        return torch.where(depth > scheme.dry_depth, torch.minimum(torch.maximum(new, -fastest), fastest), 0.0)

    def _open_fluxes(self, old_x: Tensor, old_y: Tensor, step: Tensor) -> Tensor:
        """(E, F) new fluxes over open edges, which let waves out; see `open_flux`."""
        scheme = self.scheme
        level, bed = self.level.flatten(1), self.bed.flatten(1)
        first, second = (level[:, cells] for cells in self.open_sides)
        sill = torch.maximum(*(bed[:, cells] for cells in self.open_sides))
        depth = torch.maximum(first, second) - sill
        wet = depth > scheme.dry_depth
        safe = depth.clamp_min(scheme.dry_depth)
        tail = (torch.minimum(first, second) - sill).clamp_min(0.0)
        pressed = safe - 0.5 * torch.minimum(safe - tail, tail)
        old = self.level.new_empty(self.current.shape)
        old[:, self.is_west], old[:, ~self.is_west] = (
            flux.flatten(1)[:, at] for flux, at in zip((old_x, old_y), self.open_at, strict=True)
        )
        ratio = (step / self.cell_size).to(level.dtype)[:, None]
        passes = ratio * torch.sqrt(scheme.gravity * safe)
        driven = self.open_sign * (old + scheme.gravity * ratio * pressed * (first - second))
        driven = driven + passes * self.current * safe
        drag, linear = step.to(level.dtype)[:, None] * self.open_friction * safe ** (-7.0 / 3.0), 1.0 + passes
        new = 2.0 * driven / (linear + torch.sqrt(linear**2 + 4.0 * drag * driven.abs()))
        fastest = safe * torch.sqrt(scheme.froude_limit**2 * scheme.gravity * safe)
        new = torch.where(wet, torch.minimum(torch.maximum(new, -fastest), fastest), 0.0)
        followed = (step / MEAN_SECONDS).clamp_max(1.0).to(level.dtype)[:, None]
        self.current = self.current + followed * (new / safe - self.current)
        return self.open_sign * new

    def _at(self, series: Tensor, time: Tensor) -> Tensor:
        """A series at the time of each storm: (E, T, N), (E,) → (E, N)."""
        index = (torch.searchsorted(self.time, time, right=True) - 1).clamp(0, len(self.time) - 2)
        weight = ((time - self.time[index]) / (self.time[index + 1] - self.time[index]))[:, None]
        rows = torch.arange(len(series), device=series.device)
        first, second = series[rows, index], series[rows, index + 1]
        return first + weight * (second - first)

    def _set_boundary(self) -> None:
        """Set the open cells to the boundary level."""
        boundary = (self._at(self.boundary_level, self.clock) @ self.boundary_weight).to(self.level.dtype)  # (E, B)
        self.level.view(len(self.level), -1)[:, self.boundary_cell] = torch.maximum(boundary, self.boundary_bed)
