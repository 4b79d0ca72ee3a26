SELECT DISTINCT student_id, day FROM viewing_days
UNION
SELECT DISTINCT student_id, CAST('0001-01-01' AS date) FROM viewing_days -- postgres
SELECT DISTINCT student_id, '0001-01-01' FROM viewing_days -- sqlite
