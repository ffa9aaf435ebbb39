;;; Emacs with lsp-mode 8 or newer: into init.el  -*- lexical-binding: t -*-
(require 'lsp-mode)
(require 'js)

(define-derived-mode mcp-json-mode js-mode "MCP" "Configuration files of MCP servers.")
(add-to-list 'auto-mode-alist '("mcp\\.json\\'" . mcp-json-mode))
(add-hook 'mcp-json-mode-hook #'lsp)

(defvar mcp-status "MCP" "The state of the connection, in the mode line.")
(put 'mcp-status 'risky-local-variable t)
(add-to-list 'global-mode-string '("" mcp-status " "))

(defun mcp-status-changed (_workspace status)
  (let ((state (gethash "state" status)))
    (setq mcp-status
          (if (member state '("failed" "reconnecting")) ; else `error' is an old one
              (format "MCP %s: %s" state (gethash "message" (gethash "error" status)))
            (concat "MCP " state))))
  (force-mode-line-update t))

(add-to-list 'lsp-language-id-configuration '(mcp-json-mode . "json"))
(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection '("mcp-sidecar"))
                  :major-modes '(mcp-json-mode)
                  :server-id 'mcp-sidecar
                  :initialization-options '(:mcp (:showResults t))
                  :notification-handlers
                  (let ((handlers (make-hash-table :test 'equal)))
                    (puthash "mcp/didChangeStatus" #'mcp-status-changed handlers)
                    (dolist (name '("didLog" "notifications/message" "notifications/progress"
                                    "notifications/tools/list_changed" "notifications/resources/list_changed"
                                    "notifications/prompts/list_changed" "notifications/resources/updated"))
                      (puthash (concat "mcp/" name) #'ignore handlers))
                    handlers)))

(defun mcp (method params)
  "Run METHOD, such as connect or tools.call, with PARAMS: nothing, JSON, or plain text where that has a meaning.
A configuration file of MCP servers has to be the current buffer."
  (interactive "sMCP method: \nsParams: ")
  (let ((read (condition-case nil (json-parse-string params :null-object nil :false-object :json-false)
                (error params))))
    (lsp-request-async "workspace/executeCommand"
                       (list :command (concat "mcpSidecar." method)
                             :arguments (if (equal params "") [] (vector read)))
                       #'ignore
                       :error-handler (lambda (error) (message "MCP: %s" (gethash "message" error)))
                       :mode 'detached)))
