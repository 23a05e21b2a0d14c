"""Rewards for group-relative training (GRPO): the terms, the complexity penalty, advantages; the server and its adapters."""
