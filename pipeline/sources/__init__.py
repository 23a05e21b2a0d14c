"""The tables that samples come from. In: a `TableSpec`. Out: rows, their columns mapped to typed values and checked images."""
