"""Two runs beside each other: as facts, as sentences, as a page of their own."""
