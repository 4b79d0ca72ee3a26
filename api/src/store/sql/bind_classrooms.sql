INSERT INTO user_classrooms (name, classroom)
SELECT {name}, item.classroom FROM {rows}
