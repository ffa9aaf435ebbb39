" Vim with vim-lsp: into vimrc
let g:lsp_show_message_log_level = 'info'
let g:mcp = 'MCP'
set statusline=%f\ %m%=%{g:mcp}

function! s:setup() abort
  call lsp#register_server({
        \ 'name': 'mcp-sidecar',
        \ 'cmd': {info -> ['mcp-sidecar']},
        \ 'allowlist': ['json', 'jsonc'],
        \ 'initialization_options': {'mcp': {'showResults': v:true}},
        \ })
  call lsp#register_notifications('mcp', function('s:notified'))
endfunction
autocmd User lsp_setup call s:setup()

function! s:notified(server, data) abort
  if get(a:data.response, 'method', '') !=# 'mcp/didChangeStatus' | return | endif
  let l:status = a:data.response.params
  let g:mcp = 'MCP ' . l:status.state
  if index(['failed', 'reconnecting'], l:status.state) >= 0 " else `error` is an old one
    let g:mcp .= ': ' . l:status.error.message
  endif
  redrawstatus!
endfunction

" :Mcp connect server.py    :Mcp tools.call {"name": "echo", "arguments": {"text": "hi"}}    in a JSON file
function! s:mcp(line) abort
  let [l:method, l:rest] = matchlist(a:line, '^\(\S\+\)\s*\(.*\)$')[1:2]
  try
    let l:arguments = empty(l:rest) ? [] : [json_decode(l:rest)]
  catch
    let l:arguments = [l:rest]
  endtry
  call lsp#send_request('mcp-sidecar', {'method': 'workspace/executeCommand',
        \ 'params': {'command': 'mcpSidecar.' . l:method, 'arguments': l:arguments}})
endfunction
command! -nargs=+ Mcp call s:mcp(<q-args>)
