// What an author sees who has nothing but the JSON schema: completion lists, hover texts and messages of the language server
// that VS Code, Neovim, Helix and others use for YAML.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apply } from './client.mjs';
import { YAML, head, kinds } from './yaml.mjs';

const examples = kinds.map((kind) => `${kind} (example)`);
const common = ['id', 'name', 'needs', 'if', 'timeout', 'retry', 'continueOnError', 'background', 'always', 'cluster', 'namespace'];
const without = (...names) => common.filter((name) => !names.includes(name));
const top = ['apiVersion', 'kind', 'metadata', 'matrix', 'vars', 'secrets', 'clusters', 'safety', 'locks', 'steps', 'finally'];
const oneOf = 'a step needs a kind, such as deploy, waitFor or assert; scenario-runner steps lists them';

const yaml = new YAML();
before(() => yaml.start());
after(() => yaml.stop());

// Completion: [what, text with the cursor, labels offered].
const completions = [
  ['empty file', '‸', ['apiVersion', 'scenario', ...top.slice(1)]],
  ['a word at the top', 'api‸', ['apiVersion', 'scenario', ...top.slice(1)]],
  ['top, some given', 'apiVersion: scenario-runner/v1\nkind: Scenario\n‸', ['metadata', 'scenario', ...top.slice(3)]],
  ['apiVersion', 'apiVersion: ‸', ['scenario-runner/v1']],
  ['kind', 'apiVersion: scenario-runner/v1\nkind: ‸', ['Scenario']],
  ['metadata', head.replace('  name: a\n', '  name: a\n  ‸\n'), ['description', 'namespace', 'labels']],
  ['new step', head + '  - ‸', [...examples, ...kinds, ...common]],
  ['step with an id', head + '  - id: x\n    ‸', [...examples, ...kinds, ...without('id')]],
  ['second step', head + '  - sleep: 1s\n  - ‸', [...examples, ...kinds, ...common]],
  ['step in finally', head + '  - sleep: 1s\nfinally:\n  - ‸', [...examples, ...kinds, ...common]],
  ['nested step', head + '  - parallel:\n      - ‸', [...examples, ...kinds, ...common]],
  ['enum', head + '  - patch:\n      object: a/b\n      patch: {}\n      type: ‸', ['merge', 'strategic', 'json', 'apply']],
  ['enum, typed', head + '  - patch: {object: a/b, patch: {}, type: mr‸}', ['merge', 'strategic', 'json', 'apply']],
  ['true or false', head + '  - deploy:\n      waitReady: ‸', ['true', 'false']],
  ['common true or false', head + '  - sleep: 1s\n    always: ‸', ['true', 'false']],
  ['example of a value', head + '  - waitFor:\n      holdsFor: ‸', ['10s']],
  ['retry', head + '  - sleep: 1s\n    retry:\n      ‸', ['attempts', 'delay', 'factor', 'maxDelay', 'on']],
];

for (const [what, text, want] of completions) {
  test(`completion: ${what}`, async () => {
    assert.deepEqual(await yaml.labels(text), want);
  });
}

test('completion: only the fields of the kind', async () => {
  const { items } = await yaml.complete(head + '  - deploy:\n      ‸');
  const fields = items.map((item) => item.label);
  assert.deepEqual(fields.slice(0, 3), ['manifests', 'inline', 'kustomize']);
  for (const name of ['until', 'experiment', 'id']) assert.ok(!fields.includes(name), name);
});

test('completion: a client sorts the story first', async () => {
  const { items } = await yaml.complete(head + '  - ‸');
  const sorted = items.toSorted((a, b) => ((a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1)).map((item) => item.label);
  assert.deepEqual(sorted.slice(0, 5), ['deploy', 'injectChaos', 'fireAlert', 'waitFor', 'assert'].map((kind) => `${kind} (example)`));
});

for (const kind of kinds) {
  for (const [where, text] of [['first', '  - ‸'], ['after an id', '  - id: x\n    ‸'], ['nested', '  - parallel:\n      - ‸']]) {
    test(`snippet: ${kind}, ${where}, gives a valid file`, async () => {
      const { text: before, items } = await yaml.complete(head + text);
      const item = items.find((candidate) => candidate.label === `${kind} (example)`);
      const result = apply(before, item.textEdit);
      const { diagnostics } = await yaml.open(result);
      assert.deepEqual(diagnostics.map((d) => d.message), [], result);
    });
  }
}

// Hover: [what, text with the cursor, what the text holds].
const hovers = [
  ['file', 'ap‸iVersion: scenario-runner/v1\n', ['Version of the language.']],
  ['step kind in its short form', head + '  - wai‸tFor: a/b', ['Waits until something is true']],
  ['step kind in block form', head + '  - dep‸loy:\n      manifests: a.yaml', ['- deploy:\n    manifests: manifests/web.yaml']],
  ['field with an example', head + '  - waitFor:\n      object: a/b\n      unt‸il: "true"', ['The wait is over when this condition is true.', 'object.status.availableReplicas == 3']],
  ['field with a default', head + '  - deploy:\n      manifests: a.yaml\n      wait‸Ready: false', ['Wait until every object is ready', 'Default: `true`']],
  ['enum', head + '  - patch: {object: a/b, patch: {}, ty‸pe: json}', ['How the patch is read', '* `strategic`']],
  ['common field', head + '  - sleep: 1s\n    needs‸: []', ['Ids of steps that must have passed first.']],
  ['nested field', head + '  - sleep: 1s\n    retry: {attempts: 3, de‸lay: 1s}', ['Time before the second attempt.']],
];

for (const [what, text, want] of hovers) {
  test(`hover: ${what}`, async () => {
    const shown = await yaml.hover(text);
    for (const part of want) assert.ok(shown.includes(part), `${shown}\nlacks ${part}`);
    assert.equal(shown.split('```yaml').length <= 2, true, 'more than one example');
  });
}

// Diagnostics: [what, text, 'line:column message' …].
const diagnostics = [
  ['nothing wrong', head + '  - assert: "true"\n', []],
  ['misspelt kind', head + '  - depoy: {}\n', ['5:4 Property depoy is not allowed.']],
  ['misspelt field', head + '  - deploy: {manifest: a}\n', ['5:13 Property manifest is not allowed.']],
  ['misspelt field in a form with a shorthand', head + '  - assert: {tat: a, that: b}\n', ['5:13 Property tat is not allowed.']],
  ['misspelt common field', head + '  - sleep: 1s\n    tmeout: 1s\n', ['6:4 Property tmeout is not allowed.']],
  ['two kinds', head + '  - sleep: 1s\n    fail: x\n', ['5:4 a step holds one action, and this one has "fail" already; begin another step with "- "']],
  ['no kind', head + '  - name: x\n', [`5:4 ${oneOf}`]],
  ['missing field', head + '  - scale: {object: a/b}\n', ['5:4 Missing property "replicas".']],
  ['not a value of an enum', head + '  - patch: {object: a/b, patch: {}, type: mrge}\n', ['5:42 type: not one of its values; choose one of merge, strategic, json, apply']],
  ['expression in place of an enum', head + '  - patch: {object: a/b, patch: {}, type: "${{ vars.x }}"}\n', []],
  ['expression in place of a number', head + '  - scale: {object: a/b, replicas: "${{ vars.x }}"}\n', []],
  ['expression in place of a list', head + '  - deploy: {manifests: "${{ vars.x }}"}\n', []],
  ['text in place of a number', head + '  - scale: {object: a/b, replicas: many}\n', ['5:35 replicas: expected a whole number']],
  ['list in place of a number', head + '  - scale: {object: a/b, replicas: [1]}\n', ['5:35 replicas: expected a whole number']],
  ['number in place of a duration', head + '  - waitFor: {object: a/b, timeout: 30}\n', ['5:36 timeout: expected a duration such as 30s']],
  ['no duration', head + '  - waitFor: {object: a/b, timeout: 30 sec}\n', ['5:36 timeout: expected a duration such as 30s']],
  ['no id', head + '  - id: my-step\n    sleep: 1s\n', ['5:8 id: it must start with a lower-case letter and have only lower-case letters, digits and underscores']],
  ['text in place of true or false', head + '  - sleep: 1s\n    always: perhaps\n', ['6:12 always: expected true or false']],
  ['other version', head.replace('v1', 'v2') + '  - sleep: 1s\n', ['0:12 apiVersion: not one of its values; choose one of scenario-runner/v1']],
  ['keys of the author', 'x-shared: {a: 1}\n' + head + '  - sleep: 1s\n', []],
  ['unknown key at the top', head + '  - sleep: 1s\nextra: 1\n', ['6:0 Property extra is not allowed.']],
];

for (const [what, text, want] of diagnostics) {
  test(`diagnostics: ${what}`, async () => {
    assert.deepEqual(await yaml.mistakes(text), want);
  });
}

test('quick fix: a misspelt kind can become any kind', async () => {
  const { about, diagnostics } = await yaml.open(head + '  - depoy: {}\n');
  const actions = await yaml.server.request('textDocument/codeAction', {
    textDocument: about.textDocument, range: diagnostics[0].range, context: { diagnostics },
  });
  const titles = actions.map((action) => action.title);
  for (const kind of kinds) assert.ok(titles.some((title) => title.includes(kind)), `${kind} in ${titles}`);
});
