// The types against which dashboards are checked: enums as their plain values, each panel with its own options.
import type { AnnotationTarget, Dashboard, Panel } from '@grafana/schema';
import type * as geomap from './node_modules/@grafana/schema/dist/types/raw/composable/geomap/panelcfg/x/types.gen';
import type * as stat from './node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as timeline from './node_modules/@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as table from './node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen';
import type * as timeseries from './node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';

type Plain<T> = T extends string ? `${T}`
  : T extends number ? T | (`${T}` extends `${infer N extends number}` ? N : never)
  : T extends boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> }
  : T;

type Common = Omit<Plain<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'>;
interface Field<Custom> { defaults: Record<string, unknown> & { custom: Custom }; overrides: unknown[] }
interface Of<Type extends string, Options, Custom> extends Common {
  type: Type;
  options: Plain<Options>;
  fieldConfig: Plain<Panel['fieldConfig']> & Field<Partial<Plain<Custom>>>;
  targets: { refId: string; expr: string; [key: string]: unknown }[];
}
type Empty = Record<string, never>;
type Shown =
  | Of<'stat', stat.Options, Empty>
  | Of<'table', table.Options, table.FieldConfig>
  | Of<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Of<'state-timeline', timeline.Options, timeline.FieldConfig>
  | Of<'geomap', geomap.Options, Empty>;

// Grafana's own annotations are asked by tags, which the general query type does not have.
interface Switches { name: string; enable: boolean; hide: boolean; iconColor: string; target: AnnotationTarget;
  datasource: { type: string; uid: string } }

export type Board = Omit<Plain<Dashboard>, 'panels' | 'id' | 'annotations'>
  & { id: null; panels: Shown[]; annotations: { list: Switches[] } };
