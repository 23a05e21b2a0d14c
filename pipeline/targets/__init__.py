"""Targets: so many kept rows of each mode, and at least so many of each category, with no more samples begun than needed.

Pure: no disk, no Ray, no clock. How a build uses it:

1. Every row of the sources belongs to one `goals.Cell`: `goals.cell_of(source, category, split, floors)`. Within a cell rows are
   begun in rank order.
2. `rounds.next_round(goals, placed, stocks, before, seed, number)` says how many rows of which cell to begin in round `number`
   (0, 1, ...), from the outcomes of all rounds before. It begins nothing when the goals are met or can be met no further; then
   `Next.missing` has a line for each goal that is short. It is a function of its arguments alone, so it can be asked again.
3. `selection.select(placed, goals, before)` gives the fate of every sample that was begun: kept, surplus, discarded, failed.
   There is no cut: planned = all that was begun. `before`: ids kept under earlier, smaller goals; they stay kept.
"""
