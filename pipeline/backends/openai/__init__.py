"""Models over HTTP: any server that speaks the OpenAI API."""
