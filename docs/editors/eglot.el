;;; Emacs 29 and newer, or 28 with eglot from ELPA: into init.el  -*- lexical-binding: t -*-
(require 'eglot)
(require 'js)

(define-derived-mode mcp-json-mode js-mode "MCP" "Configuration files of MCP servers.")
(add-to-list 'auto-mode-alist '("mcp\\.json\\'" . mcp-json-mode))
(add-hook 'mcp-json-mode-hook #'eglot-ensure)

(defvar mcp-program '("mcp-sidecar" :initializationOptions (:mcp (:showResults t))))
(add-to-list 'eglot-server-programs (cons 'mcp-json-mode mcp-program))

(defvar mcp-status "MCP" "The state of the connection, in the mode line.")
(put 'mcp-status 'risky-local-variable t)
(add-to-list 'global-mode-string '("" mcp-status " "))

(cl-defmethod eglot-handle-notification
  (_server (_method (eql mcp/didChangeStatus)) &key state error &allow-other-keys)
  (setq mcp-status
        (if (member state '("failed" "reconnecting")) ; else `error' is an old one
            (format "MCP %s: %s" state (plist-get error :message))
          (concat "MCP " state)))
  (force-mode-line-update t))

(defun mcp-server ()
  "The sidecar of this project, started where there is none; no file needs to be open."
  (with-temp-buffer
    (delay-mode-hooks (mcp-json-mode))
    (or (eglot-current-server)
        (let ((eglot-sync-connect t) (eglot-connect-timeout 60))
          (eglot '(mcp-json-mode) (or (project-current) (cons 'transient default-directory))
                 'eglot-lsp-server mcp-program (if (version< emacs-version "29") "json" '("json")))))))

(defun mcp (method params)
  "Run METHOD, such as connect or tools.call, with PARAMS: nothing, JSON, or plain text where that has a meaning."
  (interactive "sMCP method: \nsParams: ")
  (let ((read (condition-case nil
                  (json-parse-string params :object-type 'plist :null-object nil :false-object :json-false)
                (error params))))
    (jsonrpc-async-request
     (mcp-server) :workspace/executeCommand
     (list :command (concat "mcpSidecar." method) :arguments (if (equal params "") [] (vector read)))
     :error-fn (lambda (error) (message "MCP: %s" (plist-get error :message)))
     :success-fn #'ignore :timeout 60)))
