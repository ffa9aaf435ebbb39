" What docs/editors/vim-lsp.vim calls of vim-lsp, written down for the test.
let g:called = {}
function! lsp#register_server(server) abort
  let g:called.server = a:server
endfunction
function! lsp#register_notifications(name, callback) abort
  let g:called.notified = a:callback
endfunction
function! lsp#send_request(server, request) abort
  let g:called.request = [a:server, a:request]
endfunction
