"""Where the rows of a source stand in the order of a run.

In: what a source was read of so far, and samples of its next wave. Out: ranks; and below which rank nothing more can come from it.

Without weights the rows of wave k of all sources stand together, after those of wave k - 1, shuffled by a hash. With weights row j
of a source (from 0, shuffled by the same hash within its wave) stands at the virtual position (j + 1/2) / weight, so that every
prefix of the order holds the sources by their weights, to within about half a row of each. A source that ends leaves its places
empty.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from pipeline.planning.book import SourceState
from pipeline.planning.tables import END
from stages import identity
from stages.records import Sample

_SPACING = 1 << 20  # between two rows of the source with the largest weight


class RunOrder:
    """The order of a run with this seed. `weights`: of each source, by name; empty where they have none."""

    def __init__(self, seed: int, weights: dict[str, float]) -> None:
        self._seed = seed
        most = max((Fraction(str(weight)) for weight in weights.values()), default=Fraction(1))
        # as they are written, not as a float rounds them
        self._strides = {name: _SPACING * most / Fraction(str(weight)) for name, weight in weights.items()}

    def sort(self, samples: Iterable[Sample]) -> list[Sample]:
        """Samples of one wave of one source in the order in which they are to stand."""
        return sorted(samples, key=lambda s: (identity.rank(self._seed, s.group), s.group))

    def place(self, state: SourceState, samples: Sequence[Sample]) -> list[int]:
        """The ranks of the samples (as `sort` gives them) of the next wave of a source."""
        stride = self._strides.get(state.name)
        if stride is None:
            return [identity.rank(self._seed, sample.group, state.waves) for sample in samples]
        return [int(stride * (2 * (state.placed + n) + 1) / 2) for n in range(len(samples))]

    def frontier(self, state: SourceState) -> int:
        """The rank below which nothing more can come from a source."""
        if state.done:
            return END
        stride = self._strides.get(state.name)
        return state.waves << identity.WAVE_SHIFT if stride is None else int(stride * state.placed)
