"""The phone side: signalling, media, state and the service around them. Rule: pipeline never imports it."""
