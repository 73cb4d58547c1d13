"""Kafka and Faust: the only folder that imports them. Protocol: docs/live.md."""
