-- Each line of learner_ref names somebody.
UPDATE rejected_logs
SET learner_ref = trim(replace(chr(10) || learner_ref || chr(10), {by_name}, {by_id}), chr(10)) -- postgres
WHERE position({by_name} IN chr(10) || learner_ref || chr(10)) > 0 -- postgres
SET learner_ref = trim(replace(char(10) || learner_ref || char(10), {by_name}, {by_id}), char(10)) -- sqlite
WHERE instr(char(10) || learner_ref || char(10), {by_name}) > 0 -- sqlite
