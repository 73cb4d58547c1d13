"""What Tocsin saw in recorded cities: known shocks and silences against the first alert, and quiet weeks."""
