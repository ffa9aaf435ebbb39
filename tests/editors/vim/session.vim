" Holds docs/editors/vim-lsp.vim against the functions of vim-lsp that it calls; the exit code is 0 or 1.
function! s:check(is, wanted) abort
  if a:is !=# a:wanted
    call writefile(['FAILED ' . string(a:is) . ' is not ' . string(a:wanted)], '/dev/stderr')
    cquit 1
  endif
endfunction

doautocmd User lsp_setup
call s:check(g:called.server.cmd({}), ['mcp-sidecar'])
call s:check(g:called.server.initialization_options, {'mcp': {'showResults': v:true}})

call g:called.notified('mcp-sidecar', {'response': {'method': 'mcp/didLog', 'params': {}}})
call s:check(g:mcp, 'MCP')
let s:status = {'state': 'failed', 'error': {'message': 'it died'}}
call g:called.notified('mcp-sidecar', {'response': {'method': 'mcp/didChangeStatus', 'params': s:status}})
call s:check(g:mcp, 'MCP failed: it died')

Mcp connect uv run server.py
call s:check(g:called.request, ['mcp-sidecar', {'method': 'workspace/executeCommand',
      \ 'params': {'command': 'mcpSidecar.connect', 'arguments': ['uv run server.py']}}])
Mcp tools.call {"name": "echo", "arguments": {"text": "hi there"}}
call s:check(g:called.request[1].params.arguments, [{'name': 'echo', 'arguments': {'text': 'hi there'}}])
Mcp status
call s:check(g:called.request[1].params, {'command': 'mcpSidecar.status', 'arguments': []})
call writefile(['PASSED'], '/dev/stderr')
qall!
