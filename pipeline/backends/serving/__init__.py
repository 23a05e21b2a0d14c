"""Any model of this process as a server that speaks the OpenAI API, and the parts that all such servers share."""
