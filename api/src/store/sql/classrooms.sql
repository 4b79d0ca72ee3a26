SELECT classrooms.classroom, classrooms.created_at,
       (SELECT COUNT(*) FROM students WHERE students.classroom = classrooms.classroom) AS students
FROM classrooms {which}
