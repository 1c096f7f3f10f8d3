"""What is known about calls beyond the process that runs them: Redis, and the records kept in it."""
