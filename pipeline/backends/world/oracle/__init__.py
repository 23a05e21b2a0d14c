"""What a picture truly shows, known without the eyes of the models."""
