"""The world as a server that speaks the OpenAI API."""
