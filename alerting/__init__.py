"""Risk in, decisions out: units, modes, alerts, the escalation table, the journal; deliveries at the edge."""
