"""Facts to samples: the only room with a clock, a process and a sensor."""
