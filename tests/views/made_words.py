"""What builds made by hand ask for, and what is thought about them."""

CATEGORIES = ("addition", "removal", "replacement", "color", "size", "count", "spatial_arrangement", "background")
INSTRUCTIONS = (
    "Paint the small circle at the left crimson and leave everything else as it is.",
    "Add two yellow triangles above the blue square, remove the green star, and make the background a pale grey.",
    "Move the large orange ring to the lower right corner.",
    "Draw three red squares in a row and a small blue circle beneath the middle one.",
    "Replace the purple hexagon by a teal diamond of the same size.",
)
THOUGHTS = (
    "The circle at the left is still brown; the change was asked for its colour, and nothing of that is visible.",
    "One triangle of two is there. The second is missing above the right half of the square.",
    "The neighbour was moved by a third of its width although it was not named.",
)
