-- A completion lies on a day of its own log, and still does when retention has removed the day's other counts.
SELECT viewing.day FROM {rows} JOIN counted_viewing_days AS viewing ON viewing.student_id = item.student_id
UNION
SELECT completions.day FROM {rows} JOIN completions ON completions.student_id = item.student_id
ORDER BY day
