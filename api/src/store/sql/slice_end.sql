SELECT student_id FROM students WHERE student_id > {after} ORDER BY student_id LIMIT 1 OFFSET {position}
