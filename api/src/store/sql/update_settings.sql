INSERT INTO settings (id, time_zone, completion_threshold)
VALUES (1, {time_zone}, {completion_threshold})
ON CONFLICT (id) DO UPDATE
SET time_zone = excluded.time_zone, completion_threshold = excluded.completion_threshold
