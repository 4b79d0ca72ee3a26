/** What a query may say: cheap questions to the views that are there, in words that a test can put in for Grafana's. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboards, queries, repository } from "./files.js";

const migrations = join(repository, "migration/src/sql");
const views = new Set(
    readdirSync(migrations)
        .filter((file) => file.endsWith(".postgres.sql"))
        .flatMap((file) => [
            ...readFileSync(join(migrations, file), "utf8").matchAll(/CREATE VIEW analytics\.(\w+)/g),
        ])
        .map(([, view]) => view),
);

const MACROS = [
    "$__timeFilter",
    "$__timeFrom",
    "$__timeTo",
    "$__timeGroup",
    "$__timeGroupAlias",
    "$__interval",
];
const ZONE = "(SELECT time_zone FROM settings)";
const SPAN = "$__timeTo()::timestamptz - $__timeFrom()::timestamptz";
const [FIRST, LAST] = ["From", "To"].map(
    (end) => `($__time${end}()::timestamptz AT TIME ZONE ${ZONE})::date`,
);

/** The relations that a statement reads, but for those that it makes itself. `EXTRACT(… FROM …)` reads none. */
function relations(sql) {
    const own = new Set([...sql.matchAll(/(\w+) AS \(/g)].map(([, name]) => name));
    const plain = sql.replace(/EXTRACT\((\w+) FROM/g, "EXTRACT($1,");
    return [...plain.matchAll(/\b(?:FROM|JOIN)\s+([a-z_]+)(?=\s|\)|,|$)((?:\s*,\s*[a-z_]+)*)/g)]
        .flatMap(([, first, more]) => [first, ...more.split(",").map((name) => name.trim())])
        .filter((name) => name !== "" && !own.has(name));
}

test("the views are found", () => assert.ok(views.has("daily_classrooms") && views.has("settings")));

/** One statement that only reads, and only views that are there. */
function readsViews({ sql }) {
    assert.match(sql, /^(SELECT|WITH)\b/);
    assert.doesNotMatch(sql, /;|--/);
    assert.doesNotMatch(sql, /\b(INSERT|UPDATE|DELETE|DROP|ALTER|CREATE|GRANT|SET|COPY)\b/i);
    const read = relations(sql);
    assert.ok(read.length > 0);
    for (const relation of read) {
        assert.ok(views.has(relation), `there is no view ${relation}`);
    }
    assert.doesNotMatch(sql, /\bexternal_id\b|\bpublic\b|\bpg_/);
}

/** Only the macros and variables that a test knows how to put in; alerts and variables have neither. */
function usesAgreedMacros({ at, sql, format }) {
    const dashboard = dashboards.find(({ name }) => at.startsWith(`${name}:`));
    const variables = (dashboard?.content.templating.list ?? []).map(({ name }) => `\${${name}:sqlstring}`);
    for (const [token] of sql.matchAll(/\$(?:\{[^}]*\}|\w*)/g)) {
        assert.ok([...MACROS, ...variables].includes(token), token);
    }
    if (at.startsWith("alert") || format === "variable") {
        assert.doesNotMatch(sql, /\$/, "nobody has chosen a range");
    }
    for (const variable of variables) {
        assert.equal(sql.split(variable).length, sql.split(`IN (${variable})`).length);
    }
}

/** The log grows: of it, the last five minutes by arrival at most, and whether there is any in a quarter of an hour. */
function readsLittleOfTheLog({ sql }) {
    for (const [, any, after] of sql.matchAll(/(EXISTS \(SELECT )?\bFROM streaming_logs\b([^]*)/g)) {
        const bound = after.match(/^\s+WHERE received_at > now\(\) - interval '(\d+) (second|minute)s'/);
        assert.ok(bound, "the log is read by a short time of arrival only");
        assert.ok(Number(bound[1]) * (bound[2] === "minute" ? 60 : 1) <= (any === undefined ? 300 : 900));
    }
    assert.doesNotMatch(sql, /JOIN streaming_logs|\bcompletions\b/);
}

/** Days are the platform's, and the range's first and last one are included. */
function knowsWhatADayIs({ sql }) {
    const range = new RegExp(`day BETWEEN ${escape(FIRST)}\\s+AND ${escape(LAST)}`, "g");
    assert.equal(sql.split("day BETWEEN").length - 1, [...sql.matchAll(range)].length);
    const rest = [FIRST, LAST, SPAN].reduce((text, known) => text.replaceAll(known, ""), sql);
    assert.doesNotMatch(rest, /\$__time(From|To)/);
    // Grafana takes a date for midnight in UTC, which in New York is the evening before: days are sent as text or as a time.
    assert.doesNotMatch(sql, /^SELECT (\w+\.)?day\b(?!::)/);
}

/** A year has half a million minutes: they are read for a week at most. */
function readsAWeekOfMinutes({ sql }) {
    if (sql.includes("$__timeFilter")) {
        assert.ok(
            sql.includes(`FROM minutes\nWHERE $__timeFilter(minute)\n  AND ${SPAN} <= interval '7 days'\n`),
        );
    }
}

/** A series begins with its time and is in its order. */
function isASeries({ sql }) {
    assert.match(
        sql,
        /^(WITH [^]*\n\)\n)?SELECT (\$__timeGroupAlias\(minute, \$__interval\)|(\w+\.)?day::timestamp AT TIME ZONE .* AS time),/,
    );
    assert.match(sql, /\nORDER BY 1(, 2)?$/);
}

for (const query of queries) {
    test(`${query.at}: asks as agreed`, () => {
        readsViews(query);
        usesAgreedMacros(query);
        readsLittleOfTheLog(query);
        knowsWhatADayIs(query);
        readsAWeekOfMinutes(query);
        if (query.format === "time_series") {
            isASeries(query);
        }
    });
}

// A check that lets everything pass would look the same.
for (const [fault, sql] of [
    ["a table that is no view", "SELECT COUNT(*) FROM viewing_days"],
    ["the whole log", "SELECT COUNT(*) FROM streaming_logs"],
    [
        "an hour of the log",
        "SELECT COUNT(*) FROM streaming_logs WHERE received_at > now() - interval '60 minutes'",
    ],
    [
        "a quarter of an hour, counted",
        "SELECT COUNT(*) FROM streaming_logs WHERE received_at > now() - interval '15 minutes'",
    ],
    ["a macro that is not agreed", "SELECT $__time(minute) FROM minutes"],
    [
        "days of another zone",
        "SELECT completed FROM daily_totals WHERE day BETWEEN $__timeFrom()::date AND $__timeTo()::date",
    ],
    ["any number of minutes", "SELECT SUM(streaming_logs) FROM minutes WHERE $__timeFilter(minute)"],
    ["a second statement", "SELECT 1 FROM settings; DROP TABLE students"],
]) {
    test(`${fault} is found`, () => {
        const query = { at: "somewhere", sql, format: "table" };
        const checks = [
            readsViews,
            usesAgreedMacros,
            readsLittleOfTheLog,
            knowsWhatADayIs,
            readsAWeekOfMinutes,
        ];
        assert.throws(() => checks.forEach((check) => check(query)));
    });
}

test("the originals that are cheap are there word for word", () => {
    const all = queries.map(({ sql }) => sql);
    assert.ok(all.includes("SELECT COUNT(*) FROM students"));
    assert.ok(all.includes("SELECT classroom, COUNT(*) FROM students GROUP BY classroom"));
});

function escape(text) {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
