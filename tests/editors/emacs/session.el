;;; A session of a person in Emacs with eglot, with the configuration of docs/editors/ in force  -*- lexical-binding: t -*-
;;;   emacs --batch -l docs/editors/eglot.el -l tests/editors/emacs/session.el
;;; SERVER is the command line of the server under test. Each step that works is a line on stderr; any error ends Emacs.
(require 'cl-lib)

(defvar limit 60 "Seconds; the machine may be busy.")
(setq jrpc-default-request-timeout limit)
(defvar told nil "The messages of the sidecar, the last one first.")
(defvar asked nil "What the user was asked, the last question first.")
(defvar answer "Allow" "What the user answers.")

(cl-defmethod eglot-handle-notification :before
  (_server (_method (eql window/showMessage)) &key message &allow-other-keys)
  (push message told))

(advice-add 'completing-read :override
            (lambda (prompt choices &rest _)
              (push prompt asked)
              (car (member answer choices))))

(defun check (step holds)
  (unless holds (error "FAILED %s; status: %s; messages: %S" step mcp-status told))
  (message "ok %s" step)
  holds)

(defun wait (step holds)
  (let ((end (+ limit (float-time))))
    (while (and (not (funcall holds)) (< (float-time) end)) (accept-process-output nil 0.05))
    (check step (funcall holds))))

(defun status-p (text) (string-match-p (regexp-quote text) mcp-status))
(defun told-p (text) (cl-find-if (lambda (each) (string-match-p (regexp-quote text) each)) told))

(mcp "status" "")
(wait "the status is pushed with no file open" (lambda () (status-p "MCP disconnected")))

(mcp "connect" (getenv "SERVER"))
(wait "a command connects" (lambda () (status-p "MCP connected")))
(wait "a message says so" (lambda () (told-p "MCP: connected to raw")))

(mcp "tools.call" "{\"name\": \"echo\", \"arguments\": {\"text\": \"hello there\"}}")
(defun result ()
  "The buffer of the result, if it is open."
  (cl-find-if (lambda (buffer) (string-suffix-p "-echo.md" (or (buffer-file-name buffer) ""))) (buffer-list)))
(if (version<= "30" emacs-version)
    (wait "the result is opened" #'result)
  (wait "the path of the result is told" (lambda () (told-p "MCP: echo: ~/.cache/")))
  (find-file-noselect (substring (told-p "MCP: echo: ") (length "MCP: echo: "))))
(with-current-buffer (result)
  (goto-char (point-min))
  (check "the result can be read" (re-search-forward "^hello there$" nil t))
  (kill-buffer))

(mcp "disconnect" "")
(wait "a command disconnects" (lambda () (status-p "MCP disconnected")))

(find-file ".vscode/mcp.json")
(check "the file has its mode" (eq major-mode 'mcp-json-mode))
(eglot--maybe-activate-editing-mode)
(check "the file has the same sidecar" (eq (eglot-current-server) (mcp-server)))
(wait "a diagnostic tells of a variable that is not set"
      (lambda ()
        (flymake-start)
        (cl-find-if (lambda (each) (string-match-p "MCP_SIDECAR_UNSET" (flymake-diagnostic-text each)))
                    (flymake-diagnostics))))

(search-forward "\"it\"")
(defvar connect-action
  (cl-find "MCP Sidecar: Connect it" (eglot-code-actions (point) (point))
           :key (lambda (action) (plist-get action :title)) :test #'equal))
(check "a code action offers to connect" connect-action)

(defun run-action (action)
  "Run it as eglot does."
  (let ((command (plist-get action :command)))
    (eglot-execute-command (eglot-current-server) (intern (plist-get command :command)) (plist-get command :arguments))))

(setq answer "Deny")
(run-action connect-action)
(wait "the user is asked" (lambda () (and asked (string-match-p "Run the MCP server \"it\"" (car asked)))))
(wait "who does not agree is told how to" (lambda () (told-p "mcpSidecar.consent")))
(check "nothing runs" (not (status-p "MCP connected")))
(let ((refusal (told-p "mcpSidecar.consent")))
  (string-match "\"id\": \"\\([0-9a-f]+\\)\"" refusal)
  (mcp "consent" (format "{\"id\": \"%s\", \"allow\": true}" (match-string 1 refusal))))
(wait "a command agrees" (lambda () (told-p "MCP: allowed")))
(run-action connect-action)
(wait "what was agreed to runs, unasked" (lambda () (status-p "MCP connected")))
(check "nobody was asked again" (= 1 (length asked)))

(let* ((result (jsonrpc-request (eglot-current-server) :mcp/tools/call '(:name "pid") :timeout limit))
       (pid (string-to-number (plist-get (aref (plist-get result :content) 0) :text))))
  (check "a request of our own is answered" (> pid 0))
  (signal-process pid 'SIGKILL))
(wait "the death of the server is told" (lambda () (status-p "MCP failed: ")))

(eglot-shutdown (eglot-current-server) nil 10)
(message "PASSED")
