SELECT DISTINCT student_id, day FROM counted_viewing_days
UNION
SELECT DISTINCT student_id, CAST('0001-01-01' AS date) FROM counted_viewing_days -- postgres
SELECT DISTINCT student_id, '0001-01-01' FROM counted_viewing_days -- sqlite
