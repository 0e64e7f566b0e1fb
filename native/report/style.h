// The one style sheet of all reports: quiet, for light and dark, for wide and narrow.
#pragma once

#include <string_view>

namespace dermdistill::html {

inline constexpr std::string_view kStyle = R"css(:root {
  --paper: #fbfaf8; --card: #ffffff; --ink: #22262b; --soft: #646b74; --line: #e4e1dc; --grid: #eceae6;
  --accent: #1f6f8b; --accent-soft: #d4e6ec; --warn: #b3472f; --warn-rgb: 179, 71, 47; --right-rgb: 31, 111, 139;
  --c0: #1f6f8b; --c1: #c2692a; --c2: #6a7f2c; --c3: #8a4f9e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --card: #1c2024; --ink: #e6e4df; --soft: #9aa2ab; --line: #2e3339; --grid: #292e33;
    --accent: #6bb8d0; --accent-soft: #23414c; --warn: #e5876f; --warn-rgb: 214, 106, 80; --right-rgb: 74, 155, 184;
    --c0: #6bb8d0; --c1: #e09a5f; --c2: #a9c067; --c3: #c397d6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  -webkit-text-size-adjust: 100%; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 24px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 4px; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; line-height: 1.3; margin: 0 0 4px; font-weight: 620; }
h3, h4 { font-size: 15px; margin: 20px 0 8px; font-weight: 600; }
p { margin: 0 0 12px; }
.lead, .note { color: var(--soft); }
.lead { margin-bottom: 20px; overflow-wrap: anywhere; }
.note { font-size: 14px; max-width: 75ch; }
.kicker { color: var(--soft); font-size: 13px; letter-spacing: 0.06em; text-transform: uppercase; margin: 0 0 6px; }
.device, .warning { border-left: 3px solid var(--accent); background: var(--card); padding: 10px 14px; margin: 0 0 12px;
  font-size: 14px; border-radius: 0 6px 6px 0; }
.warning { border-color: var(--warn); }
section { margin: 44px 0 0; }
section section { margin-top: 32px; } section section > h3 { font-size: 17px; margin: 0 0 4px; }
.tiles { display: grid; gap: 14px; margin-top: 24px; grid-template-columns: repeat(auto-fill, minmax(215px, 1fr)); }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 14px 16px 12px; display: flex; flex-direction: column; }
.tile .name { font-size: 14px; color: var(--soft); margin: 0; }
.tile .value { font-size: 27px; font-weight: 620; margin: 2px 0 0; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tile .range { font-size: 13px; color: var(--soft); margin: 2px 0 0; font-variant-numeric: tabular-nums; }
.tile.first { border-color: var(--accent); }
.tile.first .value { color: var(--accent); }
.bar { display: block; width: 100%; height: 18px; margin-top: auto; padding-top: 8px; }
.bar .track { fill: var(--grid); } .bar .span { fill: var(--accent); opacity: 0.45; } .bar .dot { fill: var(--accent); }
.charts { display: grid; gap: 14px; margin-top: 14px; grid-template-columns: repeat(auto-fill, minmax(min(310px, 100%), 1fr)); }
.charts.small { grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); }
.card { padding: 12px 12px 8px; min-width: 0; }
.card h3 { margin: 0; padding: 0 4px; }
.card .sub { margin: 0 0 4px; padding: 0 4px; color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
svg.chart { display: block; width: 100%; height: auto; max-width: 460px; margin: 0 auto; }
.card.single { max-width: 600px; margin-top: 14px; } .card.single svg.chart { max-width: none; }
svg text { fill: var(--soft); font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
svg .grid { stroke: var(--grid); stroke-width: 1; } svg .axis { stroke: var(--soft); stroke-width: 1; opacity: 0.6; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .reference { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; fill: none; opacity: 0.8; }
svg .mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 3; opacity: 0.55; }
svg .label { fill: var(--ink); }
svg .s0 { stroke: var(--c0); } svg .s1 { stroke: var(--c1); } svg .s2 { stroke: var(--c2); } svg .s3 { stroke: var(--c3); }
svg .f0 { fill: var(--c0); } svg .f1 { fill: var(--c1); } svg .f2 { fill: var(--c2); } svg .f3 { fill: var(--c3); }
svg .dashed { stroke-dasharray: 5 4; } svg .hit { fill: transparent; stroke: none; } svg .column { fill: var(--accent-soft); }
.scroll { overflow-x: auto; margin-top: 14px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; white-space: normal; } th[scope="row"] { text-align: left; font-weight: 600; }
thead th:first-child { text-align: left; }
td small { display: block; color: var(--soft); font-size: 12px; }
th small { color: var(--soft); font-weight: 400; font-size: 12px; display: block; }
.facts td, .facts th { text-align: left; white-space: normal; overflow-wrap: anywhere; padding: 6px 12px; }
.facts th[scope="row"] { color: var(--soft); font-weight: 500; width: 38%; }
.heat td { text-align: center; padding: 6px 4px; min-width: 54px; border: 2px solid var(--card); border-radius: 6px;
  background: rgba(var(--warn-rgb), var(--share)); }
.heat td.right { background: rgba(var(--right-rgb), var(--share)); }
.heat td small { color: inherit; opacity: 0.8; } .heat td.none { color: var(--soft); }
.heat thead th { text-align: center; padding: 8px 4px; } .heat thead th:first-child { text-align: left; padding-left: 12px; }
.heat th, .heat thead th { border-bottom: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 6px 4px 2px; font-size: 13px; color: var(--soft); }
.legend span { display: inline-flex; align-items: center; gap: 6px; } .legend svg { width: 22px; height: 8px; }
.mistakes { display: grid; gap: 12px; margin-top: 12px; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
.mistakes figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.mistakes img, .mistakes .absent { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; background: var(--grid); }
.mistakes .absent { display: grid; place-items: center; color: var(--soft); font-size: 13px; }
.mistakes figcaption { padding: 8px 10px 10px; font-size: 13px; line-height: 1.4; overflow-wrap: anywhere; }
.mistakes b { font-weight: 620; } .mistakes .id { color: var(--soft); font-size: 12px; display: block; }
.missed figure { border-color: var(--warn); }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--accent); font-size: 14px; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
@media (max-width: 560px) {
  main { padding: 24px 14px 16px; } h1 { font-size: 23px; } section { margin-top: 34px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px; } .tile { padding: 11px 12px 10px; } .tile .value { font-size: 22px; }
  .charts.small { grid-template-columns: 1fr 1fr; gap: 10px; } .charts.small svg text { font-size: 17px; }
  .charts.small .sub { font-size: 11px; min-height: 3em; } table { font-size: 13px; } td small, th small { font-size: 11px; } th[scope="row"] { white-space: normal; } .mistakes { grid-template-columns: 1fr 1fr; }
  .card { padding: 10px 6px 6px; } th, td { padding: 6px 6px; }
  .heat td { padding: 4px 0; min-width: 30px; border-width: 1px; } .heat thead th { font-size: 11px; padding: 6px 0; }
  .heat thead th:first-child { padding-left: 6px; }
}
@media print { body { background: #ffffff; } .tile, .card, figure { break-inside: avoid; } }
)css";

}  // namespace dermdistill::html
