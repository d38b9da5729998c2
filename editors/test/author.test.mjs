// A scenario of five steps from what the schema alone proposes: a step is begun with "- ", and its example taken.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apply, runner } from './client.mjs';
import { YAML } from './yaml.mjs';

const yaml = new YAML();
before(() => yaml.start());
after(() => yaml.stop());

// choose writes what a proposal writes, behind a text.
async function choose(text, label) {
  const { items } = await yaml.complete(`${text}‸`);
  const item = items.find((candidate) => candidate.label === label);
  assert.ok(item, `${label} in ${items.map((candidate) => candidate.label)}`);
  return apply(text, item.textEdit);
}

test('five steps without a word typed make a valid scenario', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'scenario-author-'));
  try {
    let text = await choose('', 'scenario');
    text = await choose(text.slice(0, text.indexOf('\nsteps:')), 'web-survives-pod-loss') + '\nsteps:';
    for (const kind of ['deploy', 'injectChaos', 'waitFor', 'rollout', 'scale']) text = await choose(`${text}\n  - `, `${kind} (example)`);
    assert.deepEqual(await yaml.mistakes(`${text}\n`), [], text);
    cpSync(fileURLToPath(new URL('../../examples/manifests', import.meta.url)), join(dir, 'manifests'), { recursive: true });
    writeFileSync(join(dir, 'mine.scenario.yaml'), `${text}\n`);
    const validated = spawnSync(runner, ['validate', join(dir, 'mine.scenario.yaml')], { encoding: 'utf8' });
    assert.equal(validated.status, 0, `${text}\n${validated.stdout}${validated.stderr}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
