"""Charts drawn by matplotlib and turned into inline SVG that takes its colours from the page."""
