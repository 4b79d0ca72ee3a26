-- The index on lessons holds the learner here, and the one on time is of block ranges, which lead to the rows themselves.
SELECT 1;
