// Templates, suites and configurations, with nothing but their schemas.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { YAML, kinds } from './yaml.mjs';

const yaml = new YAML();
before(() => yaml.start());
after(() => yaml.stop());

const template = 'apiVersion: scenario-runner/v1\nkind: Template\nmetadata: {name: a}\n';
const suite = 'apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: a}\n';
const config = 'apiVersion: scenario-runner/v1\nkind: Config\n';

// Completion: [what, file, text with the cursor, labels that are offered].
const completions = [
  ['kind of a template', 'template.yaml', 'apiVersion: scenario-runner/v1\nkind: ‸\n', ['Template']],
  ['top of a template', 'template.yaml', template + '‸', ['parameters', 'steps', 'outputs']],
  ['type of a parameter', 'template.yaml', template + 'parameters:\n  room:\n    type: ‸\n', ['string', 'bool', 'int', 'number', 'duration', 'quantity', 'list', 'map', 'any']],
  ['a parameter', 'template.yaml', template + 'parameters:\n  room:\n    ‸\n', ['type', 'description', 'default', 'enum', 'of']],
  ['a step of a template', 'template.yaml', template + 'steps:\n  - ‸', [...kinds, 'id', 'needs']],
  ['kind of a suite', 'suite.yaml', 'apiVersion: scenario-runner/v1\nkind: ‸\n', ['Suite']],
  ['top of a suite', 'suite.yaml', suite + '‸', ['scenarios', 'order', 'parallel', 'thresholds', 'setup']],
  ['order of a suite', 'suite.yaml', suite + 'order: ‸\n', ['listed', 'name', 'random', 'slowestFirst']],
  ['kind of a configuration', 'scenario-runner.yaml', 'apiVersion: scenario-runner/v1\nkind: ‸\n', ['Config']],
  ['top of a configuration', 'scenario-runner.yaml', config + '‸', ['clusters', 'library', 'connections', 'policy']],
  ['a cluster', 'scenario-runner.yaml', config + 'clusters:\n  default:\n    ‸\n', ['kubeconfig', 'context']],
  ['policy', 'scenario-runner.yaml', config + 'policy:\n  ‸\n', ['contexts', 'forbiddenNamespaces', 'forbiddenSteps']],
];

for (const [what, file, text, want] of completions) {
  test(`completion: ${what}`, async () => {
    const labels = await yaml.labels(text, file);
    for (const label of want) assert.ok(labels.includes(label), `${label} in ${labels}`);
  });
}

// Hover: [what, file, text with the cursor, what the text holds].
const hovers = [
  ['parameters', 'template.yaml', template + 'para‸meters: {}\n', 'Values that a use gives.'],
  ['outputs', 'template.yaml', template + 'out‸puts: {}\n', 'steps.<id>.<name>'],
  ['policy', 'scenario-runner.yaml', config + 'pol‸icy: {}\n', 'What no scenario and no flag can override.'],
  ['library', 'scenario-runner.yaml', config + 'lib‸rary: x\n', 'Folders with templates'],
];

for (const [what, file, text, want] of hovers) {
  test(`hover: ${what}`, async () => {
    const shown = await yaml.hover(text, file);
    assert.ok(shown.includes(want), shown);
  });
}

// Diagnostics: [what, file, text, 'line:column message' …].
const diagnostics = [
  ['a parameter in short', 'template.yaml', template + 'parameters: {room: string}\nsteps:\n  - sleep: 1s\n', []],
  ['no type', 'template.yaml', template + 'parameters: {room: text}\nsteps:\n  - sleep: 1s\n', [/^3:19 /]],
  ['vars in a template', 'template.yaml', template + 'vars: {}\nsteps:\n  - sleep: 1s\n', ['3:0 Property vars is not allowed.']],
  ['a scenario as a template', 'template.yaml', template.replace('Template', 'Scenario') + 'steps:\n  - sleep: 1s\n', [/^1:6 /]],
  ['a configuration', 'scenario-runner.yaml', config + 'library: [a, b]\n', []],
  ['a misspelt key', 'scenario-runner.yaml', config + 'libary: a\n', ['2:0 Property libary is not allowed.']],
  ['a misspelt key inside', 'scenario-runner.yaml', config + 'clusters: {default: {contxt: a}}\n', ['2:21 Property contxt is not allowed.']],
];

for (const [what, file, text, want] of diagnostics) {
  test(`diagnostics: ${what}`, async () => {
    const found = await yaml.mistakes(text, file);
    assert.equal(found.length, want.length, `${found}`);
    want.forEach((message, i) => (typeof message === 'string' ? assert.equal(found[i], message) : assert.match(found[i], message)));
  });
}
