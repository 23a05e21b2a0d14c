"""Images that samples bring along: made elsewhere, before the build."""
