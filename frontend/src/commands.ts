/** What empty pages teach: commands that can be copied as they are. */

/** A token for those who run the platform. */
function token(scopes: string): string {
  return `TOKEN=$(edtech-api token --scope ${scopes})`;
}

const TOKEN = token("ingest,roster");

/** Posts JSON to a route. */
function post(route: string, body: string): string {
  return `curl ${location.origin}${route} -H "Authorization: Bearer $TOKEN" \\\n  --json '${body}'`;
}

const ENROL = post("/students", '{"external_id": "demo-1", "name": "Ada", "classroom": "DevOps_2025"}');
const STREAM = post(
  "/streaming-logs",
  '{"student": "demo-1", "lesson": "introduction-a-docker", "event_type": "played", "watch_time_seconds": 30}',
);
const LESSON = post(
  "/lessons",
  '{"external_id": "introduction-a-docker", "title": "Introduction à Docker", "subject": "DevOps"}',
);

/** Enrols a learner. */
export const enrol = [TOKEN, ENROL].join("\n\n");

/** Enrols a learner who streams a lesson. */
export const stream = [TOKEN, ENROL, STREAM].join("\n\n");

/** Makes a lesson. */
export const makeLesson = [TOKEN, LESSON].join("\n\n");

/** Posts a log that is refused, because nobody knows its learner. */
export const refused = [
  TOKEN,
  post(
    "/streaming-logs",
    '{"student": "nobody-yet", "lesson": "introduction-a-docker", "event_type": "played"}',
  ),
].join("\n\n");

/** Starts a benchmark. */
export const measure = [
  token("operate"),
  post("/benchmarks", '{"kind": "ingestion", "replicas": 2, "interval_seconds": 5}'),
].join("\n\n");

/** The figures of each day. */
export const allDays = [
  token("read"),
  `curl ${location.origin}/analytics/engagement -H "Authorization: Bearer $TOKEN"`,
].join("\n\n");

/** Makes a user who runs the platform. */
export const makeUser = "edtech-api user put --name head --role operator";
