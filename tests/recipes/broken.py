"""A module whose row forgets a field."""

from stages.rung import Rung

ROW = Rung(name="broken")  # type: ignore[call-arg]
