"""The web console: one screen for the city, its hotspots, journal, data and duties, and every act."""
