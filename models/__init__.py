"""What normal looks like, and how many detectors' scores become one risk."""
