"""row_loop.py SOURCE TARGET ROWS: the logs of one SQLite file into a bare table of another, row by row with a prepared
statement, so many in a transaction, as durable as the platform. Prints rows a second."""

import sqlite3
import sys
import time

BARE = """CREATE TABLE bare (log_id BLOB NOT NULL, student_id INTEGER NOT NULL, lesson_id INTEGER NOT NULL,
    event_type TEXT NOT NULL, watch_time_seconds INTEGER, completion_percentage INTEGER,
    event_timestamp TEXT NOT NULL, received_at TEXT NOT NULL, PRIMARY KEY (student_id, log_id)) STRICT"""

source, target = sys.argv[1:3]
rows = int(sys.argv[3])
# Small transactions take longer, and as many of them tell as much.
limit = 200 * max(rows, 250)
logs = sqlite3.connect(source).execute(f"SELECT * FROM streaming_logs ORDER BY received_at LIMIT {limit}").fetchall()
bare = sqlite3.connect(target, isolation_level=None)
bare.execute("PRAGMA journal_mode = WAL")
bare.execute("PRAGMA synchronous = FULL")
bare.execute(BARE)
begun = time.monotonic()
for first in range(0, len(logs), rows):
    bare.execute("BEGIN")
    for log in logs[first : first + rows]:
        bare.execute("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?, ?)", log)
    bare.execute("COMMIT")
print(len(logs) / (time.monotonic() - begun))
