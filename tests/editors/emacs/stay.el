;;; Connects, says CONNECTED, and stays until it is killed; see session.el  -*- lexical-binding: t -*-
(mcp "connect" (getenv "SERVER"))
(let ((end (+ 60 (float-time))))
  (while (and (not (equal mcp-status "MCP connected")) (< (float-time) end)) (accept-process-output nil 0.05)))
(message "%s" (if (equal mcp-status "MCP connected") "CONNECTED" "FAILED"))
(let ((end (+ 60 (float-time)))) (while (< (float-time) end) (accept-process-output nil 1)))
(kill-emacs 2)
