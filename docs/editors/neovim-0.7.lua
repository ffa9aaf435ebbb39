-- Neovim 0.7 to 0.10: into init.lua
vim.lsp.handlers["mcp/didChangeStatus"] = function(_, status)
  local lost = status.state == "failed" or status.state == "reconnecting" -- else `error` is an old one
  vim.g.mcp = "MCP " .. status.state .. (lost and ": " .. status.error.message or "")
  vim.cmd("redrawstatus")
end
vim.o.statusline = "%f %m%=%{get(g:, 'mcp', '')}"

local id
local function sidecar()
  local client = id and vim.lsp.get_client_by_id(id)
  if not client then
    id = vim.lsp.start_client({
      name = "mcp-sidecar",
      cmd = { "mcp-sidecar" },
      root_dir = vim.fn.getcwd(),
      init_options = { mcp = { showResults = true } },
    })
    client = vim.lsp.get_client_by_id(id)
    vim.wait(10000, function() return client.initialized end)
  end
  return client
end

-- :Mcp connect server.py    :Mcp tools.call {"name": "echo", "arguments": {"text": "hi"}}    also with no file open
vim.api.nvim_create_user_command("Mcp", function(args)
  local method, rest = args.args:match("^(%S+)%s*(.-)%s*$")
  local is_json, params = pcall(vim.json.decode, rest)
  local arguments = rest ~= "" and { is_json and params or rest } or nil
  sidecar().request("workspace/executeCommand", { command = "mcpSidecar." .. method, arguments = arguments })
end, { nargs = "+" })

-- Configuration files: diagnostics, code actions, and what stands above each server; vim.lsp.codelens.run() does it
vim.api.nvim_create_autocmd("FileType", {
  pattern = { "json", "jsonc" },
  callback = function(event) vim.lsp.buf_attach_client(event.buf, sidecar().id) end,
})
vim.api.nvim_create_autocmd({ "BufEnter", "CursorHold" }, {
  pattern = { "*mcp.json", "fastmcp.json" },
  callback = function() vim.lsp.codelens.refresh() end,
})
