SELECT DISTINCT student_id, lesson_id FROM counted_viewing_days
