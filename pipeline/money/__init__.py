"""What calls cost, what a run may cost, and what one would cost."""
