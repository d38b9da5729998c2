-- Neovim itself, without a screen: it starts the server, and this script asks what the author sees.
local file, program, result = vim.env.SCENARIO_FILE, vim.env.SCENARIO_RUNNER, vim.env.SCENARIO_RESULT
local out = {}

local function finish(problem)
  if problem then out.problem = problem end
  vim.fn.writefile({ vim.fn.json_encode(out) }, result)
  vim.cmd(problem and 'cquit' or 'qall!')
end

local function ask(method, line, column)
  local params = { textDocument = vim.lsp.util.make_text_document_params(0), position = { line = line, character = column } }
  if method == 'textDocument/rename' then params.newName = 'lost' end
  local answers = vim.lsp.buf_request_sync(0, method, params, 10000)
  for _, answer in pairs(answers or {}) do
    if answer.result then return answer.result end
  end
end

local ok, problem = pcall(function()
  vim.cmd('edit ' .. vim.fn.fnameescape(file))
  vim.lsp.start_client({
    name = 'scenario-runner',
    cmd = { program, 'lsp' },
    on_attach = function() out.attached = true end,
  })
  local id
  vim.wait(10000, function()
    for _, client in ipairs(vim.lsp.get_active_clients()) do
      if client.initialized then id = client.id end
    end
    return id ~= nil
  end)
  vim.lsp.buf_attach_client(0, id)
  vim.wait(10000, function() return #vim.diagnostic.get(0) > 0 end)
  out.diagnostics = vim.tbl_map(function(d) return (d.lnum + 1) .. ':' .. (d.col + 1) .. ' ' .. d.message end, vim.diagnostic.get(0))

  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local last = #lines - 1
  local column = lines[#lines]:find('steps.loss.', 1, true) + #'steps.loss.' - 1
  local completion = ask('textDocument/completion', last, column)
  out.completion = vim.tbl_map(function(item) return item.label end, completion.items)
  out.hover = ask('textDocument/hover', last, lines[#lines]:find('assert', 1, true)).contents.value

  local edit = ask('textDocument/rename', last, lines[#lines]:find('loss', 1, true))
  vim.lsp.util.apply_workspace_edit(edit, 'utf-16')
  out.renamed = vim.api.nvim_buf_get_lines(0, 0, -1, false)

  vim.api.nvim_buf_set_lines(0, -2, -1, false, { '  - assert: steps.lost.verdict == "Pass"' })
  vim.wait(10000, function() return #vim.diagnostic.get(0) == 0 end)
  out.after = #vim.diagnostic.get(0)
end)
finish(not ok and tostring(problem) or nil)
