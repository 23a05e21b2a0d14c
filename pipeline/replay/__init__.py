"""Looking back into the journal of a build: other policies, failed samples, figures. No call is made."""
