WITH derived AS ({derive})
SELECT (SELECT COUNT(*) FROM (SELECT * FROM derived EXCEPT SELECT {columns} FROM counted_{table}) AS missing) AS missing,
       (SELECT COUNT(*) FROM (SELECT {columns} FROM counted_{table} EXCEPT SELECT * FROM derived) AS surplus) AS surplus
