"""What the world's judge says: templates that name what is in a scene, and the choice among them."""
