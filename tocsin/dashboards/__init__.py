"""What an operator's wall shows in Grafana: dashboards rendered from code, and the ways to it."""
