SELECT s.classroom, COUNT(DISTINCT s.student_id) AS total_students, AVG(sl.completion_percentage) AS avg_completion
FROM students s LEFT JOIN streaming_logs sl ON s.student_id = sl.student_id GROUP BY s.classroom
