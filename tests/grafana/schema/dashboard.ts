/**
 * A dashboard file as Grafana's own schema has it, narrowed to how this platform uses it.
 *
 * Grafana's type of a panel leaves options, field configuration and queries open, since they belong to the plugins. Here
 * each kind of panel gets the types that its plugin publishes, so that a misspelt option or a value that the plugin does not
 * know is found. A panel of a kind that is not listed, a transformation or a library panel does not fit either.
 */
import type * as grafana from "@grafana/schema";
import type * as raw from "@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen.d.ts";
import type * as barchart from "@grafana/schema/dist/types/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen.d.ts";
import type * as bargauge from "@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen.d.ts";
import type * as gauge from "@grafana/schema/dist/types/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen.d.ts";
import type * as stat from "@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.d.ts";
import type * as table from "@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.d.ts";
import type * as timeseries from "@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts";
import type { Json, With } from "./json";

/** Every panel, query and variable names the provisioned data source by its pinned uid. */
export interface DataSource {
  type: "grafana-postgresql-datasource";
  uid: "edtech";
}

/** A query of Grafana's SQL data sources; the schema package does not hold its type. */
export interface SqlQuery {
  refId: string;
  datasource: DataSource;
  editorMode: "code";
  format: "table" | "time_series";
  rawQuery: true;
  rawSql: string;
}

/** Grafana takes any string for a unit and shows what it does not know behind the number: so the known ones are listed. */
export type Unit =
  | "locale"
  | "short"
  | "percent"
  | "percentunit"
  | "s"
  | "ms"
  | "bytes"
  | "dateTimeAsIso"
  | "dateTimeAsIsoNoDateIfToday"
  | "dateTimeFromNow"
  | `suffix:${string}`;

export interface DataLink {
  title: string;
  url: string;
  targetBlank: boolean;
}

type Field<Custom> = With<
  Json<Omit<raw.FieldConfig, "custom">>,
  { unit?: Unit; links?: DataLink[] } & Custom
>;

/** The properties that an override may set: those of a field, and those of the panel's plugin as `custom.…`. */
type Property<Custom> =
  | { [Key in keyof Field<{}>]-?: { id: Key; value: NonNullable<Field<{}>[Key]> } }[keyof Field<{}>]
  | {
      [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: NonNullable<Custom[Key]> };
    }[keyof Custom & string];

interface Override<Custom> {
  matcher: { id: "byName"; options: string };
  properties: Property<Custom>[];
}

type PanelOf<Type extends string, Options, Custom> = With<
  Json<Omit<raw.Panel, "transformations" | "libraryPanel" | "repeat" | "repeatDirection" | "maxPerRow">>,
  {
    id: number;
    type: Type;
    title: string;
    description: string;
    gridPos: Json<raw.GridPos>;
    datasource: DataSource;
    pluginVersion: "12.2.0";
    fieldConfig: {
      defaults: Field<keyof Custom extends never ? {} : { custom?: Partial<Custom> }>;
      overrides: Override<Custom>[];
    };
    options: Options;
    targets: SqlQuery[];
  }
>;

export type Panel =
  | PanelOf<"barchart", Json<barchart.Options>, Json<barchart.FieldConfig>>
  | PanelOf<"bargauge", Json<bargauge.Options>, {}>
  | PanelOf<"gauge", Json<gauge.Options>, {}>
  | PanelOf<"stat", Json<stat.Options>, {}>
  | PanelOf<"table", Json<table.Options>, Json<table.FieldConfig>>
  | PanelOf<"timeseries", Json<timeseries.Options>, Json<timeseries.FieldConfig>>;

export type Row = With<
  Json<Omit<raw.RowPanel, "datasource" | "repeat">>,
  { title: string; collapsed: false; panels: [] }
>;

export type Variable = With<
  Json<grafana.VariableModel>,
  { type: "query"; datasource: DataSource; query: string; label: string; description: string }
>;

/** File provisioning resolves neither numeric ids nor inputs: the uid is pinned and the id is null. */
export type Dashboard = With<
  Json<Omit<raw.Dashboard, "snapshot" | "gnetId" | "revision">>,
  {
    id: null;
    uid: `edtech-${string}`;
    title: string;
    description: string;
    editable: false;
    schemaVersion: 42;
    annotations: { list: [] };
    links: Json<grafana.DashboardLink>[];
    tags: ["edtech", ...string[]];
    templating: { list: Variable[] };
    panels: (Panel | Row)[];
  }
>;
