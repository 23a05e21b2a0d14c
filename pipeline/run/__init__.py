"""The run in progress: traffic, tally, heartbeat, signals, the Ray session."""
