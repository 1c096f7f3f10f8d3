"""When a caller's turn is over: the parts that decide, on speech as a telephone carries it. Rule: nobody dials."""
