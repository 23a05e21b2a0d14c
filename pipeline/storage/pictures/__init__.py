"""Pictures as they come, and as models and trainers see them: opened within limits, turned, converted, laid on white."""
