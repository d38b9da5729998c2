// The server in a real editor.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runner } from './client.mjs';

test('neovim shows mistakes, completes, explains and renames', () => {
  const dir = mkdtempSync(join(tmpdir(), 'scenario-neovim-'));
  try {
    const file = join(dir, 'a.scenario.yaml');
    const result = join(dir, 'result.json');
    writeFileSync(file, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a}
steps:
  - id: loss
    injectChaos: {experiment: pod-delete, target: deployment/web}
  - assert: "'🦊' != steps.loss.verdikt"
`);
    const run = spawnSync('nvim', ['--clean', '--headless', '-c', `luafile ${fileURLToPath(new URL('neovim.lua', import.meta.url))}`], {
      env: {
        ...process.env, HOME: dir, XDG_STATE_HOME: dir, XDG_CACHE_HOME: dir, XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir,
        SCENARIO_FILE: file, SCENARIO_RESULT: result, SCENARIO_RUNNER: runner,
      },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.ifError(run.error);
    const seen = JSON.parse(readFileSync(result, 'utf8'));
    assert.equal(seen.problem, undefined);
    assert.equal(seen.diagnostics.length, 1);
    assert.match(seen.diagnostics[0], /^7:35 unknown output "verdikt" of step "loss"; did you mean "verdict"\?/);
    for (const name of ['verdict', 'hit']) assert.ok(seen.completion.includes(name), name);
    assert.match(seen.hover, /^\*\*assert\*\* \(the story\)/);
    assert.equal(seen.renamed[4], '  - id: lost');
    assert.equal(seen.renamed[6], `  - assert: "'🦊' != steps.lost.verdikt"`);
    assert.equal(seen.after, 0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
