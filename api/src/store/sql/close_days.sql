UPDATE settings SET closed_before = {day} WHERE closed_before IS NULL OR closed_before < {day}
