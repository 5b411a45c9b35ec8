// ReportStyle: how a report's page looks: light and dark, wide, narrow and on paper.
#pragma once

namespace earshot {

inline constexpr const char* kReportStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b2026;--soft:#5c6773;--line:#dde2e8;--grid:#e8ecf0;
--train:#2166ac;--validation:#d9610c;--good:34,113,181;--bad:200,60,50;--share:#7fb0dc;--track:#e8ecf0;--note:#fff6df;
--note-line:#e0b84c}
@media (prefers-color-scheme:dark){:root{--page:#101418;--card:#181d23;--text:#e4e9ee;--soft:#98a4b1;--line:#2c343d;
--grid:#262d35;--train:#6db3f2;--validation:#ff9d57;--good:76,148,216;--bad:224,92,80;--share:#3f6f9c;--track:#262d35;
--note:#2b2614;--note-line:#8f7630}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:1.7rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 10px}
h3{font-size:.95rem;margin:0 0 6px}
p{margin:0 0 10px;max-width:75ch}
.soft,figcaption,.by{color:var(--soft)}
section,.hero{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0 0}
.hero{display:grid;grid-template-columns:minmax(230px,1fr) 2fr;gap:22px;align-items:center}
.big{font-size:3.2rem;line-height:1;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.big small{font-size:1.5rem;font-weight:500}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(118px,1fr));gap:12px 18px;margin:0}
.tiles dt{color:var(--soft);font-size:.82rem}
.tiles dd{margin:0;font-size:1.2rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.note{max-width:none;background:var(--note);border-left:4px solid var(--note-line);padding:10px 14px;margin:16px 0 0;border-radius:4px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:22px}
figure{margin:0;min-width:0}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.85rem}
.key{display:inline-block;width:18px;height:3px;margin:0 5px 3px 10px;vertical-align:middle}
.key.first{margin-left:0}
.key.train{background:var(--train)}.key.validation{background:var(--validation)}
.key.marked{background:none;border-top:2px dashed var(--soft);height:0}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .y{text-anchor:end}svg .x{text-anchor:middle}
svg .grid{stroke:var(--grid)}svg .axis{stroke:var(--soft)}
svg .marked{stroke:var(--soft);stroke-dasharray:4 4}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round}
svg .line.train{stroke:var(--train)}svg .line.validation{stroke:var(--validation)}
svg .many{stroke-width:1.3;opacity:.75}
svg .dot.train{fill:var(--train)}svg .dot.validation{fill:var(--validation)}
svg .touch{fill:transparent}svg .touch:hover{fill:var(--soft);fill-opacity:.12}
svg .accuracy{fill:var(--share)}svg .missing{fill:rgba(var(--bad),.5)}
svg .excess{fill:var(--train)}svg .count{fill:var(--soft);fill-opacity:.55}
svg .diagonal{stroke:var(--text);stroke-dasharray:5 4}
svg.bar{display:block;width:100%;height:10px;border-radius:2px}
svg .track{fill:var(--track)}svg .share{fill:var(--share)}svg .whisker{fill:var(--text)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:4px 10px 4px 0;text-align:left;vertical-align:middle;border-bottom:1px solid var(--grid)}
th{font-weight:600}thead th{color:var(--soft);font-weight:500;vertical-align:bottom}
td.n,th.n{text-align:right}
.wide{width:100%}.wide .bar{min-width:70px}
.range{color:var(--soft);font-size:.82rem;white-space:nowrap}
.confusion th,.confusion td{border:1px solid var(--card);padding:3px 4px}
.confusion td{text-align:center;min-width:34px;height:30px;background:var(--track)}
.confusion td.zero{color:transparent}
.confusion thead th{height:1px;padding:0 2px 6px;text-align:left}
.confusion thead span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11em;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap}
.confusion tbody th{text-align:right;padding-right:8px;max-width:15em;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap;position:sticky;left:0;background:var(--card)}
.side{display:grid;grid-template-columns:minmax(0,3fr) minmax(230px,2fr);gap:26px;align-items:start}
.calibration{display:grid;grid-template-columns:minmax(0,360px) minmax(0,1fr);gap:26px;align-items:start}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(232px,1fr));gap:18px}
.clip{min-width:0;break-inside:avoid}
.clip img{display:block;width:100%;aspect-ratio:16/10;object-fit:fill;border-radius:6px;background:var(--track)}
.clip .file{font-weight:600;overflow-wrap:anywhere;margin:6px 0 2px;line-height:1.3}
.windows{display:flex;gap:2px;height:34px;margin:5px 0 0;align-items:stretch}
.windows span{flex:1 1 0;max-width:22px;display:flex;align-items:flex-end;background:var(--track);border-radius:2px;
overflow:hidden}
.windows i{display:block;width:100%;min-height:2px;background:rgb(var(--good))}
.windows .other i{background:rgb(var(--bad))}
.windows .shown{outline:2px solid var(--soft);outline-offset:-1px}
.scores{display:grid;grid-template-columns:minmax(0,1fr) 70px auto;gap:2px 8px;align-items:center;font-size:.85rem;
margin:4px 0 0}
.scores .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.scores .own{font-weight:650}
.scores .value{text-align:right;font-variant-numeric:tabular-nums}
.facts{columns:2 330px;column-gap:36px;margin:0;font-size:.9rem}
.facts div{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:12px;padding:3px 0;
border-bottom:1px solid var(--grid);break-inside:avoid}
.facts dt{color:var(--soft);overflow-wrap:anywhere}.facts dd{margin:0;overflow-wrap:anywhere}
.by{font-size:.85rem;margin:20px 2px 0}
@media (max-width:760px){main{padding:18px 12px 32px}section,.hero{padding:14px}.hero,.side,.calibration{
grid-template-columns:minmax(0,1fr)}.big{font-size:2.7rem}.clips{grid-template-columns:repeat(auto-fill,minmax(150px,1fr))}
.facts div{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}.spare{display:none}.confusion td{min-width:26px}.confusion{font-size:.8rem}}
@media print{:root{--page:#fff}body{font-size:11px}main{max-width:none;padding:0}section,.hero{border:0;padding:8px 0}
section{break-inside:auto}figure,tr,.hero{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}
.clips{grid-template-columns:repeat(4,1fr)}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace earshot
