SELECT 1 FROM settings WHERE roster_generation = {roster_generation}
