"""The control API: phone calls as OpenAI Realtime sessions, over HTTP, from any node that shares the Redis."""
