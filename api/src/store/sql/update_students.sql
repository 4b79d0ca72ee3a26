UPDATE students
SET external_id = item.external_id, name = NULLIF(item.name, ''), classroom = item.classroom
FROM {rows}
WHERE students.student_id = item.student_id
