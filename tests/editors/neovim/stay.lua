-- Connects, says CONNECTED, and stays until it is killed; see session.lua.
vim.cmd("Mcp connect " .. os.getenv("SERVER"))
local connected = vim.wait(60000, function() return (vim.g.mcp or ""):find("MCP connected", 1, true) end, 20)
io.stderr:write((connected and "CONNECTED" or "FAILED") .. "\n")
if not connected then vim.cmd("cquit 1") end
vim.wait(60000, function() return false end, 1000)
vim.cmd("cquit 2")
