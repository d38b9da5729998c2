// The real binary, started as an editor starts it, with the real step kinds.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, runner, split } from './client.mjs';

const root = new URL('../../', import.meta.url);
const head = 'apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nvars: {limit: 256Mi}\nsteps:\n  - id: loss\n    injectChaos: {experiment: pod-delete, target: deployment/web}\n';

let server;
let count = 0;

before(async () => {
  server = new Client(runner, ['lsp', '--stdio']);
  const { capabilities, serverInfo } = await server.initialize(root.href);
  assert.equal(serverInfo.name, 'scenario-runner');
  assert.equal(capabilities.positionEncoding, 'utf-16');
});

after(async () => assert.equal(await server.stop(), 0));

async function open(marked) {
  const { text, position } = split(marked);
  const uri = new URL(`examples/test${++count}.scenario.yaml`, root).href;
  return { diagnostics: await server.open(uri, text), about: { textDocument: { uri }, position } };
}

for (const name of readdirSync(new URL('examples/', root)).filter((n) => n.endsWith('.scenario.yaml'))) {
  test(`examples/${name} has no mistakes`, async () => {
    const uri = new URL(`examples/${name}`, root);
    assert.deepEqual(await server.open(uri.href, readFileSync(uri, 'utf8')), []);
  });
}

test('a mistake in an expression is shown where it is, with its cure', async () => {
  const { diagnostics, about } = await open(head + '  - assert: steps.loss.verdikt == "Pass"\n');
  assert.equal(diagnostics.length, 1);
  assert.match(diagnostics[0].message, /unknown output "verdikt" of step "loss"; did you mean "verdict"\?/);
  assert.deepEqual(diagnostics[0].range, { start: { line: 7, character: 23 }, end: { line: 7, character: 30 } });
  const [action] = await server.request('textDocument/codeAction', { ...about, range: diagnostics[0].range, context: { diagnostics } });
  assert.equal(action.title, 'Write verdict');
});

test('the outputs of a step are offered inside an expression', async () => {
  const { about } = await open(head + '  - assert: steps.loss.‸\n');
  const { items } = await server.request('textDocument/completion', about);
  const labels = items.map((item) => item.label);
  for (const name of ['verdict', 'hit']) assert.ok(labels.includes(name), `${name} in ${labels}`);
});

// The fields of Kubernetes objects: [what, text with the cursor, some of what is offered].
const typed = [
  ['the object that is waited for', '  - waitFor:\n      object: deployment/web\n      until: object.status.‸\n', ['availableReplicas', 'conditions']],
  ['a name under given', '  - assert:\n      given: {web: statefulset/web}\n      that: web.spec.‸\n', ['replicas', 'serviceName']],
  ['the output of a step', '  - id: w\n    waitFor: deployment/web\n  - assert: steps.w.object.metadata.‸\n', ['uid', 'labels']],
  ['an item', '  - waitFor:\n      objects: {kind: pods}\n      where: item.status.‸\n', ['phase', 'podIP']],
  ['an item in a predicate', '  - waitFor:\n      objects: {kind: pods}\n      until: any(objects, any(.status.containerStatuses, .‸\n', ['restartCount', 'ready']],
];

for (const [what, text, want] of typed) {
  test(`fields of ${what} are offered`, async () => {
    const { about } = await open(head + text);
    const { items } = await server.request('textDocument/completion', about);
    const labels = items.map((item) => item.label);
    for (const name of want) assert.ok(labels.includes(name), `${name} in ${labels}`);
  });
}

test('the names that a step adds are offered first', async () => {
  const { about } = await open(head + '  - assert:\n      given: {web: deployment/web}\n      that: ‸\n');
  const { items } = await server.request('textDocument/completion', about);
  assert.deepEqual(items.slice(0, 3).map((item) => item.label), ['web', 'steps', 'vars']);
  assert.ok(items.some((item) => item.label === 'quantity'));
});

test('a manifest is opened from where it is named', async () => {
  const { about } = await open(head + '  - deploy: {manifests: manifests/w‸eb.yaml}\n');
  const [found] = await server.request('textDocument/definition', about);
  assert.equal(found.uri, new URL('examples/manifests/web.yaml', root).href);
});
