import { leaveModuleOut, shownBuild } from "../builds";
import { shape, short } from "../kinds";
import { counted } from "../numbers";
import { compresses } from "../recipe";
import { go, model, node, op, tree } from "../state";
import type { OpInfo, Value } from "../wire";
import { worst } from "../verdicts";
import { Comparison } from "./Comparison";
import { NodeText } from "./Navigator";
import { Section } from "./Section";
import { showFrame } from "./Source";
import { Tensor } from "./Tensor";
import { TextTools } from "./TextTools";

export function Inspector() {
  const o = op.value;
  return (
    <section class="pane inspector" aria-label="Inspector">
      {node.value === undefined ? <Welcome /> : o ? <Details o={o} key={o.node} /> : <p class="empty">…</p>}
    </section>
  );
}

function Welcome() {
  const m = model.value.data;
  if (!m) return <p class="empty">…</p>;
  return (
    <div class="scroll">
      <header class="head">
        <h2>{m.file.slice(m.file.lastIndexOf("/") + 1)}</h2>
        <p class="soft">{m.passes || "as it stands"}</p>
      </header>
      {m.funcs.map((f) => (
        <Section key={f.name} title={"@" + f.name} count={f.ops}>
          <dl class="facts">
            {(f.inputs ?? []).map((p) => (
              <><dt>{p.name}</dt><dd class="mono">{shape(p.type)}</dd></>
            ))}
            {(f.outputs ?? []).map((p) => (
              <><dt>→ {p.name}</dt><dd class="mono">{shape(p.type)}</dd></>
            ))}
          </dl>
        </Section>
      ))}
      {m.config && (
        <Section title="Configuration of compression">
          <pre class="mono">{m.config}</pre>
          <TextTools text={m.config} name="recipe.yaml" />
          <p class="soft">For the command line: <code>aiopt --config=recipe.yaml{m.passes && ` -passes=${m.passes}`} {m.file.slice(m.file.lastIndexOf("/") + 1)} -o small.airpkg</code></p>
        </Section>
      )}
      {m.log && (
        <Section title="What passes said">
          {m.log.map((line, i) => <p key={i} class="said">{line}</p>)}
        </Section>
      )}
    </div>
  );
}

function Details({ o }: { o: OpInfo }) {
  return (
    <div class="scroll">
      <header class="head">
        <h2>
          {tree.value && !tree.value.isModule(o.node) && <span class={"mark mark-" + tree.value.family(o.node)} aria-hidden="true" />}
          {tree.value?.label(o.node) || o.label || short(o.kind)}
        </h2>
        <p class="soft">
          <span class="mono">{o.kind}</span>
          {o.ops > 0 && <span> · {counted(o.ops, "operation")}</span>}
          {o.results?.[0] && <span class="mono"> · {shape(o.results[0].type)}</span>}
        </p>
        <ModulePath path={o.module.path} class={o.module.class} />
        {o.module.path !== "" && compresses(shownBuild.value) && (
          <button class="head-action" onClick={() => void leaveModuleOut()} title={`Open the model once more, with ${o.module.path} left as it is`}>
            Leave this module out of compression <kbd>x</kbd>
          </button>
        )}
      </header>
      <Comparison at={o.node} />
      {o.results?.map((v) => <Tensor key={v.value} value={v} many={o.results!.length > 1} constant={o.kind === "core.constant"} compared={worst.value.get(o.node)?.node === o.node} />)}
      <Links title="Inputs" list={(o.operands ?? []).map((p) => ({ name: p.name, doc: p.doc, value: p.value }))} />
      <Users results={o.results ?? []} />
      <Inside at={o.node} />
      <Attributes o={o} />
      <Origin o={o} />
      {o.op !== "" && <Description o={o} />}
    </div>
  );
}

function Description({ o }: { o: OpInfo }) {
  return (
    <Section title="Description" closed>
      {o.doc.split("\n\n").map((text, i) => <p key={i}>{text}</p>)}
      <pre class="mono">{o.text}</pre>
    </Section>
  );
}

function ModulePath(props: { path: string; class: string }) {
  return (
    <p class="crumbs" aria-label="Module">
      {props.path === "" ? "the model" : props.path.split(".").map((part, i) => <span key={i}>{part}</span>)}
      {props.class && <em>{props.class}</em>}
    </p>
  );
}

/** NodeLink leads to a node. */
export function NodeLink({ at }: { at: number }) {
  const t = tree.value;
  if (!t || at < 0) return <span class="soft">a constant of the call</span>;
  return (
    <button class="link" onClick={() => go({ v: at })}>
      <NodeText at={at} />
    </button>
  );
}

function Links({ title, list }: { title: string; list: { name: string; doc: string; value: Value | null }[] }) {
  if (list.length === 0) return null;
  return (
    <Section title={title} count={list.length}>
      <ul class="links">
        {list.map((p, i) => (
          <li key={i}>
            <span class="role" title={p.doc}>{p.name}</span>
            {p.value ? <><NodeLink at={p.value.node} /><span class="type">{shape(p.value.type)}</span></> : <span class="soft">absent</span>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Users({ results }: { results: Value[] }) {
  const users = [...new Set(results.flatMap((v) => v.users ?? []))];
  if (users.length === 0) return null;
  const most = 40;
  return (
    <Section title="Used by" count={users.length}>
      <ul class="links">
        {users.slice(0, most).map((at) => <li key={at}><NodeLink at={at} /></li>)}
        {users.length > most && <li class="soft">and {users.length - most} more</li>}
      </ul>
    </Section>
  );
}

function Inside({ at }: { at: number }) {
  const t = tree.value;
  const most = 60;
  const list = t ? [...t.children(at)].filter((n) => t.kind(n) !== "constant") : [];
  if (list.length === 0) return null;
  return (
    <Section title="Inside" count={list.length}>
      <ul class="links">
        {list.slice(0, most).map((n) => <li key={n}><NodeLink at={n} /></li>)}
        {list.length > most && <li class="soft">and {list.length - most} more</li>}
      </ul>
    </Section>
  );
}

function Attributes({ o }: { o: OpInfo }) {
  if (!o.attrs || o.attrs.length === 0) return null;
  return (
    <Section title="Attributes" count={o.attrs.length}>
      <dl class="facts">
        {o.attrs.map((a) => (
          <>
            <dt title={a.doc}>{a.name}</dt>
            <dd class={"mono" + (a.default ? " soft" : "")} title={a.default ? "the default" : a.kind}>{a.value}</dd>
          </>
        ))}
      </dl>
    </Section>
  );
}

function Origin({ o }: { o: OpInfo }) {
  const stages = model.value.data?.stages ?? [];
  const claims = (o.results ?? []).flatMap((v) => v.claims ?? []);
  if (o.op === "") return null;
  return (
    <Section title="Where it comes from">
      {claims.map((c, i) => (
        <p key={i} class="said">
          {c.approx ? "≈" : "="} <span class="mono">{c.tensor}</span> of PyTorch{c.how && <span class="mono"> {c.how}</span>}
        </p>
      ))}
      {(o.lost ?? []).map((l, i) => (
        <p key={i} class="said soft">took in <span class="mono">{l.tensor}</span>, lost by {l.pass}</p>
      ))}
      {o.via && o.via.length > 0 && <p class="said">made by {o.via.map((p) => <span key={p} class="tag">{p}</span>)}</p>}
      {(o.places ?? []).map((p, i) => (
        <div key={i} class="place">
          <ModulePath path={p.module.path} class={p.module.class} />
          <ol class="frames">
            {(p.frames ?? []).map((f, k) => (
              <li key={k}>
                <button class="link mono" onClick={() => showFrame(f)} title={f.name}>
                  {f.name.slice(f.name.lastIndexOf("/") + 1)}:{f.line}
                </button>
              </li>
            ))}
          </ol>
        </div>
      ))}
      {o.history && o.history.length > 0 && (
        <ol class="history">
          {o.history.filter((h, i, all) => h.text !== all[i - 1]?.text).map((h) => (
            <li key={h.stage}>
              <span class="role">{stages[h.stage]?.pass}</span>
              <code title={h.text}>{h.text}</code>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
