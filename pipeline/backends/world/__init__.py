"""The world: the embedded default backend and test bed. In: rendered text and pixels. Out: text or pixels."""
