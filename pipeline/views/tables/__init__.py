"""The tables of a report: one question each, filled in one pass over the record, handed out as pandas DataFrames."""
