"""Every answer that reached us, kept before it is used, so that it is never paid for twice."""
