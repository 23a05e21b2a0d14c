"""Whether a picture is truly right, judged without the vision of the models."""
