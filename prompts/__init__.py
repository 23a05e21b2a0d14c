"""Every word sent to a model: one Jinja file per request, strictly rendered, hashed (`prompts.catalogue`)."""
