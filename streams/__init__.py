"""What an event is, when it counts, and how events become a panel of counts."""
