-- Each line of learner_ref names somebody. Where there is none nobody could tell whom the log names: then what it holds
-- decides, and one that only looks like the learner's goes as well. The table has at most some thousands of rows for a client.
DELETE FROM rejected_logs
WHERE position({by_id} IN chr(10) || learner_ref || chr(10)) > 0 -- postgres
   OR position({by_name} IN chr(10) || learner_ref || chr(10)) > 0 -- postgres
   OR (learner_ref IS NULL AND position({external_id} IN payload) > 0) -- postgres
WHERE instr(char(10) || learner_ref || char(10), {by_id}) > 0 -- sqlite
   OR instr(char(10) || learner_ref || char(10), {by_name}) > 0 -- sqlite
   OR (learner_ref IS NULL AND instr(payload, {external_id}) > 0) -- sqlite
