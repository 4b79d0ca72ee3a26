/** What Grafana is provisioned with, read from where the manifests take it. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const repository = join(dirname(fileURLToPath(import.meta.url)), "../..");
const grafana = join(repository, "k8s/components/grafana");

const read = (folder, ending, parser) =>
    readdirSync(join(grafana, folder))
        .filter((file) => file.endsWith(ending))
        .sort()
        .map((file) => ({
            name: basename(file, ending),
            content: parser(readFileSync(join(grafana, folder, file), "utf8")),
        }));

export const dashboards = read("dashboards", ".json", JSON.parse);
export const dataSources = read("provisioning/datasources", ".yaml", parse);
export const providers = read("provisioning/dashboards", ".yaml", parse);
export const alerting = read("provisioning/alerting", ".yaml", parse);

/** Each rule, with what its group says of it. */
export const rules = alerting.flatMap(({ content }) =>
    content.groups.flatMap(({ folder, interval, rules }) =>
        rules.map((rule) => ({ ...rule, folder, interval })),
    ),
);

/** The panels that show something: rows are headings. */
export const panelsOf = (dashboard) => dashboard.panels.filter((panel) => panel.type !== "row");

/** Every SQL statement that a dashboard or an alert rule sends, with the name of where it stands. */
export const queries = [
    ...dashboards.flatMap(({ name, content }) => [
        ...panelsOf(content).flatMap((panel) =>
            panel.targets.map(({ rawSql, format, refId }) => ({
                at: `${name}: ${panel.title} ${refId}`,
                sql: rawSql,
                format,
            })),
        ),
        ...content.templating.list.map((variable) => ({
            at: `${name}: $${variable.name}`,
            sql: variable.query,
            format: "variable",
        })),
    ]),
    ...rules.map((rule) => ({ at: `alert: ${rule.title}`, sql: rule.data[0].model.rawSql, format: "table" })),
];
