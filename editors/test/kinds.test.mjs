// What the schema offers for each step kind: its fields and no others, its documentation, and one message for a mistake.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { YAML, head, kinds, scenario } from './yaml.mjs';

const yaml = new YAML();
before(() => yaml.start());
after(() => yaml.stop());

// form is the mapping form of a kind, when it has one.
function form(kind) {
  const definition = scenario.definitions[kind];
  return [definition, ...(definition.anyOf ?? [])].find((shape) => shape.properties);
}

for (const kind of kinds) {
  const fields = Object.keys(form(kind)?.properties ?? {});

  test(`${kind}: its fields are offered, and no others`, async () => {
    const labels = await yaml.labels(`${head}  - ${kind}:\n      ‸\n`);
    for (const field of fields) assert.ok(labels.includes(field), `${field} in ${labels}`);
    const known = [...fields, kind];
    for (const label of labels) assert.ok(known.includes(label) || label.startsWith('- ('), `${label} is no field of ${kind}`);
  });

  test(`${kind}: hovering says what it does`, async () => {
    const shown = await yaml.hover(`${head}  - ${kind[0]}‸${kind.slice(1)}: {}\n`);
    assert.ok(shown.includes(scenario.definitions[kind].description.replaceAll('`', '').slice(0, 30)) || shown.includes(scenario.definitions[kind].description.slice(0, 30)), shown);
  });

  if (form(kind)?.additionalProperties !== false) continue; // its fields are names of the author's

  test(`${kind}: a field that it does not have is marked once`, async () => {
    const found = await yaml.mistakes(`${head}  - ${kind}:\n      nonsense: 1\n`);
    const about = found.filter((message) => message.includes('nonsense'));
    assert.deepEqual(about, ['6:6 Property nonsense is not allowed.'], `${found}`);
  });

  for (const field of fields.filter((name) => form(kind).properties[name].enum ?? form(kind).properties[name].anyOf?.some((s) => s.enum))) {
    const property = form(kind).properties[field];
    const values = property.enum ?? property.anyOf.find((s) => s.enum).enum;
    test(`${kind}.${field}: its values are offered`, async () => {
      const labels = await yaml.labels(`${head}  - ${kind}:\n      ${field}: ‸\n`);
      for (const value of values) assert.ok(labels.includes(String(value)), `${value} in ${labels}`);
    });
  }
}

test('the values of a field say what they do', async () => {
  const { items } = await yaml.complete(`${head}  - patch: {object: a/b, patch: {}, type: ‸}\n`);
  const said = items.find((item) => item.label === 'strategic').documentation;
  assert.match(JSON.stringify(said), /list/i);
});

test('an experiment says who can do it', async () => {
  const shown = await yaml.hover(`${head}  - injectChaos: {exp‸eriment: pod-delete, target: a/b}\n`);
  assert.ok(shown.includes('`pod-delete`'), shown);
});

test('at least 60 places are looked at', () => assert.ok(yaml.count >= 60, `${yaml.count}`));
