"""How the page of a history looks: light or dark, as the reader's system is."""

STYLE = """
:root{--paper:#f7f7f9;--card:#fff;--ink:#1c2230;--soft:#677084;--rule:#e4e7ee;--blue:#dbe7fd;--blue-line:#7ea2ea;--blue-ink:#1f3f86;
--grey:#e6e8ee;--grey-line:#a9b0c0;--red:#fde0e0;--red-line:#d93a3a;--red-ink:#a31616;--accent:#2456d6;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#12141b;--card:#1a1e28;--ink:#e6e9f1;--soft:#97a0b5;--rule:#2b3140;--blue:#22345c;
--blue-line:#5c82d4;--blue-ink:#c9dafc;--grey:#2c313e;--grey-line:#6c758a;--red:#501d23;--red-line:#f0575c;--red-ink:#ffb9b9;
--accent:#86a9ff;--on-accent:#12141b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:44px 28px 60px}
code,svg text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{font-size:.92em}
.verdict{margin:0;color:var(--red-line);font-weight:650;letter-spacing:.06em;text-transform:uppercase;font-size:12px}
h1{margin:4px 0 8px;font-size:27px;line-height:1.25;font-weight:650;overflow-wrap:anywhere}
h1 code{font-size:.88em;color:var(--red-ink)}
h2{margin:36px 0 10px;font-size:17px;font-weight:650}
.lead{margin:0;max-width:110ch;color:var(--soft)}.lead code{color:var(--ink)}
dl{display:flex;flex-wrap:wrap;gap:8px 30px;margin:20px 0}dl div{display:flex;gap:8px}dt{color:var(--soft)}dd{margin:0;font-weight:550}
figure,table{background:var(--card);border:1px solid var(--rule);border-radius:12px}
figure{margin:22px 0 0;padding:18px 18px 14px}
.scroll{overflow-x:auto}svg{display:block}
figcaption{display:flex;flex-wrap:wrap;gap:6px 24px;margin-top:12px;padding-top:12px;border-top:1px solid var(--rule);
color:var(--soft);font-size:13px}
figcaption span{display:inline-flex;align-items:center;gap:8px}
figcaption i{width:26px;height:13px;border-radius:4px;border:1.5px solid}
i.done{background:var(--blue);border-color:var(--blue-line)}i.culprit{background:var(--red);border-color:var(--red-line)}
i.unknown{background:linear-gradient(90deg,var(--grey),transparent);border-color:var(--grey-line);border-style:dashed;border-right:0}
.badge{display:inline-grid;place-items:center;min-width:20px;height:20px;padding:0 5px;border-radius:10px;background:var(--accent);
color:var(--on-accent);font:650 11px/1 system-ui,sans-serif}
.culprit .badge{background:var(--red-line)}
table{width:100%;border-collapse:separate;border-spacing:0;overflow:hidden}
th{font-weight:550;font-size:13px;color:var(--soft);text-align:left}
td,th{padding:8px 16px;border-top:1px solid var(--rule);vertical-align:top}thead th{border-top:0}
td:first-child,th:first-child{width:52px}
.first td{color:var(--soft)}tr.culprit td{background:var(--red);color:var(--red-ink)}
footer{margin-top:26px;max-width:110ch;color:var(--soft);font-size:13px}
.client{fill:var(--ink);font-size:13px;font-weight:600}.rule{stroke:var(--rule);fill:none}
.bar{fill:var(--blue);stroke:var(--blue-line);stroke-width:1.5}.label{pointer-events:none;font-size:12.3px;fill:var(--blue-ink)}
.bar.unknown{fill:url(#fade);stroke:var(--grey-line);stroke-dasharray:5 4}.label.unknown{fill:var(--ink)}
.near{stop-color:var(--grey)}.far{stop-color:var(--grey);stop-opacity:0}
.bar.culprit{fill:var(--red);stroke:var(--red-line);stroke-width:2.2}.label.culprit{fill:var(--red-ink);font-weight:650}
.cross{stroke:var(--red-line);stroke-width:3;stroke-linecap:round}
.order{fill:none;stroke:var(--accent);stroke-width:1.6;stroke-dasharray:2 4;stroke-linecap:round;opacity:.75}
.dot circle{fill:var(--accent);stroke:var(--card);stroke-width:2}
.dot text{fill:var(--on-accent);font:650 10.5px system-ui,sans-serif;text-anchor:middle}
"""
