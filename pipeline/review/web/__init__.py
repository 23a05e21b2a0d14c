"""The local web app of a review: a person's page, the lead's page, and what keeps strangers out."""
