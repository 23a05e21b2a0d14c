"""The style probe: whether a picture's looks give its maker away. In: pictures by baseline and generator. Out: a finding."""
