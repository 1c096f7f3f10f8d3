"""Speakerphones that send the agent its own voice back, and what becomes of a conversation over one."""
