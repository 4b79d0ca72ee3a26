UPDATE settings
SET closed_before = {day}, roster_generation = roster_generation + 1
WHERE closed_before IS NULL OR closed_before < {day}
