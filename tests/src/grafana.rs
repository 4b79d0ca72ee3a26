//! The queries of Grafana's dashboards and alerts, as Grafana sends them: taken from the files that are deployed, with their
//! macros expanded.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// A query of a panel, of an alert or of a variable.
#[derive(Debug, Clone)]
pub struct GrafanaQuery {
    /// The dashboard or the file of alerts.
    pub whose: String,
    /// The panel's, alert's or variable's title.
    pub title: String,
    /// As it is written.
    pub sql: String,
}

/// What a dashboard is looked at with.
#[derive(Debug, Clone)]
pub struct GrafanaView {
    /// The beginning of the time range.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Seconds of a point on a chart, as Grafana derives them from the width of a panel.
    pub interval_seconds: u64,
    /// What is chosen: name of a variable, and its values.
    pub variables: Vec<(&'static str, Vec<String>)>,
}

impl GrafanaQuery {
    /// Every query that is deployed.
    pub fn all() -> Vec<Self> {
        let grafana: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "..", "k8s", "components", "grafana"].iter().collect();
        let mut queries: Vec<Self> =
            files(&grafana.join("dashboards")).iter().flat_map(of_dashboard).collect();
        queries.extend(files(&grafana.join("provisioning").join("alerting")).iter().flat_map(of_alerts));
        queries
    }

    /// What Grafana sends to PostgreSQL.
    pub fn expanded(&self, view: &GrafanaView) -> String {
        let mut sql = self.sql.clone();
        for (name, values) in &view.variables {
            let quoted: Vec<String> =
                values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
            sql = sql.replace(&format!("${{{name}:sqlstring}}"), &quoted.join(","));
        }
        let instant = |at: DateTime<Utc>| format!("'{}'", at.to_rfc3339_opts(SecondsFormat::Millis, true));
        let (from, to) = (instant(view.from), instant(view.to));
        let interval = view.interval_seconds;
        sql = sql.replace("$__interval", &format!("{interval}s"));
        sql = expand(&sql, "$__timeFilter", |column| format!("{column} BETWEEN {from} AND {to}"));
        sql = expand(&sql, "$__timeFrom", |_| from.clone());
        sql = expand(&sql, "$__timeTo", |_| to.clone());
        sql = expand(&sql, "$__timeGroupAlias", |arguments| format!("{} AS \"time\"", time_group(arguments)));
        sql = expand(&sql, "$__timeGroup", time_group);
        assert!(!sql.contains("$__") && !sql.contains("${"), "{}: what is this macro in {sql}", self.title);
        sql
    }
}

/// `column, 60s` as seconds since 1970, rounded down.
fn time_group(arguments: &str) -> String {
    let (column, interval) = arguments.split_once(',').expect("a column and an interval");
    let interval = interval.trim().trim_matches('\'');
    let (number, unit) = interval.split_at(interval.len() - 1);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => panic!("an interval of what: {interval}"),
    };
    let seconds = number.parse::<u64>().expect("a number of them") * factor;
    format!("floor(extract(epoch from {})/{seconds})*{seconds}", column.trim())
}

/// Replaces each call of a macro, whose arguments may hold parentheses themselves.
fn expand(sql: &str, name: &str, with: impl Fn(&str) -> String) -> String {
    let call = format!("{name}(");
    let mut expanded = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(&call) {
        let end = closing(after);
        expanded.push_str(before);
        expanded.push_str(&with(&after[..end]));
        rest = &after[end + 1..];
    }
    expanded + rest
}

fn closing(text: &str) -> usize {
    let mut open = 1;
    for (place, character) in text.char_indices() {
        match character {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return place;
        }
    }
    panic!("a parenthesis is not closed: {text}")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn of_dashboard(file: &PathBuf) -> Vec<GrafanaQuery> {
    let text = std::fs::read_to_string(file).expect("a dashboard");
    let dashboard: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let whose = dashboard["title"].as_str().expect("a title");
    let mut queries = Vec::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let sql = target["rawSql"].as_str().unwrap_or_else(|| panic!("{whose}, {title}: no rawSql"));
            queries.push(GrafanaQuery {
                whose: whose.to_owned(),
                title: title.to_owned(),
                sql: sql.to_owned(),
            });
        }
    }
    for variable in dashboard["templating"]["list"].as_array().into_iter().flatten() {
        let title = format!("variable {}", variable["name"].as_str().unwrap_or_default());
        let query = &variable["query"];
        let sql = query.as_str().or_else(|| query["rawSql"].as_str());
        let sql =
            sql.or_else(|| variable["definition"].as_str()).unwrap_or_else(|| panic!("{whose}, {title}"));
        queries.push(GrafanaQuery { whose: whose.to_owned(), title, sql: sql.to_owned() });
    }
    queries
}

/// Those within collapsed rows too.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let outer = dashboard["panels"].as_array().expect("panels");
    outer
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten()))
        .collect()
}

/// Alert rules are YAML, of which this reads what it needs: the title of each rule and the text under `rawSql`.
fn of_alerts(file: &PathBuf) -> Vec<GrafanaQuery> {
    let text = std::fs::read_to_string(file).expect("alert rules");
    let lines: Vec<&str> = text.lines().collect();
    let mut title = "";
    let mut queries = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start().trim_start_matches("- ");
        if let Some(name) = trimmed.strip_prefix("title: ") {
            title = name.trim();
        }
        if let Some(inline) = trimmed.strip_prefix("rawSql:") {
            let sql = if inline.trim().starts_with(['|', '>']) {
                block(&lines, number)
            } else {
                inline.trim().to_owned()
            };
            queries.push(GrafanaQuery { whose: "alert rules".to_owned(), title: title.to_owned(), sql });
        }
    }
    queries
}

/// The lines that are indented further than the one that begins them.
fn block(lines: &[&str], begin: usize) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let outer = indent(lines[begin]);
    let inner = lines[begin + 1..].iter().take_while(|line| line.trim().is_empty() || indent(line) > outer);
    inner.map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}
