-- A session of a person in Neovim, with the configuration of docs/editors/ in force:
--   nvim --headless --clean -c "luafile docs/editors/neovim.lua" -c "luafile tests/editors/neovim/session.lua"
-- SERVER is the command line of the server under test. Each step that works is a line on stderr; the exit code is 0 or 1.
local LIMIT = 60000 -- ms; the machine may be busy

local function say(line) io.stderr:write(line .. "\n") end

local function fail(why)
  say("FAILED " .. why)
  vim.cmd("cquit 1")
end

local function check(step, holds)
  if not holds then
    fail(step .. "; status: " .. tostring(vim.g.mcp) .. "; messages: " .. vim.api.nvim_exec("messages", true))
  end
  say("ok " .. step)
  return holds
end

local function wait(step, holds) return check(step, vim.wait(LIMIT, holds, 20)) end

-- What the user is asked: inputlist() until 0.10, vim.ui.select() since.
local asked, answer = {}, "Allow"
vim.fn.inputlist = function(lines)
  table.insert(asked, lines[1])
  for index = 3, #lines do
    if lines[index]:find(answer, 1, true) then return index - 2 end
  end
  return 0
end
vim.ui.select = function(items, options, choose)
  table.insert(asked, options.prompt)
  for index, item in ipairs(items) do
    if item.title == answer then return choose(item, index) end
  end
  choose(nil, nil)
end

local function status(text) return function() return (vim.g.mcp or ""):find(text, 1, true) end end

local function messages() return vim.api.nvim_exec("messages", true) end

local function client()
  local all = vim.lsp.get_clients and vim.lsp.get_clients() or vim.lsp.get_active_clients()
  return all[1]
end

local function request(method, params)
  local result = vim.lsp.buf_request_sync(0, method, params, LIMIT)
  local _, answered = next(result or {})
  check(method .. " is answered", answered and not answered.err)
  return answered.result or {}
end

-- Clients' functions became methods in 0.11.
local function send(method, params, callback)
  local one = client()
  if vim.fn.has("nvim-0.11") == 1 then return one:request(method, params, callback, 0) end
  return one.request(method, params, callback, 0)
end

-- An action or a lens, as the editor runs it.
local function run(command)
  if client().exec_cmd then return client():exec_cmd(command) end
  send("workspace/executeCommand", command)
end

local function main()
  vim.cmd("Mcp status")
  wait("the status is pushed with no file open", status("MCP disconnected"))

  vim.cmd("Mcp connect " .. os.getenv("SERVER"))
  wait("a command connects", status("MCP connected"))
  wait("a message says so", function() return messages():find("MCP: connected to raw", 1, true) end)

  vim.cmd([[Mcp tools.call {"name": "echo", "arguments": {"text": "hello there"}}]])
  if vim.fn.has("nvim-0.10") == 1 then
    wait("the result is opened", function() return vim.api.nvim_buf_get_name(0):find("echo.md", 1, true) end)
  else
    wait("the path of the result is told", function() return messages():find("MCP: echo: ~/.cache/", 1, true) end)
    vim.cmd("edit " .. messages():match("echo: (~%S+)"))
  end
  check("the result can be read", vim.fn.search("^hello there$") > 0)
  vim.cmd("bwipeout")

  vim.cmd("Mcp disconnect")
  wait("a command disconnects", status("MCP disconnected"))

  vim.cmd("edit .vscode/mcp.json")
  wait("a diagnostic tells of a variable that is not set", function()
    for _, each in ipairs(vim.diagnostic.get(0)) do
      if each.message:find("MCP_SIDECAR_UNSET", 1, true) then return true end
    end
  end)
  local document = { uri = vim.uri_from_bufnr(0) }
  local lenses = request("textDocument/codeLens", { textDocument = document })
  check("a lens offers to connect", lenses[1] and lenses[1].command.title == "MCP Sidecar: Connect")

  vim.fn.search('"it"')
  local place = { line = vim.fn.line(".") - 1, character = 5 }
  local actions = request("textDocument/codeAction", {
    textDocument = document,
    range = { start = place, ["end"] = place },
    context = { diagnostics = {} },
  })
  local connect
  for _, each in ipairs(actions) do
    if each.title == "MCP Sidecar: Connect it" then connect = each.command end
  end
  check("a code action offers to connect", connect)

  answer = "nothing of this"
  run(connect)
  wait("the user is asked", function() return #asked > 0 and asked[1]:find('Run the MCP server "it"', 1, true) end)
  wait("who does not agree is told how to", function() return messages():find("mcpSidecar.consent", 1, true) end)
  local question = messages():match('"id": "(%x+)"')
  check("nothing runs", status("disconnected")() or status("failed")())
  vim.cmd(([[Mcp consent {"id": "%s", "allow": true}]]):format(question))
  wait("a command agrees", function() return messages():find("MCP: allowed", 1, true) end)
  run(connect)
  wait("what was agreed to runs, unasked", status("MCP connected"))
  check("nobody was asked again", #asked == 1)

  local pid
  send("mcp/tools/call", { name = "pid" }, function(_, result) pid = tonumber(result.content[1].text) end)
  wait("a request of our own is answered", function() return pid end)
  vim.loop.kill(pid, "sigkill")
  wait("the death of the server is told", status("MCP failed: "))
  say("PASSED")
end

local ok, why = xpcall(main, debug.traceback)
if not ok then fail(why) end
vim.cmd("qall!")
