"""The phone side: signalling, media, state and the service around them. Rule: it imports pipeline, never the reverse."""
