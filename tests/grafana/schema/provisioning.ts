/**
 * The provisioning files of Grafana 12.2, after what its server reads from them (`pkg/services/provisioning`): no package
 * holds these types. What the server would ignore, such as a misspelt key, does not fit here.
 */
import type { DataSource, SqlQuery } from "./dashboard";

export interface DataSourcesFile {
  apiVersion: 1;
  datasources: {
    name: string;
    uid: DataSource["uid"];
    type: DataSource["type"];
    access: "proxy";
    orgId: 1;
    url: `${string}:${number}`;
    user: string;
    isDefault: boolean;
    editable: false;
    jsonData: {
      database: string;
      sslmode: "disable" | "require" | "verify-ca" | "verify-full";
      postgresVersion: 1500;
      timescaledb: boolean;
      maxOpenConns: number;
      maxIdleConns: number;
      maxIdleConnsAuto: boolean;
      connMaxLifetime: number;
      timeInterval: Duration;
    };
    /** A secret is a file, never a value. */
    secureJsonData: { password: `$__file{/${string}}` };
  }[];
}

export interface DashboardsFile {
  apiVersion: 1;
  providers: {
    name: string;
    orgId: 1;
    type: "file";
    folder: string;
    folderUid: string;
    disableDeletion: boolean;
    allowUiUpdates: false;
    updateIntervalSeconds: number;
    options: { path: `/${string}`; foldersFromFilesStructure: boolean };
  }[];
}

export type Duration = `${number}${"s" | "m" | "h"}`;

export interface AlertingFile {
  apiVersion: 1;
  groups: {
    orgId: 1;
    name: string;
    folder: string;
    interval: Duration;
    rules: Rule[];
  }[];
}

/** A rule asks the database (A), takes the one number of the answer (B) and compares it (C). */
export interface Rule {
  uid: `edtech-${string}`;
  title: string;
  condition: "C";
  for: Duration;
  noDataState: "Alerting" | "NoData" | "OK" | "KeepLast";
  execErrState: "Alerting" | "Error" | "OK" | "KeepLast";
  isPaused: boolean;
  dashboardUid: string;
  panelId: number;
  labels: { service: "edtech-stream"; severity: "critical" | "warning" | "info" };
  annotations: { summary: string; description: string; runbook: `docs/OPERATIONS.md#alert-${string}` };
  data: [
    Step<"A", "edtech", SqlQuery & { format: "table" }>,
    Step<"B", "__expr__", Reduce>,
    Step<"C", "__expr__", Threshold>,
  ];
}

interface Step<RefId extends string, Source extends string, Model> {
  refId: RefId;
  datasourceUid: Source;
  /** Seconds before now. */
  relativeTimeRange: { from: number; to: 0 };
  model: { refId: RefId } & Model;
}

interface Expression {
  datasource: { type: "__expr__"; uid: "__expr__" };
}

interface Reduce extends Expression {
  type: "reduce";
  expression: "A";
  reducer: "last" | "max" | "min" | "mean" | "sum" | "count";
  /** `dropNN`: null is no number, so that a query without an answer counts as no data. */
  settings: { mode: "dropNN" };
}

interface Threshold extends Expression {
  type: "threshold";
  expression: "B";
  conditions: [{ evaluator: { type: "gt" | "lt"; params: [number] } }];
}
