-- Neovim 0.11 and newer: into init.lua
vim.lsp.config("mcp-sidecar", {
  cmd = { "mcp-sidecar" },
  filetypes = { "json", "jsonc" },
  root_markers = { { ".vscode", ".mcp.json", ".cursor" }, ".git" },
  init_options = { mcp = { showResults = true } },
  handlers = {
    ["mcp/didChangeStatus"] = function(_, status)
      local lost = status.state == "failed" or status.state == "reconnecting" -- else `error` is an old one
      vim.g.mcp = "MCP " .. status.state .. (lost and ": " .. status.error.message or "")
      vim.cmd.redrawstatus()
    end,
  },
})
vim.lsp.enable("mcp-sidecar")
vim.o.statusline = "%f %m%=%{get(g:, 'mcp', '')}"

-- :Mcp connect server.py    :Mcp tools.call {"name": "echo", "arguments": {"text": "hi"}}    also with no file open
vim.api.nvim_create_user_command("Mcp", function(args)
  local method, rest = args.args:match("^(%S+)%s*(.-)%s*$")
  local is_json, params = pcall(vim.json.decode, rest)
  local id = vim.lsp.start(vim.lsp.config["mcp-sidecar"], {
    attach = false,
    reuse_client = function(client) return client.name == "mcp-sidecar" end,
  })
  local client = assert(vim.lsp.get_client_by_id(id))
  vim.wait(10000, function() return client.initialized end)
  local arguments = rest ~= "" and { is_json and params or rest } or nil
  client:exec_cmd({ title = method, command = "mcpSidecar." .. method, arguments = arguments })
end, { nargs = "+" })

-- What stands above each server in a configuration file; vim.lsp.codelens.run() does it
vim.api.nvim_create_autocmd({ "LspAttach", "BufEnter", "CursorHold" }, {
  pattern = { "*mcp.json", "fastmcp.json" },
  callback = function(event)
    if vim.lsp.codelens.enable then -- since 0.12
      vim.lsp.codelens.enable(true, { bufnr = event.buf })
    else
      vim.lsp.codelens.refresh({ bufnr = event.buf })
    end
  end,
})
