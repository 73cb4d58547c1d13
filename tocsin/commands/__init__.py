"""The command line's groups, one file a noun; each imports what is heavy only inside its commands."""
