/** Each file fits the schema of the Grafana that is shipped; and a file that does not is found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints } from "./compile.js";
import { alerting, dashboards, dataSources, panelsOf, providers } from "./files.js";

for (const [what, files, type] of [
    ["dashboard", dashboards, "dashboard.Dashboard"],
    ["data source", dataSources, "provisioning.DataSourcesFile"],
    ["dashboard provider", providers, "provisioning.DashboardsFile"],
    ["alert rules", alerting, "provisioning.AlertingFile"],
]) {
    const found = complaints(
        files.map(({ content }) => content),
        type,
    );
    test(`there is a ${what}`, () => assert.ok(files.length > 0));
    files.forEach(({ name }, index) => {
        test(`${what} ${name} fits Grafana's schema`, () => assert.deepEqual(found[index], []));
    });
}

const first = (dashboard, type) => panelsOf(dashboard).find((panel) => panel.type === type);

// Faults that Grafana itself would swallow: it drops what it does not know, and shows something else.
const dashboardFaults = {
    "a misspelt property of the dashboard": (d) => (d.refesh = "5s"),
    "a numeric id": (d) => (d.id = 7),
    inputs: (d) => (d.__inputs = []),
    "another version of the schema": (d) => (d.schemaVersion = 39),
    "a link of a kind that does not exist": (d) => (d.links[0].type = "dashboard"),
    "a misspelt property of a panel": (d) => (first(d, "stat").desciption = "x"),
    "a panel without a description": (d) => delete first(d, "table").description,
    "a panel of a kind that is not there": (d) => (first(d, "timeseries").type = "graph"),
    "the options of another kind of panel": (d) => (first(d, "stat").options.showUnfilled = true),
    "a missing option": (d) => delete first(d, "bargauge").options.displayMode,
    "an option with a value that does not exist": (d) => (first(d, "stat").options.graphMode = "areas"),
    "a field configuration of another kind of panel": (d) =>
        (first(d, "stat").fieldConfig.defaults.custom = { drawStyle: "line" }),
    "a draw style that does not exist": (d) =>
        (first(d, "timeseries").fieldConfig.defaults.custom.drawStyle = "bar"),
    "a cell that does not exist": (d) =>
        (first(d, "table").fieldConfig.defaults.custom.cellOptions.type = "colour-text"),
    "a colour mode that does not exist": (d) =>
        (first(d, "stat").fieldConfig.defaults.color.mode = "threshold"),
    "a threshold mode that does not exist": (d) =>
        (first(d, "stat").fieldConfig.defaults.thresholds.mode = "relative"),
    "a unit that does not exist": (d) => (first(d, "timeseries").fieldConfig.defaults.unit = "seconds"),
    "an override of a property that does not exist": (d) =>
        (first(d, "stat").fieldConfig.overrides[0].properties[0] = { id: "displayname", value: "x" }),
    "an override of another kind of panel's property": (d) =>
        first(d, "stat").fieldConfig.overrides[0].properties.push({ id: "custom.width", value: 80 }),
    "an override with a value of the wrong type": (d) =>
        (first(d, "stat").fieldConfig.overrides[0].properties[0] = { id: "decimals", value: "2" }),
    "a matcher that does not exist": (d) => (first(d, "stat").fieldConfig.overrides[0].matcher.id = "byname"),
    "another data source": (d) => (first(d, "stat").datasource.uid = "P44368ADAD746BC27"),
    "a data source that an import would ask for": (d) =>
        (first(d, "stat").targets[0].datasource.uid = "${DS_POSTGRES}"),
    "a query format that does not exist": (d) => (first(d, "stat").targets[0].format = "timeseries"),
    "a misspelt property of a query": (d) => (first(d, "stat").targets[0].rawSQL = "SELECT 1"),
    "a place without a width": (d) => delete first(d, "stat").gridPos.w,
    "a hidden transformation": (d) => (first(d, "table").transformations = [{ id: "organize", options: {} }]),
    "a variable of a kind that does not exist": (d) => d.templating.list.push({ name: "x", type: "sql" }),
};

// A dashboard with a variable and one panel of each kind: small, since each fault is compiled.
const sample = () => {
    const whole = structuredClone(
        dashboards.find(({ content }) => content.templating.list.length > 0).content,
    );
    const panels = dashboards.flatMap(({ content }) => structuredClone(content.panels));
    const kinds = [...new Set(panels.map((panel) => panel.type))];
    whole.panels = kinds.map((kind) => panels.find((panel) => panel.type === kind));
    return whole;
};

const ruleFaults = {
    "a misspelt property of a rule": (f) => (f.groups[0].rules[0].executionErrorState = "OK"),
    "a state that does not exist": (f) => (f.groups[0].rules[0].noDataState = "KeepLastState"),
    "a reducer that does not exist": (f) => (f.groups[0].rules[0].data[1].model.reducer = "latest"),
    "a threshold that is no number": (f) =>
        (f.groups[0].rules[0].data[2].model.conditions[0].evaluator.params = ["15"]),
    "a runbook elsewhere": (f) => (f.groups[0].rules[0].annotations.runbook = "https://example.com/"),
    "a rule without a severity": (f) => delete f.groups[0].rules[0].labels.severity,
};

const dataSourceFaults = {
    "a password in the file": (f) => (f.datasources[0].secureJsonData.password = "secret"),
    "a misspelt setting of the data source": (f) => (f.datasources[0].jsonData.sslMode = "disable"),
};

for (const [faults, whole, type] of [
    [dashboardFaults, sample, "dashboard.Dashboard"],
    [ruleFaults, () => structuredClone(alerting[0].content), "provisioning.AlertingFile"],
    [dataSourceFaults, () => structuredClone(dataSources[0].content), "provisioning.DataSourcesFile"],
]) {
    const broken = Object.values(faults).map((fault) => {
        const value = whole();
        fault(value);
        return value;
    });
    const [sound, ...found] = complaints([whole(), ...broken], type);
    test(`what the faults are put into is sound (${type})`, () => assert.deepEqual(sound, []));
    Object.keys(faults).forEach((fault, index) => {
        test(`${fault} is found`, () => assert.notDeepEqual(found[index], []));
    });
}
