"""The run in progress: permits, tally, heartbeat, signals, the Ray session."""
