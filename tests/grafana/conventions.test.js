/** What Grafana's provisioning and its readers expect and no schema says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboards, dataSources, panelsOf, providers, repository, rules } from "./files.js";

const slug = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
const unique = (values, what) =>
    assert.equal(new Set(values).size, values.length, `${what}: ${values.join(", ")}`);
const uids = dashboards.map(({ content }) => content.uid);

test("the four dashboards are there, each with a uid after its file", () => {
    const files = ["classroom-performance", "lesson-completion", "live-activity", "system-health"];
    assert.deepEqual(
        dashboards.map(({ name }) => name),
        files,
    );
    assert.deepEqual(
        uids,
        files.map((file) => `edtech-${file}`),
    );
    unique(
        dashboards.map(({ content }) => content.title),
        "titles",
    );
    assert.ok(uids.every((uid) => uid.length <= 40));
});

test("the data source is the one that the dashboards name, and its password is a file", () => {
    const [source] = dataSources[0].content.datasources;
    assert.equal(source.uid, "edtech");
    assert.equal(source.secureJsonData.password, "$__file{/run/secrets/grafana/database-password}");
    assert.equal(providers[0].content.providers[0].options.path, "/var/lib/grafana/dashboards");
});

for (const { name, content } of dashboards) {
    const panels = panelsOf(content);

    test(`${name}: nothing is left for an import to ask`, () => {
        assert.equal(content.id, null);
        assert.ok(!("__inputs" in content) && !("__requires" in content));
        assert.doesNotMatch(JSON.stringify(content), /\$\{DS_/);
    });

    test(`${name}: panels fill 24 columns without gaps or overlaps`, () => {
        const cells = new Map();
        for (const { title, gridPos } of content.panels) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
                for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
                    assert.ok(!cells.has(`${x} ${y}`), `${title} lies over ${cells.get(`${x} ${y}`)}`);
                    cells.set(`${x} ${y}`, title);
                    assert.ok(x < 24, `${title} is wider than the page`);
                }
            }
        }
        const bottom = Math.max(...content.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
        assert.equal(cells.size, 24 * bottom, "there are gaps");
    });

    test(`${name}: every panel says what it is, and what it means that there is nothing`, () => {
        unique(
            content.panels.map((panel) => panel.id),
            "ids",
        );
        unique(
            panels.map((panel) => panel.title),
            "titles",
        );
        for (const panel of panels) {
            assert.match(panel.title, /^[A-Z]/);
            assert.match(panel.description, /\S.*[.]$/, `${panel.title}: a description is a sentence`);
            assert.match(
                panel.fieldConfig.defaults.noValue ?? "",
                /\S/,
                `${panel.title}: no text for no data`,
            );
        }
    });

    test(`${name}: a panel of time asks for a series, any other for a table`, () => {
        for (const panel of panels) {
            const format = panel.type === "timeseries" ? "time_series" : "table";
            assert.deepEqual(
                panel.targets.map((target) => target.format),
                [format],
                panel.title,
            );
        }
    });

    test(`${name}: overrides name columns that the query has`, () => {
        for (const { title, targets, fieldConfig } of panels) {
            for (const { matcher } of fieldConfig.overrides) {
                const column = matcher.options === "count" ? "COUNT(*)" : matcher.options;
                assert.ok(targets[0].rawSql.includes(column), `${title}: ${matcher.options}`);
            }
        }
    });

    test(`${name}: links lead to dashboards that exist`, () => {
        const all = JSON.stringify(content)
            .match(/"url": ?"[^"]*"/g)
            .map((url) => url.match(/"url": ?"([^"]*)"/)[1]);
        for (const url of all) {
            const target = dashboards.find((other) => url.startsWith(`/d/${other.content.uid}/`));
            assert.ok(target, url);
            assert.equal(url.split(/[/?]/)[3], slug(target.content.title), url);
            for (const [, variable] of url.matchAll(/var-([a-z_]+)=/g)) {
                assert.ok(
                    target.content.templating.list.some((known) => known.name === variable),
                    url,
                );
            }
        }
        const others = uids.filter((uid) => uid !== content.uid);
        assert.deepEqual(content.links.map((link) => link.url.split("/")[2]).sort(), others);
    });

    test(`${name}: it refreshes itself and is tagged`, () => {
        assert.ok(content.timepicker.refresh_intervals.includes(content.refresh));
        assert.equal(content.tags[0], "edtech");
    });
}

const seconds = (duration) => Number.parseInt(duration, 10) * { s: 1, m: 60, h: 3600 }[duration.at(-1)];

test("there is a rule for each fault that is promised", () => {
    const anchors = new Set(rules.map((rule) => rule.annotations.runbook.split("#")[1]));
    assert.deepEqual([...anchors].sort(), [
        "alert-disk",
        "alert-no-logs",
        "alert-rejected-share",
        "alert-stale-report",
    ]);
});

test("rules have unique uids and titles, and a folder that is not that of the dashboards", () => {
    unique(
        rules.map((rule) => rule.uid),
        "uids",
    );
    unique(
        rules.map((rule) => rule.title),
        "titles",
    );
    assert.ok(rules.every((rule) => rule.uid.length <= 40));
    // Both are made by whoever comes first, with a uid of his own: one name would be two folders, or an error at the start.
    assert.ok(rules.every((rule) => rule.folder !== providers[0].content.providers[0].folder));
});

for (const rule of rules) {
    test(`alert '${rule.title}' is complete`, () => {
        const dashboard = dashboards.find(({ content }) => content.uid === rule.dashboardUid);
        assert.ok(
            panelsOf(dashboard.content).some((panel) => panel.id === rule.panelId),
            "it shows a panel that exists",
        );
        assert.ok(
            seconds(rule.for) > 0 && seconds(rule.for) % seconds(rule.interval) === 0,
            "it waits for whole evaluations",
        );
        assert.doesNotMatch(
            JSON.stringify([rule.annotations, rule.labels, rule.title]),
            /\$/,
            "taken for the environment",
        );
    });

    test(`alert '${rule.title}' has a runbook in the handbook`, () => {
        const [file, anchor] = rule.annotations.runbook.split("#");
        const text = readFileSync(join(repository, file), "utf8");
        const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
            slug(heading).replace(/^-|-$/g, ""),
        );
        const named = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => id);
        assert.ok([...headings, ...named].includes(anchor), `${file} has no section ${anchor}`);
    });
}
