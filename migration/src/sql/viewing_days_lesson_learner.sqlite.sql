-- The index on lessons holds the learner already: it is part of the table's key.
SELECT 1;
