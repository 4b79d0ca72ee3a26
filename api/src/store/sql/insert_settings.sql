INSERT INTO settings (id, time_zone, completion_threshold)
VALUES (1, {time_zone}, {completion_threshold})
ON CONFLICT (id) DO NOTHING
