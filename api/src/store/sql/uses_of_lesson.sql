-- Every log is counted in viewing_days; a completion outlives both.
SELECT 1 FROM viewing_days WHERE lesson_id = {lesson_id}
UNION ALL
SELECT 1 FROM completions WHERE lesson_id = {lesson_id}
LIMIT 1
