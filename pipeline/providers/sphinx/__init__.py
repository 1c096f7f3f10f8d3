"""The embedded recogniser: pocketsphinx behind a telephone-band front end. Rule: it listens in processes of its own."""
