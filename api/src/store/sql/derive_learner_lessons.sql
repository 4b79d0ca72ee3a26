SELECT DISTINCT student_id, lesson_id FROM viewing_days
