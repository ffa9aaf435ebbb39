;;; A short session in Emacs with lsp-mode, with the configuration of docs/editors/ in force  -*- lexical-binding: t -*-
(setq lsp-auto-guess-root t)
(defvar limit 60 "Seconds; the machine may be busy.")
(defvar told nil "The messages of the sidecar, the last one first.")
(advice-add 'lsp--window-show-message :before (lambda (_workspace params) (push (gethash "message" params) told)))

(defun wait (step holds)
  (let ((end (+ limit (float-time))))
    (while (and (not (funcall holds)) (< (float-time) end)) (accept-process-output nil 0.05))
    (unless (funcall holds) (error "FAILED %s; status: %s; messages: %S" step mcp-status told))
    (message "ok %s" step)))

(find-file ".vscode/mcp.json")
(wait "the status is pushed" (lambda () (equal mcp-status "MCP disconnected")))
(mcp "connect" (getenv "SERVER"))
(wait "a command connects" (lambda () (equal mcp-status "MCP connected")))
(mcp "tools.call" "{\"name\": \"echo\", \"arguments\": {\"text\": \"hello there\"}}")
(if (version<= "30" emacs-version) ; with lsp-mode 9
    (wait "the result is opened"
          (lambda () (seq-find (lambda (each) (string-suffix-p "-echo.md" (or (buffer-file-name each) ""))) (buffer-list))))
  (wait "the result is told" (lambda () (and told (string-match-p "MCP: echo: " (car told))))))
(message "PASSED")
