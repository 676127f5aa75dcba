// What `orch export` writes for. Apart from the formats: completion and help need the names alone.
export const EXPORT_TOOLS = ['compose', 'systemd', 'supervisord', 'procfile'] as const;
export type ExportTool = (typeof EXPORT_TOOLS)[number];
