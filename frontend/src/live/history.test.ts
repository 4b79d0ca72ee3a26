import { expect, it } from "vitest";
import { HISTORY_SECONDS, line, type Moment, remember } from "./history";

function at(second: number): Date {
  return new Date(second * 1000);
}

function rates(streaming_logs_per_second: number) {
  return { streaming_logs_per_second, active_students: 1 };
}

it("keeps one moment for each second, the last", () => {
  const history = [1, 2].reduce<Moment[]>(
    (history, value) => remember(history, at(100 + value / 10), rates(value)),
    [],
  );
  expect(history).toEqual([{ second: 100, logsPerSecond: 2, activeStudents: 1 }]);
});

it("forgets what is older than the chart", () => {
  let history: Moment[] = [];
  for (let second = 0; second < 2 * HISTORY_SECONDS; second += 1)
    history = remember(history, at(second), rates(second));
  expect(history).toHaveLength(HISTORY_SECONDS);
  expect(history[0]!.second).toBe(HISTORY_SECONDS);
});

it("draws no line over what nobody knows", () => {
  const history = [100, 110, 200, 201].reduce<Moment[]>(
    (history, second) => remember(history, at(second), rates(second)),
    [],
  );
  expect(line(history, ({ logsPerSecond }) => logsPerSecond)).toEqual([
    [100, 110, 111, 200, 201],
    [100, 110, null, 200, 201],
  ]);
});
