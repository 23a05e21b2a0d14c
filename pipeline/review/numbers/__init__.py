"""The numbers of a review. Pure: values in, values out; no database, no disk, no clock."""
